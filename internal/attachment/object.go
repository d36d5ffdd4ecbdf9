package attachment

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
)

// object is an indirect object (ISO 32000-2 section 7.3.10).
type object struct {
	value  value
	stream int // where its stream begins in the file; 0 for none
}

// pack is an object stream, unpacked (section 7.5.7).
type pack struct {
	data    []byte
	numbers []int // of the objects in it
	offsets []int // in data, where each begins
}

// parse reads one thing of the file, and counts what that costs.
func (r *reader) parse(data []byte, at int, read func(p *parser) error) error {
	if at < 0 || at >= len(data) {
		return fmt.Errorf("%w: something is said to stand outside of it", ErrDamaged)
	}
	allowed := min(maxAtOnce, maxValues-r.values)
	p := &parser{data: data, at: at, left: allowed}
	err := read(p)
	r.values += allowed - p.left
	if r.parsed += p.at - at; err == nil && r.parsed > maxParsed {
		return fmt.Errorf("%w: its objects overlap or are too many", ErrTooLarge)
	}
	return err
}

// object finds an object by its number. One that is not there is null.
func (r *reader) object(number int) (object, error) {
	switch at := r.places[number]; at.kind {
	case inFile:
		return r.objectAt(at.offset, number)
	case inPack:
		return r.packed(at, number)
	}
	return object{}, nil
}

// resolve follows a reference.
func (r *reader) resolve(v value) (value, error) {
	if v.kind != reference {
		return v, nil
	}
	o, err := r.object(v.number)
	return o.value, err
}

// objectAt reads the object at an offset; want is its number, or -1 for any.
func (r *reader) objectAt(offset, want int) (o object, err error) {
	err = r.parse(r.file, offset, func(p *parser) error {
		p.space()
		is, ok := wholeNumber(p.regular())
		p.space()
		_, generation := wholeNumber(p.regular())
		p.space()
		if !ok || !generation || !p.begins("obj") || (want >= 0 && is != want) {
			return p.damaged("another thing than the object that is said to be there")
		}
		p.at += len("obj")
		if o.value, err = p.whole(); err != nil {
			return err
		}
		p.space()
		if o.value.kind == dictionary && p.begins("stream") {
			p.at += len("stream")
			if p.begins("\r\n") {
				p.at++
			}
			p.at++
			o.stream = p.at
		}
		return nil
	})
	return o, err
}

// packed reads an object out of an object stream.
func (r *reader) packed(at place, number int) (o object, err error) {
	k, err := r.pack(at.offset)
	if err != nil {
		return o, err
	}
	if at.index < 0 || at.index >= len(k.numbers) || k.numbers[at.index] != number {
		return o, fmt.Errorf("%w: object %d is not where it is said to be", ErrDamaged, number)
	}
	err = r.parse(k.data, k.offsets[at.index], func(p *parser) error {
		o.value, err = p.whole()
		return err
	})
	return o, err
}

// pack unpacks an object stream, once.
func (r *reader) pack(number int) (*pack, error) {
	if k, begun := r.packs[number]; k != nil {
		return k, nil
	} else if begun || r.places[number].kind != inFile {
		return nil, fmt.Errorf("%w: an object stream stands in an object stream", ErrDamaged)
	}
	r.packs[number] = nil
	o, err := r.objectAt(r.places[number].offset, number)
	if err != nil {
		return nil, err
	}
	k := &pack{}
	if k.data, err = r.whole(o); err != nil {
		return nil, err
	}
	n, err := r.wholeOf(o.value, "N")
	if err != nil {
		return nil, err
	}
	first, err := r.wholeOf(o.value, "First")
	if err != nil {
		return nil, err
	}
	if n > maxObjects {
		return nil, fmt.Errorf("%w: an object stream has more than %d objects", ErrTooLarge, maxObjects)
	}
	err = r.parse(k.data, 0, func(p *parser) error { return k.index(p, n, first) })
	r.packs[number] = k
	return k, err
}

// index reads the pairs of numbers that an object stream begins with.
func (k *pack) index(p *parser, n, first int) error {
	for range n {
		p.space()
		number, ok := wholeNumber(p.regular())
		p.space()
		offset, is := wholeNumber(p.regular())
		if !ok || !is {
			return p.damaged("no index of an object stream")
		}
		k.numbers, k.offsets = append(k.numbers, number), append(k.offsets, first+offset)
	}
	return nil
}

// wholeOf is a whole number of a dictionary.
func (r *reader) wholeOf(d value, key string) (int, error) {
	v, _ := d.get(key)
	v, err := r.resolve(v)
	if err == nil && (v.kind != number || v.number < 0) {
		err = fmt.Errorf("%w: %s is no number", ErrDamaged, key)
	}
	return v.number, err
}

