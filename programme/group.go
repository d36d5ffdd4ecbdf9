package programme

import (
	"bytes"

	"laurel/issuer"
)

// Group is what a store may keep together (postgres.Groups): all about one
// learner, address, credential or edition, and what is asked of an achievement
// or a platform. It is nil for keys of other packages too, and for prefixes with
// which keys of several groups begin.
func Group(k []byte, prefix bool) []byte {
	for _, kind := range []string{"P/source/", "P/asks/", "P/alias/"} {
		if bytes.HasPrefix(k, []byte(kind)) {
			return issuer.Whole(k, 3, prefix)
		}
	}
	for _, r := range []realm{live, test} {
		rest, ok := bytes.CutPrefix(k, []byte("P/"+string(r)+"/"))
		if !ok || len(rest) < 2 || rest[1] != '/' {
			continue
		}
		switch rest[0] {
		case 'a', 'c', 'f', 'k':
			return issuer.Whole(k, 4, prefix)
		case 'g', 'm':
			return issuer.Whole(k, 5, prefix)
		}
	}
	return nil
}
