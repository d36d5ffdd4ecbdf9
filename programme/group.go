package programme

import (
	"bytes"

	"laurel/issuer"
)

// Group is what a store may keep together (postgres.Groups): all about one
// learner, address, credential or edition, and what is asked of an achievement
// or a platform. It is nil for keys of other packages too.
func Group(k []byte) []byte {
	for _, kind := range []string{"P/source/", "P/asks/", "P/alias/"} {
		if bytes.HasPrefix(k, []byte(kind)) {
			return issuer.Front(k, 3)
		}
	}
	for _, r := range []realm{live, test} {
		rest, ok := bytes.CutPrefix(k, []byte("P/"+string(r)+"/"))
		if !ok || len(rest) < 2 || rest[1] != '/' {
			continue
		}
		switch rest[0] {
		case 'a', 'c', 'f', 'k':
			return issuer.Front(k, 4)
		case 'g', 'm':
			return issuer.Front(k, 5)
		}
	}
	return nil
}
