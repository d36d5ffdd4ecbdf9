package canon

// termIndex finds the terms of a table by name. Every member of a document is
// looked up, so it counts that this takes half as long as Go's map does: the
// names are known beforehand, and a few of their bytes tell them apart.
type termIndex struct {
	slots []*definition // a power of two, at least half of them empty
	shift uint32
}

func newTermIndex(terms map[string]*definition) termIndex {
	x := termIndex{shift: 32 - 3}
	for 1<<(32-x.shift) < 2*len(terms) {
		x.shift--
	}
	x.slots = make([]*definition, 1<<(32-x.shift))
	for name, d := range terms {
		i := x.start(name)
		for x.slots[i] != nil {
			i = x.next(i)
		}
		x.slots[i] = d
	}
	return x
}

// find returns the definition of a term, or nil.
func (x *termIndex) find(name string) *definition {
	if len(x.slots) == 0 {
		return nil
	}
	i := x.start(name)
	for x.slots[i] != nil && x.slots[i].name != name {
		i = x.next(i)
	}
	return x.slots[i]
}

func (x *termIndex) next(i uint32) uint32 { return (i + 1) & uint32(len(x.slots)-1) }

func (x *termIndex) start(name string) uint32 {
	h := uint32(len(name))
	if h > 0 {
		h |= uint32(name[0])<<8 | uint32(name[h/2])<<16 | uint32(name[h-1])<<24
	}
	return h * 0x9e3779b1 >> x.shift
}
