package resolve

import "testing"

func TestAuthority(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"https://school.example/a", "https://school.example:443/b?c", true},
		{"https://School.Example/", "https://school.example", true},
		{"https://school.example:8443", "https://school.example", false},
		{"http://school.example:443", "https://school.example", false},
		{"http://school.example:80", "http://school.example", true},
		{"https://school.example.evil.example", "https://school.example", false},
		{"https://www.school.example", "https://school.example", false},
	} {
		err := sameAuthority(c.a, c.b)
		if (err == nil) != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, err)
		}
	}
}
