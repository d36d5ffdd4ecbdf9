package origin_test

import (
	"net/netip"
	"strings"
	"testing"

	"laurel/internal/origin"
)

func parse(t *testing.T, list ...string) origin.Proxies {
	t.Helper()
	p, err := origin.Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Only what a trusted proxy says is believed, and of that only what it has added
// itself.
func TestClient(t *testing.T) {
	inFront := parse(t, "10.0.0.0/8", "::1", "2001:db8:ffff::/48")
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"a stranger":                      {"192.0.2.1:4711", []string{"198.51.100.1"}, "192.0.2.1:4711"},
		"a proxy":                         {"10.1.2.3:80", []string{"192.0.2.9"}, "192.0.2.9"},
		"what the client wrote before":    {"10.1.2.3:80", []string{"198.51.100.1, 203.0.113.5, 192.0.2.9"}, "192.0.2.9"},
		"two proxies":                     {"10.1.2.3:80", []string{"198.51.100.1, 192.0.2.9, 10.9.9.9"}, "192.0.2.9"},
		"two lines":                       {"10.1.2.3:80", []string{"198.51.100.1", "192.0.2.9"}, "192.0.2.9"},
		"a proxy by IPv6":                 {"[::1]:80", []string{"2001:db8::7"}, "2001:db8::7"},
		"a proxy as IPv4 in IPv6":         {"[::ffff:10.0.0.1]:80", []string{"192.0.2.9"}, "192.0.2.9"},
		"with a port":                     {"10.1.2.3:80", []string{"192.0.2.9:5555"}, "192.0.2.9"},
		"in brackets":                     {"10.1.2.3:80", []string{"[2001:db8::7]"}, "2001:db8::7"},
		"in brackets with a port":         {"10.1.2.3:80", []string{"[2001:db8::7]:99"}, "2001:db8::7"},
		"nothing said":                    {"10.1.2.3:80", nil, "10.1.2.3"},
		"an empty header":                 {"10.1.2.3:80", []string{""}, "10.1.2.3"},
		"no address":                      {"10.1.2.3:80", []string{"192.0.2.9, unknown"}, "10.1.2.3"},
		"no address behind another proxy": {"10.1.2.3:80", []string{"192.0.2.9, evil, 10.7.7.7"}, "10.7.7.7"},
		"only proxies":                    {"10.1.2.3:80", []string{"10.4.4.4, 10.5.5.5"}, "10.4.4.4"},
		"thousands":                       {"10.1.2.3:80", []string{strings.Repeat("198.51.100.1,", 9000) + "192.0.2.9"}, "192.0.2.9"},
		"thousands of proxies":            {"10.1.2.3:80", []string{"192.0.2.9" + strings.Repeat(",10.0.0.1", 9000)}, "10.0.0.1"},
		"no address at all":               {"@", []string{"192.0.2.9"}, "@"},
	} {
		if got := inFront.Client(c.remote, c.forwarded); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := (origin.Proxies)(nil).Client("127.0.0.1:1", []string{"192.0.2.9"}); got != "127.0.0.1:1" {
		t.Errorf("nobody is trusted, and %s was believed", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "localhost", "10.0.0.0/33", "10.0.0.1/8", "fe80::1%eth0", "10.0.0", "*", "0.0.0.0/-1", "0.0.0.0/0", "::/0"} {
		if p, err := origin.Parse([]string{"192.0.2.0/24", text}); err == nil || p != nil || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("%q: %v %v", text, p, err)
		}
	}
	if p := parse(t, "128.0.0.0/1"); !p.Trusts(netip.MustParseAddr("::ffff:192.0.2.1")) || p.Trusts(netip.MustParseAddr("2001:db8::1")) {
		t.Error("half of IPv4 is not half of IPv4")
	}
}

func FuzzClient(f *testing.F) {
	f.Add("10.0.0.1:1", "192.0.2.1, 10.0.0.2")
	p, err := origin.Parse([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		got := p.Client(remote, []string{forwarded})
		if got != remote && !p.Trusts(origin.Of(remote)) {
			t.Errorf("%q, of whom nobody knows, was believed to be %q", remote, got)
		}
	})
}
