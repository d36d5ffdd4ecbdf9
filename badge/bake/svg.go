package bake

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The names of SVG baking (OB 3.0 section 5.3.2; Open Badges baking 2.0; CLR
// 2.0).
const (
	namespaceSVG = "http://www.w3.org/2000/svg"
	namespace3   = "https://purl.imsglobal.org/ob/v3p0"
	namespace2   = "http://openbadges.org"
	namespaceCLR = "https://purl.imsglobal.org/clr/v2p0"
	prefix       = "openbadges"
)

var byteOrderMark = []byte("\ufeff")

type svgFrame struct {
	picture  []byte
	rootEnd  int    // just behind the start tag of the root
	declared string // what the root declares the prefix to be, or ""
	found    []find
}

// svgReader walks over an SVG once.
type svgReader struct {
	svgFrame
	source   *meter
	xml      *xml.Decoder
	depth    int // of elements that are open
	elements int
	ended    bool // the root is closed
}

// openSVG reads the whole document, so that it is known to be well-formed.
func openSVG(picture []byte) (*svgFrame, error) {
	text := bytes.TrimPrefix(picture, byteOrderMark)
	skipped := len(picture) - len(text)
	r := &svgReader{svgFrame: svgFrame{picture: picture}, source: &meter{rest: text}}
	r.xml = xml.NewDecoder(r.source)
	r.xml.CharsetReader = onlyUTF8
	for {
		start := skipped + int(r.xml.InputOffset())
		token, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.take(token, start, skipped)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.rootEnd == 0 {
		return nil, ErrNoPicture
	}
	return &r.svgFrame, nil
}

func onlyUTF8(encoding string, _ io.Reader) (io.Reader, error) {
	return nil, fmt.Errorf("%w: the encoding %.20q", ErrUnsafe, encoding)
}

// meter hands out bytes one by one and stops a token that takes too many: the
// decoder itself would gather them without end. So it would attributes, each of
// which takes a hundred bytes and more: what has too many signs of equality has
// too many of them, or is no picture of a badge.
type meter struct {
	rest        []byte
	left, equal int
}

var errEqual = fmt.Errorf("%w: a tag or text has more than %d signs of equality", ErrTooLarge, maxEqual)

var errToken = fmt.Errorf("%w: a tag or text has more than %d bytes", ErrTooLarge, maxToken)

// ReadByte implements io.ByteReader.
func (m *meter) ReadByte() (byte, error) {
	switch {
	case len(m.rest) == 0:
		return 0, io.EOF
	case m.left == 0:
		return 0, errToken
	}
	b := m.rest[0]
	if b == '=' {
		if m.equal == 0 {
			return 0, errEqual
		}
		m.equal--
	}
	m.rest, m.left = m.rest[1:], m.left-1
	return b, nil
}

// Read implements io.Reader, for the decoder's signature only: it reads bytes.
func (m *meter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := m.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// next reads one token. Entities other than the five of XML itself are errors
// to the decoder, and so is every encoding but UTF-8.
func (r *svgReader) next() (xml.Token, error) {
	r.source.left, r.source.equal = maxToken, maxEqual
	token, err := r.xml.Token()
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, ErrTooLarge), errors.Is(err, ErrUnsafe):
		return token, err
	}
	return nil, fmt.Errorf("%w: %s", ErrDamaged, err.Error())
}

func (r *svgReader) take(token xml.Token, start, skipped int) error {
	switch t := token.(type) {
	case xml.Directive:
		return fmt.Errorf("%w: a document type", ErrUnsafe)
	case xml.ProcInst:
		if t.Target != "xml" || start != skipped {
			return fmt.Errorf("%w: a processing instruction", ErrUnsafe)
		}
	case xml.CharData:
		if r.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
			return ErrNoPicture
		}
	case xml.StartElement:
		return r.element(t, skipped)
	case xml.EndElement:
		r.depth--
		r.ended = r.depth == 0
	}
	return nil
}

