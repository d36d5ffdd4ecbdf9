package issuer

import "bytes"

// Group is what a store may keep together (postgres.Groups): all badges of one
// person and achievement, and all that rests on an achievement. It is nil for keys
// of other packages too, and for prefixes with which keys of several groups begin.
func Group(k []byte, prefix bool) []byte {
	switch {
	case bytes.HasPrefix(k, []byte("d/")):
		return Front(k, 4) // no digest is the beginning of another
	case bytes.HasPrefix(k, []byte("S/")):
		return Whole(k, 2, prefix)
	}
	return nil
}

// Whole is Front, but for a prefix that ends within these parts: the last one may
// be the beginning of others.
func Whole(k []byte, parts int, prefix bool) []byte {
	front := Front(k, parts)
	if prefix && len(front) == len(k) {
		return nil
	}
	return front
}

// Front is the first parts of a key, nil where it has fewer, or an empty one as
// the last of them.
func Front(k []byte, parts int) []byte {
	for at, c := range k {
		if c != '/' {
			continue
		}
		if parts--; parts == 0 {
			return k[:at]
		}
	}
	if parts > 1 || len(k) == 0 || k[len(k)-1] == '/' {
		return nil
	}
	return k
}
