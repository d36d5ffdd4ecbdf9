package canon

import "testing"

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
