// Package names finds things by names that are known beforehand, such as the
// terms of a context. Every member of every document is looked up, several
// times: the names stand in a table, and a few of their bytes tell them apart,
// where Go's map hashes all of them.
package names

// Index finds values of one type by name. The zero Index is empty. It never
// changes, and is safe for concurrent use.
type Index[T any] struct {
	slots []slot[T] // a power of two, at least half of them empty
	shift uint32
}

type slot[T any] struct {
	name  string
	used  bool
	value T
}

// NewIndex makes an index of all entries of a map.
func NewIndex[T any](entries map[string]T) Index[T] {
	x := Index[T]{shift: 32 - 3}
	for 1<<(32-x.shift) < 2*len(entries) {
		x.shift--
	}
	x.slots = make([]slot[T], 1<<(32-x.shift))
	for name, value := range entries {
		i := x.start(name)
		for x.slots[i].used {
			i = x.next(i)
		}
		x.slots[i] = slot[T]{name, true, value}
	}
	return x
}

// Find returns the value of a name, or the zero value.
func (x *Index[T]) Find(name string) (value T) {
	if len(x.slots) == 0 {
		return value
	}
	for i := x.start(name); x.slots[i].used; i = x.next(i) {
		if x.slots[i].name == name {
			return x.slots[i].value
		}
	}
	return value
}

func (x *Index[T]) next(i uint32) uint32 { return (i + 1) & uint32(len(x.slots)-1) }

func (x *Index[T]) start(name string) uint32 {
	h := uint32(len(name))
	if h > 0 {
		h |= uint32(name[0])<<8 | uint32(name[h/2])<<16 | uint32(name[h-1])<<24
	}
	return h * 0x9e3779b1 >> x.shift
}
