package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"laurel/api/wire"
)

// An operation is something an operator does to a data folder. While the
// service runs it is carried out by the service, over a unix socket in the
// data folder that only its owner can open; otherwise the command opens the
// folder itself. Both ways run the same function.
type operation func(ctx context.Context, svc *service, in json.RawMessage) (any, error)

var operations = map[string]operation{
	"token.create":   typed(createToken),
	"token.list":     typed(listTokens),
	"token.revoke":   typed(revokeToken),
	"keys.list":      typed(listKeys),
	"keys.create":    typed(createKeys),
	"keys.rotate":    typed(rotateKeys),
	"keys.activate":  typed(activateKey),
	"keys.retire":    typed(retireKey),
	"keys.revoke":    typed(revokeKey),
	"keys.badges":    typed(signedByKey),
	"keys.test":      typed(testKeys),
	"keys.export":    typed(exportKeys),
	"keys.reload":    typed(reloadKeys),
	"programme.load": typed(loadProgramme),

	"programme.list":      typed(listProgramme),
	"programme.roster":    typed(uploadRoster),
	"programme.release":   typed(releaseEdition),
	"programme.take-back": typed(takeBack),
	"programme.uploads":   typed(listUploads),

	"base-url":     typed(readBaseURL),
	"issue":        typed(issueOne),
	"revoke":       typed(revokeOne),
	"compact":      typed(compactStore),
	"check":        typed(checkStore),
	"migrate":      typed(moveStore),
	"clock.read":   typed(readClock),
	"clock.accept": typed(acceptClock),
	"audit.list":   typed(listAudit),
	"audit.verify": typed(verifyAudit),
	"audit.keys":   typed(auditKeys),
}

func typed[In, Out any](f func(context.Context, *service, In) (Out, error)) operation {
	return func(ctx context.Context, svc *service, raw json.RawMessage) (any, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
		return f(ctx, svc, in)
	}
}

// actorCommand stands in audit records for whoever holds the data folder.
const actorCommand = "command"

const maxAdminBody = 16 << 20

// listenAdmin takes the socket's place. A socket that nobody answers on was
// left by a crash.
func (svc *service) listenAdmin() (net.Listener, error) {
	path := svc.settings.socket()
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("another service runs on %s", svc.settings.data)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing an old socket: %w", err)
	}
	l, err := listenOwned(path)
	if err != nil {
		return nil, fmt.Errorf("listening for administration: %w", err)
	}
	return l, nil
}

// listenOwned makes a socket that only its owner can open. The mask closes the
// moment between making it and its mode.
func listenOwned(path string) (net.Listener, error) {
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	return net.Listen("unix", path)
}

func (svc *service) adminHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == backupPath && r.Method == http.MethodPost {
			svc.serveBackup(w, r)
			return
		}
		if r.URL.Path == archivePath && r.Method == http.MethodPost {
			svc.serveArchive(w, r)
			return
		}
		op, ok := operations[r.URL.Path[1:]]
		if !ok || r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		in, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAdminBody))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", wire.NDJSON)
		lines := json.NewEncoder(w)
		ctx := telling(r.Context(), func(p progress) {
			_ = errors.Join(lines.Encode(adminLine{Progress: &p}), http.NewResponseController(w).Flush()) // who has gone is not told
		})
		ctx, done := svc.traces.operation(ctx, r.URL.Path[1:])
		out, err := op(ctx, svc, in)
		done(err)
		if err := lines.Encode(adminAnswer(out, err)); err != nil {
			svc.log.WarnContext(r.Context(), "answering the admin socket", "error", err)
		}
	})
}

// adminLine is a line of what the admin socket answers: how far it is, and at
// last what came of it.
type adminLine struct {
	Progress *progress       `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}

func adminAnswer(out any, err error) adminLine {
	var line adminLine
	if err == nil {
		line.Result, err = json.Marshal(out)
	}
	if err != nil {
		line = adminLine{Error: err.Error()}
	}
	return line
}

// progress is how much of an operation is done.
type progress struct {
	Done int    `json:"done"`
	Of   int    `json:"of"`
	What string `json:"what,omitempty"` // is done; "" for what the command counts
}

type progressKey struct{}

// telling lets an operation tell how far it is.
func telling(ctx context.Context, hear func(progress)) context.Context {
	return context.WithValue(ctx, progressKey{}, hear)
}

// tell tells whoever waits for an operation how far it is.
func tell(ctx context.Context, n progress) {
	if hear, ok := ctx.Value(progressKey{}).(func(progress)); ok {
		hear(n)
	}
}

// operate carries out an operation, by the running service where there is one.
func operate[Out any](ctx context.Context, s *settings, name string, in any) (Out, error) {
	var out Out
	raw, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	answer, running, err := ask(ctx, s.socket(), name, raw)
	if err != nil {
		return out, err
	}
	if !running {
		if answer, err = operateHere(ctx, s, name, raw); err != nil {
			return out, err
		}
	}
	return out, json.Unmarshal(answer, &out)
}

// harmless are the operations that a store which went back in time can take
// before that is accepted. A move looks for itself whether it was left half-way.
var harmless = map[string]bool{"check": true, "migrate": true, "clock.read": true, "audit.list": true, "audit.verify": true, "audit.keys": true, "keys.list": true, "keys.badges": true, "token.list": true}

func operateHere(ctx context.Context, s *settings, name string, in json.RawMessage) ([]byte, error) {
	opened := open
	if harmless[name] {
		opened = openAny
	}
	svc, err := opened(ctx, s, discard())
	if err != nil {
		return nil, err
	}
	out, err := operations[name](ctx, svc, in)
	if err = errors.Join(err, svc.store.Close()); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// ask hands an operation to the running service; false means that none runs.
func ask(ctx context.Context, socket, name string, in []byte) (answer []byte, running bool, err error) {
	client := adminClient(socket)
	if client == nil {
		return nil, false, nil
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://laurel/"+name, bytes.NewReader(in))
	if err != nil {
		return nil, true, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, true, fmt.Errorf("asking the running service: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, err := io.ReadAll(resp.Body)
		return nil, true, errors.Join(errors.New(string(bytes.TrimSpace(body))), err)
	}
	answer, err = readAdmin(ctx, resp.Body)
	return answer, true, err
}

// adminClient asks the service that runs on a data folder; nil where nobody is
// there, and the folder itself will tell what is wrong.
func adminClient(socket string) *http.Client {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil
	}
	conn.Close()
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
}

// readAdmin reads what the admin socket answers, to its end.
func readAdmin(ctx context.Context, from io.Reader) ([]byte, error) {
	for lines := json.NewDecoder(from); ; {
		var line adminLine
		if err := lines.Decode(&line); err != nil {
			return nil, fmt.Errorf("asking the running service: %w", err)
		}
		switch {
		case line.Progress != nil:
			tell(ctx, *line.Progress)
		case line.Error != "":
			return nil, errors.New(line.Error)
		default:
			return line.Result, nil
		}
	}
}
