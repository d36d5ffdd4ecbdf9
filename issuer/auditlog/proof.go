package auditlog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof: a proof is malformed or does not show what it should.
var ErrProof = errors.New("auditlog: the proof does not hold")

// Proof shows that an entry stands in a log (C2SP tlog-proof).
type Proof struct {
	Index      int64
	Path       tlog.RecordProof
	Checkpoint []byte // signed note
}

const proofHeader = "c2sp.org/tlog-proof@v1"

// maxProof bounds a proof in bytes: 63 hashes, and a checkpoint with room for
// the signatures of witnesses.
const maxProof = 64 << 10

// Text writes the proof as C2SP tlog-proof says.
func (p Proof) Text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nindex %d\n", proofHeader, p.Index)
	for _, hash := range p.Path {
		b.WriteString(base64.StdEncoding.EncodeToString(hash[:]) + "\n")
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a proof; ErrProof. A line of extra data is passed over,
// since nobody vouches for it.
func ParseProof(text []byte) (Proof, error) {
	malformed := func(what string) (Proof, error) { return Proof{}, fmt.Errorf("%w: %s", ErrProof, what) }
	if len(text) > maxProof {
		return malformed("it is too long")
	}
	head, checkpoint, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != proofHeader {
		return malformed("it does not begin as one")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return malformed("it has no index")
	}
	digits, ok := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || index < 0 || strconv.FormatInt(index, 10) != digits {
		return malformed("its index is no number")
	}
	p := Proof{Index: index, Checkpoint: []byte(checkpoint)}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return malformed("a line of its path is no hash")
		}
		p.Path = append(p.Path, hash)
	}
	return p, nil
}

// Verify shows that the log whose keys these are (VerifierKey) held exactly this
// entry when it signed the checkpoint. It returns that checkpoint. The error is
// ErrProof or ErrCheckpoint.
func (p Proof) Verify(entry []byte, verifierKeys ...string) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, verifierKeys...)
	if err != nil {
		return Checkpoint{}, err
	}
	if p.Index >= c.Tree.N {
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint is older than the entry", ErrProof)
	}
	if err := tlog.CheckRecord(p.Path, c.Tree.N, c.Tree.Hash, p.Index, tlog.RecordHash(entry)); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return c, nil
}
