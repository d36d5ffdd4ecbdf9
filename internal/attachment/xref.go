package attachment

import (
	"bytes"
	"fmt"
)

// place is where an object stands.
type place struct {
	kind   placeKind
	offset int // in the file, or the number of the object stream
	index  int // in the object stream
}

type placeKind uint8

const (
	nowhere placeKind = iota // deleted, or never there
	inFile
	inPack
)

// tail is how many bytes of the end are searched for the way to the
// cross-references.
const tail = 2048

// open reads the cross-references (ISO 32000-2 section 7.5.4 and 7.5.8), the
// newest first: of an object that was changed, the newest is what there is. It
// returns the way to the catalog.
func (r *reader) open() (root value, err error) {
	from := max(len(r.file)-tail, 0)
	at := bytes.LastIndex(r.file[from:], []byte("startxref"))
	if at < 0 {
		return root, fmt.Errorf("%w: its end is missing", ErrDamaged)
	}
	p := &parser{data: r.file, at: from + at + len("startxref")}
	p.space()
	offset, ok := wholeNumber(p.regular())
	visited := map[int]bool{}
	for ok {
		if visited[offset] || len(visited) == maxSections {
			return root, fmt.Errorf("%w: its cross-references go in circles or are too many", ErrDamaged)
		}
		visited[offset] = true
		trailer, err := r.section(offset)
		if err != nil {
			return root, err
		}
		if e, _ := trailer.get("Encrypt"); e.kind != null {
			return root, ErrEncrypted
		}
		if root.kind == null {
			root, _ = trailer.get("Root")
		}
		var before value
		before, ok = trailer.get("Prev")
		offset = before.number
		ok = ok && before.kind == number
	}
	catalog, err := r.resolve(root)
	if err == nil && catalog.kind != dictionary {
		err = fmt.Errorf("%w: it has no catalog", ErrDamaged)
	}
	return root, err
}

// section reads one section, of either kind.
func (r *reader) section(offset int) (trailer value, err error) {
	var isTable bool
	var deleted []int
	err = r.parse(r.file, offset, func(p *parser) error {
		p.space()
		if isTable = p.begins("xref"); !isTable {
			return nil
		}
		p.at += len("xref")
		deleted, err = r.table(p)
		if err == nil {
			trailer, err = p.value(0)
		}
		return err
	})
	switch {
	case err != nil:
		return trailer, err
	case !isTable:
		return r.stream(offset)
	}
	// In files for readers of both kinds, the table calls free what only the
	// stream knows (section 7.5.8.4).
	if more, ok := trailer.get("XRefStm"); ok && more.kind == number {
		if hidden, err := r.stream(more.number); err != nil {
			return trailer, err
		} else if e, _ := hidden.get("Encrypt"); e.kind != null {
			return trailer, ErrEncrypted
		}
	}
	for _, number := range deleted {
		if err := r.note(number, place{}); err != nil {
			return trailer, err
		}
	}
	return trailer, nil
}

// note keeps the newest place of an object.
func (r *reader) note(number int, at place) error {
	if _, newer := r.places[number]; newer {
		return nil
	}
	if len(r.places) == maxObjects {
		return fmt.Errorf("%w: it has more than %d objects", ErrTooLarge, maxObjects)
	}
	r.places[number] = at
	return nil
}

// table reads the subsections of a table up to its trailer.
func (r *reader) table(p *parser) (deleted []int, err error) {
	for {
		p.space()
		run := p.regular()
		if string(run) == "trailer" {
			return deleted, nil
		}
		first, ok := wholeNumber(run)
		p.space()
		count, is := wholeNumber(p.regular())
		if !ok || !is || count > maxObjects {
			return nil, p.damaged("no table of cross-references")
		}
		for n := range count {
			p.space()
			offset, ok := wholeNumber(p.regular())
			p.space()
			_, is := wholeNumber(p.regular())
			p.space()
			kind := string(p.regular())
			if !ok || !is || (kind != "n" && kind != "f") || len(deleted) > maxObjects {
				return nil, p.damaged("no entry of a table of cross-references")
			}
			if kind == "f" || offset == 0 {
				deleted = append(deleted, first+n)
			} else if err := r.note(first+n, place{kind: inFile, offset: offset}); err != nil {
				return nil, err
			}
		}
	}
}

// stream reads a section that is a stream; its dictionary is the trailer.
func (r *reader) stream(offset int) (value, error) {
	o, err := r.objectAt(offset, -1)
	if err != nil {
		return value{}, err
	}
	if t, _ := o.value.get("Type"); t.text != "XRef" {
		return value{}, fmt.Errorf("%w: no cross-references are where they are said to be", ErrDamaged)
	}
	data, err := r.whole(o)
	if err != nil {
		return value{}, err
	}
	widths, err := r.widths(o.value)
	if err != nil {
		return value{}, err
	}
	ranges := []int{0, 0}
	if index, ok := o.value.get("Index"); ok {
		ranges = nil
		for _, v := range index.items {
			ranges = append(ranges, v.number)
		}
	} else if ranges[1], err = r.wholeOf(o.value, "Size"); err != nil {
		return value{}, err
	}
	return o.value, r.entries(data, widths, ranges)
}

// widths are how many bytes each field of an entry has.
func (r *reader) widths(d value) (w [3]int, err error) {
	v, _ := d.get("W")
	if v, err = r.resolve(v); err != nil {
		return w, err
	}
	if v.kind != array || len(v.items) < len(w) {
		return w, fmt.Errorf("%w: its cross-references have no widths", ErrDamaged)
	}
	for n := range w {
		if w[n] = v.items[n].number; v.items[n].kind != number || w[n] < 0 || w[n] > 8 {
			return w, fmt.Errorf("%w: its cross-references have no widths", ErrDamaged)
		}
	}
	if w[1] == 0 {
		return w, fmt.Errorf("%w: its cross-references have no widths", ErrDamaged)
	}
	return w, nil
}

// entries reads the fields of a stream (section 7.5.8.3).
func (r *reader) entries(data []byte, w [3]int, ranges []int) error {
	size := w[0] + w[1] + w[2]
	for n := 0; n+1 < len(ranges); n += 2 {
		for i := range ranges[n+1] {
			if len(data) < size {
				return nil // Size may count more than there are
			}
			kind := 1
			if w[0] > 0 {
				kind = bigEndian(data[:w[0]])
			}
			at := place{offset: bigEndian(data[w[0] : w[0]+w[1]])}
			switch kind {
			case 1:
				at.kind = inFile
			case 2:
				at.kind, at.index = inPack, bigEndian(data[w[0]+w[1]:size])
			}
			if err := r.note(ranges[n]+i, at); err != nil {
				return err
			}
			data = data[size:]
		}
	}
	return nil
}

// bigEndian is a number of up to eight bytes; one that is the place of nothing
// is -1.
func bigEndian(b []byte) (n int) {
	for _, c := range b {
		if n = n<<8 | int(c); n >= maxWhole {
			return -1
		}
	}
	return n
}
