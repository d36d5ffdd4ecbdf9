// Package bake puts a credential into a picture and gets it out again, as Open
// Badges 3.0 section 5.3 has it: into a PNG as one uncompressed iTXt chunk,
// into an SVG as one element of the Open Badges namespace. All other bytes of
// the picture stay as they are. Out of a PDF it gets the credential that is
// attached to it, whoever made the file.
//
// It looks at the frame of a picture and never at its pixels, so it inflates
// nothing of one; of a PDF, see package attachment. It refuses pictures that are damaged, that hold several credentials,
// or that go beyond the bounds below, and XML that could mean something else to
// another reader: document types, processing instructions, encodings other than
// UTF-8. It says nothing about the credential itself.
//
// Start at Extract and Embed.
package bake

import (
	"bytes"
	"errors"
	"fmt"

	"laurel/badge"
)

// Bounds of what is looked at.
const (
	MaxPicture = 4 << 20 // bytes of a whole picture

	maxChunks     = 4096    // of a PNG
	maxElements   = 100_000 // of an SVG
	maxAttributes = 1000    // of one element
	maxToken      = 2 << 20 // bytes of one tag or text of an SVG
	maxEqual      = 20_000  // signs of equality in one tag or text of an SVG
	maxNesting    = 200     // of elements
)

var (
	// ErrNoPicture: these bytes are neither a PNG nor an SVG nor a PDF.
	ErrNoPicture = errors.New("bake: this is no PNG, no SVG and no PDF")
	// ErrDamaged: the picture cannot be relied on to be what its maker made.
	ErrDamaged = errors.New("bake: the file is damaged")
	// ErrUnsafe: XML with something that readers may take differently.
	ErrUnsafe = errors.New("bake: the picture has XML that is not read")
	// ErrLocked: a PDF that is encrypted.
	ErrLocked = errors.New("bake: the file is encrypted")
	// ErrUnread: a PDF with something packed in a way that is not read.
	ErrUnread = errors.New("bake: a part of the file is packed in a way that is not read")
	// ErrTooLarge: one of the bounds is passed.
	ErrTooLarge = errors.New("bake: the file is too large")
	// ErrNone: there is no credential in the picture.
	ErrNone = errors.New("bake: no credential is in the file")
	// ErrSeveral: there is more than one.
	ErrSeveral = errors.New("bake: more than one credential is in the file")
	// ErrMisbaked: there is one, put in as the standard forbids.
	ErrMisbaked = errors.New("bake: the credential was not put in as Open Badges has it")
	// ErrBaked: there is one already where one was to be put in.
	ErrBaked = errors.New("bake: a credential is in the picture already")
	// ErrUnfit: a picture of this kind cannot hold the credential as it is.
	ErrUnfit = errors.New("bake: the picture cannot hold this credential")
)

// Edition is the standard by which a credential was put in.
type Edition int

// The editions.
const (
	OpenBadges3 Edition = iota + 1 // section 5.3 of Open Badges 3.0
	OpenBadges2                    // the Open Badges baking specification 2.0 and before
	CLR2                           // Comprehensive Learner Record 2.0, a credential with badges in it
)

// Baked is what was found in a picture.
type Baked struct {
	Edition Edition
	// Text is what stands in the picture: a credential in JSON, a compact JWS,
	// or for older editions also an address. It is not looked into.
	Text []byte
}

// Format is a kind of file.
type Format int

// The kinds of files. A PDF is read only.
const (
	PNG Format = iota + 1
	SVG
	PDF
)

// Sniff tells by the first bytes what kind of file something could be. What
// it takes for an SVG may be other XML, which Extract refuses.
func Sniff(raw []byte) (f Format, ok bool) {
	switch {
	case bytes.HasPrefix(raw, pngSignature[:4]):
		return PNG, true
	case bytes.HasPrefix(raw, pdfSignature):
		return PDF, true
	case bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(raw, byteOrderMark), " \t\r\n"), []byte("<")):
		return SVG, true
	}
	return 0, false
}

// Extract returns the one credential of a picture.
func Extract(picture []byte) (Baked, error) {
	f, err := open(picture)
	if err != nil {
		return Baked{}, err
	}
	return f.only()
}

// Embed returns the picture with a credential in it. Where there is one
// already, the error is ErrBaked.
func Embed(picture []byte, credential *badge.Document) ([]byte, error) {
	f, err := open(picture)
	if err != nil {
		return nil, err
	}
	if len(f.finds()) > 0 {
		return nil, ErrBaked
	}
	text := bytes.Trim(credential.Raw(), " \t\r\n")
	out, err := f.with(text, credential.JWS() != nil)
	if err != nil {
		return nil, err
	}
	// What other readers find has to be this credential, byte for byte.
	if back, err := Extract(out); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnfit, err)
	} else if back.Edition != OpenBadges3 || !bytes.Equal(back.Text, text) {
		return nil, fmt.Errorf("%w: it would be read as another", ErrUnfit)
	}
	return out, nil
}

// frame is a picture as far as it was looked at.
type frame interface {
	finds() []find
	only() (Baked, error)
	// with returns the picture, which has none, with this credential in it.
	with(text []byte, jws bool) ([]byte, error)
}

func open(picture []byte) (frame, error) {
	if len(picture) > MaxPicture {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, MaxPicture)
	}
	switch format, _ := Sniff(picture); format {
	case PNG:
		return openPNG(picture)
	case SVG:
		return openSVG(picture)
	case PDF:
		return openPDF(picture)
	}
	return nil, ErrNoPicture
}

// find is one credential in a picture.
type find struct {
	Baked
	wrong string // why it is not as the standard has it; "" when it is
}

// single is the one credential of several finds.
func single(all []find) (Baked, error) {
	switch {
	case len(all) == 0:
		return Baked{}, ErrNone
	case len(all) > 1:
		return Baked{}, fmt.Errorf("%w: %d", ErrSeveral, len(all))
	}
	f := all[0]
	if f.wrong != "" {
		return Baked{}, fmt.Errorf("%w: %s", ErrMisbaked, f.wrong)
	}
	if f.Text = bytes.Trim(f.Text, " \t\r\n"); len(f.Text) > badge.MaxBytes {
		return Baked{}, fmt.Errorf("%w: the credential has more than %d bytes", ErrTooLarge, badge.MaxBytes)
	}
	f.Text = bytes.Clone(f.Text) // not the whole picture for the sake of a part
	return f.Baked, nil
}