// raw are the bytes of a stream as they stand in the file.
func (r *reader) raw(o object) ([]byte, error) {
	length, err := r.wholeOf(o.value, "Length")
	if err != nil {
		return nil, err
	}
	if o.stream == 0 || length > len(r.file)-o.stream {
		return nil, fmt.Errorf("%w: a stream goes beyond its end", ErrDamaged)
	}
	p := &parser{data: r.file, at: o.stream + length}
	if p.space(); !p.begins("endstream") {
		return nil, fmt.Errorf("%w: the stream at byte %d does not end where it should", ErrDamaged, o.stream)
	}
	return r.file[o.stream : o.stream+length], nil
}

// predictor is how bytes were prepared for packing (section 7.4.4.4).
type predictor struct{ kind, columns, colors, bits int }

// unpacked opens a stream. Of the filters only Flate is read: what else there
// is packs pictures, or is of the times before attachments.
func (r *reader) unpacked(o object) (io.Reader, predictor, error) {
	none := predictor{kind: 1, columns: 1, colors: 1, bits: 8}
	raw, err := r.raw(o)
	if err != nil {
		return nil, none, err
	}
	filter, err := r.one(o.value, "Filter")
	if err != nil || filter.kind == null {
		return bytes.NewReader(raw), none, err
	}
	if filter.kind != name || filter.text != "FlateDecode" {
		return nil, none, fmt.Errorf("%w: by the filter %.40q", ErrUnread, filter.text)
	}
	params, err := r.one(o.value, "DecodeParms")
	if err != nil {
		return nil, none, err
	}
	for key, to := range map[string]*int{"Predictor": &none.kind, "Columns": &none.columns, "Colors": &none.colors, "BitsPerComponent": &none.bits} {
		if _, ok := params.get(key); !ok {
			continue
		}
		if *to, err = r.wholeOf(params, key); err != nil {
			return nil, none, err
		}
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, none, fmt.Errorf("%w: a stream cannot be unpacked: %w", ErrDamaged, err)
	}
	return z, none, nil
}

// one is an entry that may be a value or a list of a single one.
func (r *reader) one(d value, key string) (value, error) {
	v, _ := d.get(key)
	v, err := r.resolve(v)
	if err != nil || v.kind != array {
		return v, err
	}
	switch len(v.items) {
	case 0:
		return value{}, nil
	case 1:
		return r.resolve(v.items[0])
	}
	return value{}, fmt.Errorf("%w: by several filters", ErrUnread)
}

// whole unpacks a stream of the file's own structure.
func (r *reader) whole(o object) ([]byte, error) {
	source, p, err := r.unpacked(o)
	if err != nil {
		return nil, err
	}
	data, err := r.inflate(source, maxInflated+1)
	if err != nil || p.kind <= 1 {
		return data, err
	}
	if p.kind < 10 || p.colors != 1 || p.bits != 8 || p.columns < 1 || p.columns > maxObjects {
		return nil, fmt.Errorf("%w: by the predictor %d", ErrUnread, p.kind)
	}
	return unpredicted(data, p.columns)
}

// unpredicted undoes the filters of PNG (PNG section 9.2), for bytes in rows.
func unpredicted(data []byte, columns int) ([]byte, error) {
	out := make([]byte, 0, len(data))
	before := make([]byte, columns)
	for len(data) > 0 {
		if len(data) <= columns {
			return nil, fmt.Errorf("%w: a row of a stream breaks off", ErrDamaged)
		}
		from := len(out)
		out = append(out, data[1:columns+1]...)
		row := out[from:]
		for n := range row {
			var left, corner byte
			if n > 0 {
				left, corner = row[n-1], before[n-1]
			}
			switch data[0] {
			case 0:
			case 1:
				row[n] += left
			case 2:
				row[n] += before[n]
			case 3:
				row[n] += byte((int(left) + int(before[n])) / 2)
			case 4:
				row[n] += nearest(left, before[n], corner)
			default:
				return nil, fmt.Errorf("%w: a row of a stream has no filter", ErrDamaged)
			}
		}
		before, data = row, data[columns+1:]
	}
	return out, nil
}

// nearest is the predictor of Paeth (PNG section 9.4).
func nearest(left, up, corner byte) byte {
	p := int(left) + int(up) - int(corner)
	l, u, c := distance(p, left), distance(p, up), distance(p, corner)
	switch {
	case l <= u && l <= c:
		return left
	case u <= c:
		return up
	}
	return corner
}

func distance(p int, b byte) int { return max(p-int(b), int(b)-p) }
