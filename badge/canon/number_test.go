//go:build !race

// One goroutine: the race detector has nothing to see here, and reckons at a fraction of the pace.

package canon

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestNumbers has the lexical forms that JSON-LD 1.1 gives numbers.
func TestNumbers(t *testing.T) {
	const float = "https://www.w3.org/2001/XMLSchema#float"
	for _, n := range []struct{ raw, datatype, text, own string }{
		{"0", "", "0", xsdInteger}, {"-0", "", "0", xsdInteger}, {"-0.0", "", "0", xsdInteger}, {"1", "", "1", xsdInteger},
		{"42.0", float, "42", xsdInteger}, {"3.5", float, "3.5E0", xsdDouble}, {"1e3", "", "1000", xsdInteger}, {"1.50", "", "1.5E0", xsdDouble},
		{"9007199254740992", "", "9007199254740992", xsdInteger}, {"123456789012345680000", "", "123456789012345683968", xsdInteger},
		{"999999999999999999999e-1", "", "100000000000000000000", xsdInteger}, {"1e21", "", "1.0E21", xsdDouble}, {"1e20", "", "100000000000000000000", xsdInteger},
		{"1e-7", "", "1.0E-7", xsdDouble}, {"-1e-7", "", "-1.0E-7", xsdDouble}, {"5e-324", "", "4.940656458412465E-324", xsdDouble},
		{"1.7976931348623157e308", "", "1.797693134862316E308", xsdDouble}, {"0.1", "", "1.0E-1", xsdDouble}, {"0.30000000000000004", "", "3.0E-1", xsdDouble},
		{"123.456", "", "1.23456E2", xsdDouble}, {"10", xsdDouble, "1.0E1", xsdDouble}, {"100.25", "", "1.0025E2", xsdDouble}, {"33.333333333333336", "", "3.333333333333334E1", xsdDouble},
	} {
		f, fault := double(n.raw)
		if text, own := lexical(f, n.datatype); fault != "" || text != n.text || own != n.own {
			t.Errorf("%s: got %s %s %q, want %s %s", n.raw, text, own, fault, n.text, n.own)
		}
	}
	for _, raw := range []string{"1e309", "-1e309", "1e-400", "-0.1e-400", "9007199254740993", "-9007199254740993", "1000000000000000000001", "1180591620717411303424"} {
		if f, fault := double(raw); fault == "" {
			t.Errorf("%s is %v", raw, f)
		}
	}
	for raw, plain := range map[string]bool{"1": true, "-7": true, "0": true, "123456789012345": true, "-0": false, "1234567890123456": false, "1.0": false, "1e3": false, "-1.5": false} {
		if plainInteger(raw) != plain {
			t.Errorf("%s: plain %v", raw, !plain)
		}
	}
}

// TestShortDecimals compares the short way with the long one.
func TestShortDecimals(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	short := 0
	try := func(raw string) {
		text, ok := shortDecimal(raw)
		if !ok {
			return
		}
		short++
		f, fault := double(raw)
		if want, own := lexical(f, ""); fault != "" || text != want || own != xsdDouble {
			t.Errorf("%s: %s, want %s %s %q", raw, text, want, own, fault)
		}
	}
	for n := range 20_000 {
		for k := 1; k < 5; k++ {
			try(decimal(uint64(n), k))
			try("-" + decimal(uint64(n), k))
		}
	}
	for range 100_000 {
		k := 1 + r.IntN(13)
		fives := uint64(math.Pow(5, float64(k)))
		try(decimal(r.Uint64N(1+100_000_000_000_000/fives)*fives, k))
	}
	if short < 50_000 {
		t.Errorf("only %d numbers went the short way", short)
	}
	for _, raw := range []string{"1", "-1", "0.5", "1.0", "-3.00", "1.5e3", "1.5E0", "9.3", "0.1", "12345678901234.5", "1e5"} {
		if text, ok := shortDecimal(raw); ok {
			t.Errorf("%s went the short way, to %s", raw, text)
		}
	}
	for raw, want := range map[string]string{"4.5": "4.5E0", "-87.250": "-8.725E1", "1234567890123.5": "1.2345678901235E12", "10.5": "1.05E1"} {
		if text, ok := shortDecimal(raw); !ok || text != want {
			t.Errorf("%s: %s %v", raw, text, ok)
		}
	}
}

// decimal writes n with k digits after the point.
func decimal(n uint64, k int) string {
	digits := fmt.Sprintf("%0*d", k+1, n)
	return digits[:len(digits)-k] + "." + digits[len(digits)-k:]
}
