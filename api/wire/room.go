package wire

import (
	"context"
	"net/http"
)

// Room bounds how many bytes of bodies are held at once, by all requests
// together and by those of one address, as net/http gives it.
type Room interface {
	Take(ctx context.Context, remote string, n int64) (leave func(), err error)
}

// freeBody is the largest body that needs no room, in bytes: a badge is smaller
// as a rule, and a connection takes about as much by itself.
const freeBody = 16 << 10

// held is what one request has taken of the room.
type held struct {
	room  Room
	leave []func()
}

// WithRoom lets the body of a request lie in a room until leave is called, which
// is when the request is answered: what was made of a body lives as long.
func WithRoom(ctx context.Context, room Room) (with context.Context, leave func()) {
	h := &held{room: room}
	return context.WithValue(ctx, roomKey, h), func() {
		for _, leave := range h.leave {
			leave()
		}
	}
}

// Hold takes room for the body of a request before it is read: for as many
// bytes as it says to have, or else for the most that it may have. Who finds
// none keeps what they send.
func Hold(w http.ResponseWriter, r *http.Request, most int64) error {
	n := r.ContentLength
	if n < 0 {
		n = most
	}
	h, _ := r.Context().Value(roomKey).(*held)
	if n <= freeBody || h == nil {
		return nil
	}
	leave, err := h.room.Take(r.Context(), r.RemoteAddr, n)
	if err != nil {
		Discard(w, r)
		return err
	}
	h.leave = append(h.leave, leave)
	return nil
}
