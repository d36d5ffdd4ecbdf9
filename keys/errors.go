package keys

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// What can be wrong with a key, or with what is published about it.
var (
	ErrSignature         = errors.New("keys: the signature does not belong to this message and key")
	ErrInvalidIdentifier = errors.New("keys: not an identifier of a verification method")
	ErrInvalidDocument   = errors.New("keys: what is published there is not a proper key document")
	ErrMethodNotFound    = errors.New("keys: no such verification method is published")
	ErrNotAuthorized     = errors.New("keys: the key may not be used for this")
	ErrInvalidKey        = errors.New("keys: not a well-formed public key")
	ErrWeakKey           = errors.New("keys: the key is too weak to prove anything")
	ErrPrivateKeyExposed = errors.New("keys: the private half of the key is published with it")
	ErrRevoked           = errors.New("keys: the key was revoked")
	ErrExpired           = errors.New("keys: the key expired")
)

// What leaves the question open.
var (
	ErrUnreachable = errors.New("keys: the key document could not be fetched")
	ErrUnsupported = errors.New("keys: this kind of key or identifier is not known here")
)

// ErrNoActiveKey: an issuer has no key to sign with.
var ErrNoActiveKey = errors.New("keys: no active key")

var wrong = []error{
	ErrSignature, ErrInvalidIdentifier, ErrInvalidDocument, ErrMethodNotFound, ErrNotAuthorized,
	ErrInvalidKey, ErrWeakKey, ErrPrivateKeyExposed, ErrRevoked, ErrExpired,
}

// Wrong reports whether an error says that a key, a signature or what is
// published about the key is wrong. False means that it could not be told:
// nothing was reached, the kind is unknown, or we ourselves failed. Where
// several causes are joined, one open question leaves the whole open.
func Wrong(err error) bool {
	if errors.Is(err, ErrUnreachable) || errors.Is(err, ErrUnsupported) {
		return false
	}
	for _, w := range wrong {
		if errors.Is(err, w) {
			return true
		}
	}
	return false
}

// clip quotes text that others wrote for an error message, and bounds it.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}
