package facts

import (
	"math/big"
	"strings"
)

// Percent is the share in hundredths of the whole, exactly: at most 100, and 0
// where there is nothing to be had or no share at all.
func (s *Share) Percent() *big.Rat {
	if s == nil {
		return new(big.Rat)
	}
	f := s.fraction()
	return f.Mul(f, big.NewRat(100, 1))
}

// fraction is from 0 to 1.
func (s *Share) fraction() *big.Rat {
	of := s.Of.Rat()
	if of.Sign() == 0 {
		return of
	}
	f := s.Got.Rat()
	if f.Cmp(of) >= 0 {
		return big.NewRat(1, 1)
	}
	return f.Quo(f, of)
}

// Cut is a number that is not negative as a decimal of at most two places, the
// rest cut off and never rounded: 79.83, 79.9, 85. What is short of a threshold
// so never looks as if it had reached it.
func Cut(r *big.Rat) string {
	hundredths := new(big.Int).Mul(r.Num(), big.NewInt(100))
	hundredths.Quo(hundredths, r.Denom())
	text := new(big.Rat).SetFrac(hundredths, big.NewInt(100)).FloatString(2)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
