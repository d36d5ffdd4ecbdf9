package facts

import (
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// Number is an exact decimal that is not negative: thresholds must not depend
// on how a binary fraction happens to round. The zero value is 0.
type Number struct {
	rat *big.Rat // nil is 0; never changed
}

// ErrNumber refuses what is no plain decimal of reasonable size.
var ErrNumber = errors.New("facts: not a decimal number from 0 to a billion")

// decimal is what JSON calls a number, in reasonable length. Serialisers write
// small ones with an exponent.
var decimal = regexp.MustCompile(`^[0-9]{1,20}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$`)

// places is how many decimal places a number may have.
const places = 30

// ParseNumber reads a decimal such as 47.9, 48.00000 or 5e-3, of at most 30
// decimal places.
func ParseNumber(s string) (Number, error) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseUint(s, 10, 29); err == nil { // as nearly all are
		return Number{new(big.Rat).SetUint64(n)}, nil
	}
	if !decimal.MatchString(s) {
		return Number{}, ErrNumber
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || r.Cmp(big.NewRat(1_000_000_000, 1)) > 0 || strings.ContainsAny(s, "eE") && !exact(r) {
		return Number{}, ErrNumber
	}
	return Number{r}, nil
}

// exact tells whether String says all of a number that has an exponent.
func exact(r *big.Rat) bool {
	again, ok := new(big.Rat).SetString(r.FloatString(places))
	return ok && again.Cmp(r) == 0
}

// Whole is a whole number that is not negative.
func Whole(n int) Number { return Number{big.NewRat(int64(n), 1)} }

// Rat is the number as a fraction, which is the caller's own.
func (n Number) Rat() *big.Rat {
	if n.rat == nil {
		return new(big.Rat)
	}
	return new(big.Rat).Set(n.rat)
}

// Add is the exact sum.
func (n Number) Add(m Number) Number { return Number{new(big.Rat).Add(n.Rat(), m.Rat())} }

// Cmp compares as big.Rat does.
func (n Number) Cmp(m Number) int { return n.Rat().Cmp(m.Rat()) }

// String is the shortest exact decimal.
func (n Number) String() string {
	text := n.Rat().FloatString(places)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// MarshalText implements encoding.TextMarshaler.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Number) UnmarshalText(text []byte) (err error) {
	*n, err = ParseNumber(string(text))
	return err
}