func (r *svgReader) element(t xml.StartElement, skipped int) error {
	if err := r.bounds(t); err != nil {
		return err
	}
	switch {
	case r.ended:
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	case r.depth == 0:
		if t.Name.Local != "svg" || t.Name.Space != namespaceSVG {
			return ErrNoPicture
		}
		r.rootEnd = skipped + int(r.xml.InputOffset())
		r.declared = attribute(t, xml.Name{Space: "xmlns", Local: prefix})
	case t.Name == xml.Name{Space: namespace3, Local: "credential"}:
		return r.credential(t, OpenBadges3)
	case t.Name == xml.Name{Space: namespaceCLR, Local: "credential"}:
		return r.credential(t, CLR2)
	case t.Name == xml.Name{Space: namespace2, Local: "assertion"}:
		return r.credential(t, OpenBadges2)
	}
	r.depth++
	return nil
}

// bounds holds an element to the limits. An attribute that stands twice is no
// XML, but the decoder lets it pass.
func (r *svgReader) bounds(t xml.StartElement) error {
	r.elements++
	switch {
	case r.elements > maxElements:
		return fmt.Errorf("%w: it has more than %d elements", ErrTooLarge, maxElements)
	case r.depth >= maxNesting:
		return fmt.Errorf("%w: its elements are nested deeper than %d", ErrTooLarge, maxNesting)
	case len(t.Attr) > maxAttributes:
		return fmt.Errorf("%w: an element has more than %d attributes", ErrTooLarge, maxAttributes)
	}
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		if seen[a.Name] {
			return fmt.Errorf("%w: the attribute %.40q stands twice", ErrDamaged, a.Name.Local)
		}
		seen[a.Name] = true
	}
	return nil
}

func attribute(t xml.StartElement, name xml.Name) string {
	for _, a := range t.Attr {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// credential reads the element to its end: a JWS in the attribute, JSON within.
func (r *svgReader) credential(t xml.StartElement, edition Edition) error {
	f := find{Baked: Baked{Edition: edition}}
	var body bytes.Buffer
	for done := false; !done; {
		token, err := r.next()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: it breaks off", ErrDamaged)
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.CharData:
			body.Write(t) // within MaxPicture, as all of it
		case xml.EndElement:
			done = true
		case xml.Comment:
		default:
			return fmt.Errorf("%w: something other than text stands in its element", ErrMisbaked)
		}
	}
	verify := attribute(t, xml.Name{Local: "verify"})
	f.Text = bytes.TrimSpace(body.Bytes())
	switch {
	case verify != "" && len(f.Text) > 0 && edition != OpenBadges2:
		f.wrong = "its element has a token and a text"
	case verify != "":
		f.Text = []byte(verify)
	case len(f.Text) == 0:
		f.wrong = "its element is empty"
	}
	r.found = append(r.found, f)
	return nil
}

func (f *svgFrame) finds() []find { return f.found }

func (f *svgFrame) only() (Baked, error) { return single(f.found) }

// with puts the element directly behind the start tag of the root.
func (f *svgFrame) with(text []byte, jws bool) ([]byte, error) {
	if f.picture[f.rootEnd-2] == '/' {
		return nil, fmt.Errorf("%w: its root is an empty tag", ErrUnfit)
	}
	var b bytes.Buffer
	b.Grow(len(f.picture) + len(text) + 256)
	declaration := ` xmlns:` + prefix + `="` + namespace3 + `"`
	b.Write(f.picture[:f.rootEnd-1])
	if f.declared == "" {
		b.WriteString(declaration)
	}
	b.WriteString(`><` + prefix + `:credential`)
	if f.declared != "" && f.declared != namespace3 {
		b.WriteString(declaration) // the prefix is another's outside
	}
	if jws { // base64url and dots need no escape
		b.WriteString(` verify="` + string(text) + `">`)
	} else {
		b.WriteString(`>` + section(text))
	}
	b.WriteString(`</` + prefix + `:credential>`)
	b.Write(f.picture[f.rootEnd:])
	return b.Bytes(), nil
}

// section writes a text as CDATA. The one sequence that would end it is parted
// between two sections: its bytes come out as they went in.
func section(text []byte) string {
	return "<![CDATA[" + strings.ReplaceAll(string(text), "]]>", "]]]]><![CDATA[>") + "]]>"
}
