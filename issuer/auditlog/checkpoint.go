package auditlog

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"laurel/keys"
)

// ErrCheckpoint: a checkpoint is malformed, or not signed by the log it should
// be of.
var ErrCheckpoint = errors.New("auditlog: not a checkpoint of this log")

// Checkpoint is a tree that somebody signed.
type Checkpoint struct {
	Origin string
	Tree   tlog.Tree
}

// text is the body of a checkpoint (C2SP tlog-checkpoint, Note text).
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Tree.N, base64.StdEncoding.EncodeToString(c.Tree.Hash[:]))
}

// parseText reads the body back. Lines behind the third are extensions, which
// say nothing here.
func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("%w: it has no origin, size and root", ErrCheckpoint)
	}
	n, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("%w: its size is no number", ErrCheckpoint)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: its root is no hash", ErrCheckpoint)
	}
	return Checkpoint{Origin: lines[0], Tree: tlog.Tree{N: n, Hash: root}}, nil
}

// VerifierKey is the public key of a log in the form of signed notes, which
// OpenCheckpoint and other people's tools take.
func VerifierKey(origin string, public ed25519.PublicKey) (string, error) {
	key, err := note.NewEd25519VerifierKey(origin, public)
	if err != nil {
		return "", fmt.Errorf("naming the key of the audit log: %w", err)
	}
	return key, nil
}

// OpenCheckpoint verifies a signed checkpoint with the keys of its log, as
// VerifierKey writes them; one that signed is enough. The error is
// ErrCheckpoint.
func OpenCheckpoint(signed []byte, verifierKeys ...string) (Checkpoint, error) {
	var known []note.Verifier
	for _, key := range verifierKeys {
		v, err := note.NewVerifier(key)
		if err != nil {
			return Checkpoint{}, fmt.Errorf("%w: its key cannot be read: %w", ErrCheckpoint, err)
		}
		known = append(known, v)
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	c, err := parseText(n.Text)
	if err == nil && c.Origin != n.Sigs[0].Name {
		err = fmt.Errorf("%w: it is of %s", ErrCheckpoint, c.Origin)
	}
	return c, err
}

// noteSigner lets a key that stays where it is sign notes.
type noteSigner struct {
	note.Verifier
	ctx context.Context // of the one signature that it is made for
	key keys.Signer
}

// Sign implements note.Signer.
func (s noteSigner) Sign(message []byte) ([]byte, error) { return s.key.Sign(s.ctx, message) }

// sign signs a checkpoint, and opens it again before anybody sees it.
func (l *Log) sign(ctx context.Context, c Checkpoint) ([]byte, error) {
	key, err := l.cfg.Keys.Active(ctx, keys.EdDSA)
	if err != nil {
		return nil, fmt.Errorf("the key of the audit log: %w", err)
	}
	public, ok := key.Method().Public.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the key of the audit log is no Ed25519 key")
	}
	name, err := VerifierKey(l.cfg.Origin, public)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(name)
	if err != nil {
		return nil, fmt.Errorf("naming the key of the audit log: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: c.text()}, noteSigner{v, ctx, key})
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	if _, err := OpenCheckpoint(signed, name); err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	return signed, nil
}
