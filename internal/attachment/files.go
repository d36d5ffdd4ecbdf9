package attachment

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

var (
	// ErrDamaged: the file does not keep to its own structure.
	ErrDamaged = errors.New("attachment: the PDF is damaged")
	// ErrEncrypted: it can be read with a password or a certificate only, even
	// where the password is empty.
	ErrEncrypted = errors.New("attachment: the PDF is encrypted")
	// ErrTooLarge: one of the bounds is passed.
	ErrTooLarge = errors.New("attachment: the PDF is beyond what is looked at")
	// ErrUnread: an attachment is packed in a way that is not read here.
	ErrUnread = errors.New("attachment: a part of the PDF is packed in a way that is not read")
)

// Bounds of what is looked at in one file.
const (
	maxInflated = 16 << 20 // bytes, of all streams together
	maxParsed   = 24 << 20 // bytes, of all objects together
	maxValues   = 1 << 20  // of all objects together
	maxAtOnce   = 50_000   // values of one object
	maxObjects  = 100_000  // entries of cross-references
	maxSections = 256      // of cross-references: one for each time that the file was changed
	maxNesting  = 64       // of arrays and dictionaries
	maxFiles    = 256      // attached
)

// headLength is how much of an attachment is shown to whoever chooses.
const headLength = 512

// Files returns the attached files whose beginning, of at most 512 bytes, is
// wanted, unpacked and otherwise as they are. Of a file that is attached at
// several places but stands in the PDF once there is one. Where a wanted one has
// more than maxFile bytes the error is ErrTooLarge.
func Files(pdf []byte, maxFile int, wanted func(head []byte) bool) ([][]byte, error) {
	r := &reader{file: pdf, places: map[int]place{}, packs: map[int]*pack{}, seen: map[int]bool{}}
	root, err := r.open()
	if err != nil {
		return nil, err
	}
	if err := r.walk(root); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, number := range r.found {
		content, err := r.content(number, maxFile, wanted)
		if err != nil {
			return nil, err
		}
		if content != nil {
			out = append(out, content)
		}
	}
	return out, nil
}

// reader is one PDF as far as it was looked at.
type reader struct {
	file   []byte
	places map[int]place // by object number
	packs  map[int]*pack // object streams that were unpacked; nil while one is

	ahead []int        // objects to be visited
	seen  map[int]bool // objects that were, or will be
	found []int        // the streams of attached files

	inflated, parsed, values int // what was spent so far
}

// walk visits everything that can be reached from the catalog, for attachments
// may hang at any of it: in the tree of names, as associated files of any part,
// at an annotation of a page.
func (r *reader) walk(root value) error {
	if err := r.visit(root); err != nil {
		return err
	}
	for len(r.ahead) > 0 {
		number := r.ahead[len(r.ahead)-1]
		r.ahead = r.ahead[:len(r.ahead)-1]
		o, err := r.object(number)
		if err != nil {
			return err
		}
		if err := r.visit(o.value); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) visit(v value) error {
	if v.kind == reference && !r.seen[v.number] {
		r.seen[v.number] = true
		r.ahead = append(r.ahead, v.number)
	}
	if files, ok := v.get("EF"); ok {
		if err := r.attached(files); err != nil {
			return err
		}
	}
	for _, item := range v.items {
		if err := r.visit(item); err != nil {
			return err
		}
	}
	return nil
}

// attached notes the streams of a file specification: one for each kind of
// system, most often all the same.
func (r *reader) attached(files value) error {
	files, err := r.resolve(files)
	if err != nil || files.kind != dictionary {
		return err
	}
	for n := 1; n < len(files.items); n += 2 {
		f := files.items[n]
		if f.kind != reference || slices.Contains(r.found, f.number) {
			continue
		}
		if len(r.found) == maxFiles {
			return fmt.Errorf("%w: more than %d files are attached", ErrTooLarge, maxFiles)
		}
		r.found = append(r.found, f.number)
	}
	return nil
}

// content is an attached file; nil where it is not wanted, or not there.
func (r *reader) content(number, limit int, wanted func([]byte) bool) ([]byte, error) {
	o, err := r.object(number)
	if err != nil || o.stream == 0 {
		return nil, err
	}
	if _, elsewhere := o.value.get("F"); elsewhere {
		return nil, fmt.Errorf("%w: an attached file is not in it", ErrUnread)
	}
	source, predictor, err := r.unpacked(o)
	if err != nil {
		return nil, err
	}
	if predictor.kind > 1 {
		return nil, fmt.Errorf("%w: an attached file is predicted", ErrUnread)
	}
	head, err := r.inflate(source, headLength)
	if err != nil || !wanted(head) {
		return nil, err
	}
	rest, err := r.inflate(source, limit+1-len(head))
	if err != nil {
		return nil, err
	}
	if len(head)+len(rest) > limit {
		return nil, fmt.Errorf("%w: an attached file has more than %d bytes", ErrTooLarge, limit)
	}
	return append(head, rest...), nil
}

// inflate reads up to limit bytes, and no more than may be spent on one file.
func (r *reader) inflate(source io.Reader, limit int) ([]byte, error) {
	left := maxInflated - r.inflated
	out, err := io.ReadAll(io.LimitReader(source, int64(min(limit, left+1))))
	r.inflated += len(out)
	switch {
	case len(out) > left:
		return nil, fmt.Errorf("%w: it unpacks to more than %d bytes", ErrTooLarge, maxInflated)
	case err != nil:
		return nil, fmt.Errorf("%w: a stream cannot be unpacked: %w", ErrDamaged, err)
	}
	return out, nil
}
