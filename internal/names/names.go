// Package names finds things by names that are known beforehand, such as the
// terms of a context. Every member of every document is looked up, several
// times: the names stand in a table, and are told apart by their first and their
// last bytes, which are all there is of most, where Go's map hashes all of them.
package names

// Index finds values of one type by name. The zero Index is empty. It never
// changes, and is safe for concurrent use.
type Index[T any] struct {
	slots []slot[T] // a power of two, at least half of them empty
	shift uint32
}

type slot[T any] struct {
	ends
	name  string
	value T
	used  bool
}

// NewIndex makes an index of all entries of a map.
func NewIndex[T any](entries map[string]T) Index[T] {
	x := Index[T]{shift: 64 - 3}
	for 1<<(64-x.shift) < 2*len(entries) {
		x.shift--
	}
	x.slots = make([]slot[T], 1<<(64-x.shift))
	for name, value := range entries {
		e := endsOf(name)
		i := x.start(e, len(name))
		for x.slots[i].used {
			i = x.next(i)
		}
		x.slots[i] = slot[T]{ends: e, name: name, value: value, used: true}
	}
	return x
}

// Find returns the value of a name, or the zero value.
func (x *Index[T]) Find(name string) (value T) {
	if len(x.slots) == 0 {
		return value
	}
	e := endsOf(name)
	for i := x.start(e, len(name)); x.slots[i].used; i = x.next(i) {
		s := &x.slots[i]
		if s.ends == e && len(s.name) == len(name) && (len(name) <= 16 || s.name == name) {
			return s.value
		}
	}
	return value
}

func (x *Index[T]) next(i uint64) uint64 { return (i + 1) & uint64(len(x.slots)-1) }

func (x *Index[T]) start(e ends, n int) uint64 {
	return (e.first + e.last*3 + uint64(n)) * 0x9e3779b97f4a7c15 >> (x.shift & 63)
}

// ends are the first and the last eight bytes of a name. Of a shorter one they
// are made of fewer, but of all it has: together with its length they tell one
// name of 16 bytes at most from all others.
type ends struct{ first, last uint64 }

func endsOf(name string) ends {
	switch n := len(name); {
	case n >= 8:
		return ends{word(name[:8]), word(name[n-8:])}
	case n >= 4:
		return ends{half(name[:4]), half(name[n-4:])}
	case n > 0:
		return ends{uint64(name[0]), uint64(name[n/2])<<8 | uint64(name[n-1])}
	}
	return ends{}
}

func word(s string) uint64 { return half(s[:4]) | half(s[4:8])<<32 }

func half(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
