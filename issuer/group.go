package issuer

import "bytes"

// Group is what a store may keep together (postgres.Groups): all badges of one
// person and achievement, and all that rests
// on an achievement. It is nil for keys of other packages too.
func Group(k []byte) []byte {
	switch {
	case bytes.HasPrefix(k, []byte("d/")):
		return Front(k, 4)
	case bytes.HasPrefix(k, []byte("S/")):
		return Front(k, 2)
	}
	return nil
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
