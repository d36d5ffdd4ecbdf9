package artwork

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

const (
	namespace    = "http://www.w3.org/2000/svg"
	xlink        = "http://www.w3.org/1999/xlink"
	maxElements  = 5000
	maxDepth     = 64
	maxAttribute = 64 << 10 // bytes of one value: a path
)

// elements that draw, or say how. Whatever repeats, runs, loads, links or moves
// is none of them.
var elements = words(`svg g defs title desc path rect circle ellipse line polyline polygon text tspan
	linearGradient radialGradient stop clipPath mask`)

// texts are the elements in which words may stand.
var texts = words("title desc text tspan")

// attributes that elements may have, and properties that their style may have.
var attributes = words(`id viewBox preserveAspectRatio width height x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points transform rotate
	fill fill-opacity fill-rule clip-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray
	stroke-dashoffset opacity color display visibility clip-path clipPathUnits mask maskUnits maskContentUnits mask-type paint-order
	gradientUnits gradientTransform spreadMethod offset stop-color stop-opacity vector-effect shape-rendering
	font-family font-size font-weight font-style text-anchor letter-spacing word-spacing textLength lengthAdjust dominant-baseline direction version`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

var (
	// plain is a value that can name nothing outside: no address has room in it.
	plain = regexp.MustCompile(`^[\pL\pN \t\r\n#.,%()+\-_*'"]*$`)
	// local is the use of something that stands in the same picture.
	local = regexp.MustCompile(`^url\(\s*['"]?#[A-Za-z_][A-Za-z0-9_.\-]*['"]?\s*\)$`)
	name  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\-]*$`)
	link  = regexp.MustCompile(`^#[A-Za-z_][A-Za-z0-9_.\-]*$`)
)

// svgReader writes anew what it reads.
type svgReader struct {
	in       *xml.Decoder
	out      bytes.Buffer
	open     []string // elements that were written and not closed
	elements int
	drawn    bool // the root was there
}

func readSVG(raw []byte) ([]byte, error) {
	if len(raw) > MaxSVG {
		return nil, fmt.Errorf("%w: an SVG may have %d bytes, it has %d", ErrSize, MaxSVG, len(raw))
	}
	r := &svgReader{in: xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))}
	for {
		token, err := r.in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, r.at(fmt.Errorf("%w: %s", ErrDamaged, err.Error()))
		}
		if err := r.take(token); err != nil {
			return nil, r.at(err)
		}
	}
	if !r.drawn {
		return nil, ErrUnknown
	}
	return r.out.Bytes(), nil
}

// at says where something is.
func (r *svgReader) at(err error) error {
	line, _ := r.in.InputPos()
	return fmt.Errorf("line %d: %w", line, err)
}

func forbidden(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrForbidden, fmt.Sprintf(format, args...))
}

func (r *svgReader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return forbidden("a document type or a definition")
	case xml.ProcInst:
		if t.Target != "xml" {
			return forbidden("the instruction %.40q", t.Target)
		}
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		last := len(r.open) - 1
		r.out.WriteString("</" + r.open[last] + ">")
		r.open = r.open[:last]
	case xml.CharData:
		if n := len(r.open); n > 0 && texts[r.open[n-1]] {
			return xml.EscapeText(&r.out, t)
		}
		if len(bytes.TrimSpace(t)) > 0 {
			return forbidden("words outside of a text")
		}
	}
	return nil // comments go
}

func (r *svgReader) start(t xml.StartElement) error {
	r.elements++
	switch {
	case r.elements > maxElements:
		return fmt.Errorf("%w: more than %d elements", ErrSize, maxElements)
	case len(r.open) >= maxDepth:
		return fmt.Errorf("%w: elements nested deeper than %d", ErrSize, maxDepth)
	case len(r.open) == 0 && r.drawn:
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	case len(r.open) == 0 && (t.Name.Space != namespace || t.Name.Local != "svg"):
		return ErrUnknown
	case t.Name.Space != namespace || t.Name.Local == "metadata": // an editor's notes
		if err := r.in.Skip(); err != nil {
			return fmt.Errorf("%w: %s", ErrDamaged, err.Error())
		}
		return nil
	case !elements[t.Name.Local]:
		return forbidden("the element <%.40s>", t.Name.Local)
	}
	root := len(r.open) == 0
	r.open, r.drawn = append(r.open, t.Name.Local), true
	r.out.WriteString("<" + t.Name.Local)
	if root {
		r.out.WriteString(` xmlns="` + namespace + `"`)
	}
	if err := r.attributes(t); err != nil {
		return err
	}
	r.out.WriteByte('>')
	if root && !slices.ContainsFunc(t.Attr, func(a xml.Attr) bool { return a.Name.Local == "viewBox" || a.Name.Local == "width" }) {
		return fmt.Errorf("%w: it has neither a viewBox nor a width", ErrSize)
	}
	return nil
}

func (r *svgReader) attributes(t xml.StartElement) error {
	seen := map[string]bool{}
	for _, a := range t.Attr {
		key := a.Name.Local
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "" && key == "xmlns":
			continue
		case key == "href" && (a.Name.Space == "" || a.Name.Space == xlink):
			if !link.MatchString(a.Value) {
				return forbidden("a reference to %.60q; only parts of the picture itself may be named, such as #a", a.Value)
			}
		case a.Name.Space != "" || key == "class" || strings.HasPrefix(key, "data-") || key == "role" || strings.HasPrefix(key, "aria-"):
			continue // notes of editors, and names for styles that there are none of
		case key == "style":
			if err := r.style(a.Value, seen); err != nil {
				return err
			}
			continue
		case !attributes[key]:
			return forbidden("the attribute %.40q of <%s>", key, t.Name.Local)
		}
		if err := r.write(key, a.Value, seen); err != nil {
			return err
		}
	}
	return nil
}

// style writes the properties that are known as attributes; those of editors and
// of texts that flow are left out.
func (r *svgReader) style(value string, seen map[string]bool) error {
	if strings.ContainsAny(value, "\\@{}<>") || strings.Contains(value, "/*") {
		return forbidden("a style such as %.60q", value)
	}
	for declaration := range strings.SplitSeq(value, ";") {
		property, v, _ := strings.Cut(declaration, ":")
		property, v = strings.TrimSpace(property), strings.TrimSpace(v)
		if property == "" || !attributes[property] && !strings.Contains(strings.ToLower(v), "url(") {
			continue
		}
		if !attributes[property] {
			return forbidden("the style %.40q with an address", property)
		}
		if err := r.write(property, v, seen); err != nil {
			return err
		}
	}
	return nil
}

func (r *svgReader) write(key, value string, seen map[string]bool) error {
	if len(value) > maxAttribute {
		return fmt.Errorf("%w: the attribute %s has more than %d bytes", ErrSize, key, maxAttribute)
	}
	if seen[key] {
		return fmt.Errorf("%w: the attribute %s stands twice", ErrDamaged, key)
	}
	seen[key] = true
	trimmed := strings.TrimSpace(value)
	switch {
	case key == "id" && !name.MatchString(trimmed):
		return forbidden("the id %.60q", value)
	case strings.Contains(strings.ToLower(value), "url") && !local.MatchString(trimmed):
		return forbidden("the value %.60q of %s; only parts of the picture itself may be named, such as url(#a)", value, key)
	case !plain.MatchString(value):
		return forbidden("the value %.60q of %s", value, key)
	}
	r.out.WriteString(" " + key + `="`)
	if err := xml.EscapeText(&r.out, []byte(trimmed)); err != nil {
		return err
	}
	r.out.WriteByte('"')
	return nil
}
