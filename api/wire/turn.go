package wire

import (
	"context"
	"net/http"

	"laurel/api/limit"
)

// AtGate lets a request wait for its turn at a gate where it comes to what takes
// the processor. The turn is over when the answer begins, so that who is slow to
// take it in keeps nobody waiting. The caller calls leave when the request is
// answered.
func AtGate(ctx context.Context, w http.ResponseWriter, gate *limit.Gate) (context.Context, http.ResponseWriter, func()) {
	ctx, turn := gate.With(ctx)
	return ctx, answering{w, turn}, turn.Leave
}

// answering ends the turn with the first byte of the answer.
type answering struct {
	http.ResponseWriter
	turn *limit.Turn
}

func (a answering) WriteHeader(status int) {
	a.turn.Leave()
	a.ResponseWriter.WriteHeader(status)
}

func (a answering) Write(b []byte) (int, error) {
	a.turn.Leave()
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }
