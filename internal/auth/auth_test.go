package auth

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func grant() Token {
	return Token{
		Scopes: []Scope{Issue, Read}, Issuers: []string{"harbour-college"},
		Activities: []string{"tides-101"}, Source: "lms-a", Country: "PT", Rate: 60, Test: true, Label: "course platform",
		Created: noon, Expires: noon.Add(time.Hour),
	}
}

func mint(t testing.TB, from Token) (Token, string) {
	t.Helper()
	token, text, err := New(from)
	if err != nil {
		t.Fatal(err)
	}
	return token, text
}

func TestRoundTrip(t *testing.T) {
	token, text := mint(t, grant())
	id, secret, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if id != token.ID {
		t.Errorf("id %q, want %q", id, token.ID)
	}
	if err := token.Verify(secret, noon); err != nil {
		t.Errorf("own secret: %v", err)
	}
	data, err := token.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, secret) {
		t.Error("the record contains the secret")
	}
	var back Token
	if err := back.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, token) {
		t.Errorf("read back %#v, want %#v", fields(back), fields(token))
	}
	if err := back.Verify(secret, noon); err != nil {
		t.Errorf("own secret after storing: %v", err)
	}
}

// fields drops the methods of Token, so that a failure shows the fields.
type fields struct {
	ID                        string
	SecretHash                [32]byte
	Scopes                    []Scope
	Issuers, Activities       []string
	Source, Country           string
	Rate                      int
	Test                      bool
	Label                     string
	Created, Expires, Revoked time.Time
}

func TestVerifyTellsApart(t *testing.T) {
	token, text := mint(t, grant())
	other, otherText := mint(t, grant())
	_, secret, _ := Parse(text)
	_, otherSecret, _ := Parse(otherText)
	revoked := token
	revoked.Revoked = noon
	open := token
	open.Expires = time.Time{}
	firstWrong, lastWrong := bytes.Clone(secret), bytes.Clone(secret)
	firstWrong[0] ^= 1
	lastWrong[len(lastWrong)-1] ^= 1

	for _, c := range []struct {
		name   string
		token  Token
		secret []byte
		at     time.Time
		want   error
	}{
		{"right", token, secret, noon, nil},
		{"one moment before the end", token, secret, token.Expires.Add(-1), nil},
		{"at the end", token, secret, token.Expires, ErrExpired},
		{"long after", token, secret, noon.AddDate(9, 0, 0), ErrExpired},
		{"without end", open, secret, noon.AddDate(99, 0, 0), nil},
		{"revoked", revoked, secret, noon.Add(-time.Hour), ErrRevoked},
		{"right id, another token's secret", token, otherSecret, noon, ErrSecret},
		{"other way round", other, secret, noon, ErrSecret},
		{"first byte wrong", token, firstWrong, noon, ErrSecret},
		{"last byte wrong", token, lastWrong, noon, ErrSecret},
		{"cut short", token, secret[:len(secret)-1], noon, ErrSecret},
		{"no secret", token, nil, noon, ErrSecret},
		{"the hash instead of the secret", token, token.SecretHash[:], noon, ErrSecret},
		{"wrong secret of a revoked token", revoked, otherSecret, noon, ErrSecret},
		{"wrong secret of an expired token", token, otherSecret, noon.AddDate(1, 0, 0), ErrSecret},
		{"zero token", Token{}, secret, noon, ErrSecret},
		{"zero token, no secret", Token{}, nil, noon, ErrSecret},
	} {
		if err := c.token.Verify(c.secret, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// A secret of which only the last byte is wrong takes as long as one of which none
// is right:
// medians of 20,000 comparisons, in turn.
func TestWrongSecretsTakeTheSameTime(t *testing.T) {
	token, text := mint(t, grant())
	_, secret, _ := Parse(text)
	near, far := bytes.Clone(secret), bytes.Clone(secret)
	near[len(near)-1] ^= 1
	for i := range far {
		far[i] ^= 1
	}
	var took [2][]time.Duration
	for range 10_000 {
		for n, wrong := range [][]byte{near, far} {
			start := time.Now()
			err := token.Verify(wrong, noon)
			took[n] = append(took[n], time.Since(start))
			if !errors.Is(err, ErrSecret) {
				t.Fatal(err)
			}
		}
	}
	var middle [2]time.Duration
	for n := range took {
		slices.Sort(took[n])
		middle[n] = took[n][len(took[n])/2]
	}
	if apart := (middle[0] - middle[1]).Abs(); apart > 5*time.Microsecond {
		t.Errorf("%v apart: %v and %v", apart, middle[0], middle[1])
	} else {
		t.Logf("medians of %v and %v", middle[0], middle[1])
	}
}

func TestParseRefuses(t *testing.T) {
	_, text := mint(t, grant())
	swap := func(i int, c byte) string {
		b := []byte(text)
		b[i] = c
		return string(b)
	}
	for name, s := range map[string]string{
		"empty": "", "prefix": "lrl_", "cut": text[:len(text)-1], "longer": text + "0", "blank": " " + text[1:],
		"new line": text[:len(text)-1] + "\n", "other prefix": "lrk_" + text[4:], "no id": strings.Replace(text, "_", "__", 1)[:len(text)],
		"non-ASCII id": swap(6, 0xC3), "dash": swap(30, '-'), "slash": swap(8, '/'), "underscore moved": swap(15, '_'),
		"bearer": "Bearer " + text, "JWT": "eyJhbGciOiJFZERTQSJ9.e30.AAAA", "huge": strings.Repeat(text, 1000),
	} {
		id, secret, err := Parse(s)
		if !errors.Is(err, ErrMalformed) || id != "" || secret != nil {
			t.Errorf("%s: got %q, %d bytes, %v", name, id, len(secret), err)
		}
	}
}

// A slip of one character, anywhere, is seen without asking the store; that is
// what the checksum is for.
func TestChecksumSeesEverySlip(t *testing.T) {
	_, text := mint(t, grant())
	for i := len(prefix); i < len(text); i++ {
		if text[i] == '_' {
			continue
		}
		b := []byte(text)
		b[i] = alphabet[(strings.IndexByte(alphabet, b[i])+1)%len(alphabet)]
		if _, _, err := Parse(string(b)); !errors.Is(err, ErrMalformed) {
			t.Errorf("slip at %d: %v", i, err)
		}
	}
}

func TestParseNeverRepeatsTheText(t *testing.T) {
	_, text := mint(t, grant())
	_, _, err := Parse(text[:len(text)-1] + "!")
	if err == nil || strings.Contains(err.Error(), text[len(prefix):20]) {
		t.Errorf("error shows a part of the token: %v", err)
	}
}

func TestTextsDiffer(t *testing.T) {
	seen := map[string]bool{}
	used := map[rune]bool{}
	for range 200 {
		token, text := mint(t, grant())
		_, secret, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if seen[token.ID] || seen[string(secret)] {
			t.Fatal("drawn twice")
		}
		seen[token.ID], seen[string(secret)] = true, true
		for _, r := range string(secret) {
			used[r] = true
		}
	}
	// 8,600 draws from 62 characters: one is missing once in 10^58 runs.
	if len(used) != len(alphabet) {
		t.Errorf("%d characters in use, want %d", len(used), len(alphabet))
	}
}

// Every scope opens its own door and no other.
func TestScopeMatrix(t *testing.T) {
	for _, held := range Scopes() {
		from := grant()
		from.Scopes = []Scope{held}
		token, _ := mint(t, from)
		for _, asked := range Scopes() {
			err := token.Allows(asked, "harbour-college")
			if asked == held && err != nil {
				t.Errorf("%s with %s: %v", asked, held, err)
			}
			if asked != held && (!errors.Is(err, ErrScope) || !errors.Is(err, ErrForbidden)) {
				t.Errorf("%s with %s: got %v, want ErrScope", asked, held, err)
			}
			if (token.AllowsScope(asked) == nil) != (asked == held) {
				t.Errorf("AllowsScope(%s) with %s", asked, held)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	narrow, _ := mint(t, grant())
	from := grant()
	from.Issuers, from.Activities, from.Source, from.Country = []string{Any}, nil, Any, ""
	wide, _ := mint(t, from)
	from.Source = ""
	silent, _ := mint(t, from)

	for _, c := range []struct {
		name string
		got  error
		want error
	}{
		{"own issuer", narrow.Allows(Issue, "harbour-college"), nil},
		{"foreign issuer", narrow.Allows(Issue, "hill-college"), ErrIssuer},
		{"prefix of the issuer", narrow.Allows(Issue, "harbour"), ErrIssuer},
		{"no issuer", narrow.Allows(Issue, ""), ErrIssuer},
		{"literal star", narrow.Allows(Issue, Any), ErrIssuer},
		{"any issuer", wide.Allows(Issue, "hill-college"), nil},
		{"any issuer is not no issuer", wide.Allows(Issue, ""), ErrIssuer},
		{"zero token", Token{}.Allows(Issue, "harbour-college"), ErrScope},
		{"own activity", narrow.AllowsActivity("tides-101"), nil},
		{"foreign activity", narrow.AllowsActivity("tides-102"), ErrActivity},
		{"no activity named", narrow.AllowsActivity(""), ErrActivity},
		{"unlimited activities", wide.AllowsActivity("tides-102"), nil},
		{"own source", narrow.AllowsSource("lms-a"), nil},
		{"foreign source", narrow.AllowsSource("lms-b"), ErrSource},
		{"any source", wide.AllowsSource("lms-b"), nil},
		{"any source, none named", wide.AllowsSource(""), ErrSource},
		{"no source", silent.AllowsSource("lms-a"), ErrSource},
		{"no source, none named", silent.AllowsSource(""), ErrSource},
		{"own country", narrow.AllowsCountry("PT"), nil},
		{"foreign country", narrow.AllowsCountry("KE"), ErrCountry},
		{"unknown country", narrow.AllowsCountry(""), ErrCountry},
		{"unlimited country", wide.AllowsCountry("KE"), nil},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
		if c.got != nil && !errors.Is(c.got, ErrForbidden) {
			t.Errorf("%s: %v is no ErrForbidden", c.name, c.got)
		}
	}
}

func TestParseScope(t *testing.T) {
	for _, name := range []string{"issue", "read", "revoke", "complete", "roster", "manage", "stats", "endorse", "vc:issue"} {
		if s, err := ParseScope(name); err != nil || string(s) != name {
			t.Errorf("ParseScope(%q) = %q, %v", name, s, err)
		}
	}
	for _, name := range []string{"", "Issue", "issue ", "*", "vc", "vc:", "issue,read", strings.Repeat("x", 1<<16)} {
		if s, err := ParseScope(name); !errors.Is(err, ErrUnknownScope) || s != "" {
			t.Errorf("ParseScope(%.20q) = %q, %v", name, s, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Token){
		"no scope":             func(t *Token) { t.Scopes = nil },
		"unknown scope":        func(t *Token) { t.Scopes = []Scope{"admin"} },
		"no issuer":            func(t *Token) { t.Issuers = nil },
		"empty issuer":         func(t *Token) { t.Issuers = []string{""} },
		"star and a name":      func(t *Token) { t.Issuers = []string{Any, "harbour-college"} },
		"control in an issuer": func(t *Token) { t.Issuers = []string{"a\nb"} },
		"empty activity":       func(t *Token) { t.Activities = []string{""} },
		"star activity":        func(t *Token) { t.Activities = []string{Any} },
		"control in source":    func(t *Token) { t.Source = "a\x00b" },
		"long country":         func(t *Token) { t.Country = "PRT" },
		"small country":        func(t *Token) { t.Country = "pt" },
		"rate below nothing":   func(t *Token) { t.Rate = -1 },
		"rate beyond all":      func(t *Token) { t.Rate = MaxRate + 1 },
		"long label":           func(t *Token) { t.Label = strings.Repeat("x", 201) },
		"label not UTF-8":      func(t *Token) { t.Label = "\xff" },
		"never created":        func(t *Token) { t.Created = time.Time{} },
		"expires at once":      func(t *Token) { t.Expires = t.Created },
		"revoked":              func(t *Token) { t.Revoked = noon },
	} {
		from := grant()
		spoil(&from)
		if token, text, err := New(from); !errors.Is(err, ErrInvalid) || text != "" || token.ID != "" {
			t.Errorf("%s: got %v, %d characters, %v", name, token, len(text), err)
		}
	}
}

// TestFirstRecords: tokens of stores from before there were rates and trials are
// neither bounded nor for trials.
func TestFirstRecords(t *testing.T) {
	from := grant()
	from.Rate, from.Test = 0, false
	token, _ := mint(t, from)
	data, err := token.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.Replace(data, []byte(`"v":2`), []byte(`"v":1`), 1)
	if bytes.Equal(first, data) || bytes.Contains(first, []byte("rate")) || bytes.Contains(first, []byte("test\"")) {
		t.Fatalf("%s is no record of version 1", first)
	}
	var back Token
	if err := back.UnmarshalBinary(first); err != nil || !reflect.DeepEqual(back, token) {
		t.Errorf("read back %#v, %v", fields(back), err)
	}
}

func TestNewTakesNoIDOrSecretFromOutside(t *testing.T) {
	from := grant()
	from.ID, from.SecretHash = "chosen000000", [32]byte{1}
	token, _ := mint(t, from)
	if token.ID == from.ID || token.SecretHash == from.SecretHash {
		t.Error("New kept an id or hash it was given")
	}
	from.Issuers[0] = "changed-afterwards"
	if token.Issuers[0] != "harbour-college" {
		t.Error("the token shares its limits with the caller")
	}
}

func TestNothingPrintsTheHash(t *testing.T) {
	token, text := mint(t, grant())
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "token", token)
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "token", &token)
	shown := []string{
		token.String(), fmt.Sprint(token), fmt.Sprintf("%v %+v %#v %s %q", token, token, token, token, token),
		fmt.Sprintf("%+v", struct{ T *Token }{&token}), fmt.Sprintf("%+v", []Token{token}), log.String(),
	}
	_, secret, _ := Parse(text)
	for _, s := range shown {
		for _, leak := range []string{string(secret), hex.EncodeToString(token.SecretHash[:]), fmt.Sprint(token.SecretHash[:4])[1:8], "course platform"} {
			if strings.Contains(s, leak) {
				t.Errorf("%q shows %q", s, leak)
			}
		}
		if !strings.Contains(s, token.ID) && !strings.HasPrefix(s, "{T:0x") {
			t.Errorf("%q does not name the token", s)
		}
	}
	if out, err := json.Marshal(token); err == nil {
		t.Errorf("JSON of a token: %s", out)
	}
}

func TestRecordRefuses(t *testing.T) {
	token, _ := mint(t, grant())
	good, err := token.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("%s has no %s", good, old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	for name, data := range map[string]string{
		"empty": "", "null": "null", "other JSON": "[]", "cut": string(good[:len(good)-1]), "twice": string(good) + string(good),
		"newer version": change(`"v":2`, `"v":3`), "no version": change(`"v":2,`, ``),
		"unknown limit": change(`"v":2`, `"v":2,"networks":["10.0.0.0/8"]`),
		"short hash":    change(`"secretHash":"`, `"secretHash":"AAAA","label":"`),
		"malformed id":  change(token.ID, "short"),
	} {
		into := token
		if err := into.UnmarshalBinary([]byte(data)); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: got %v, want ErrRecord", name, err)
		} else if !reflect.DeepEqual(into, token) {
			t.Errorf("%s: changed the token all the same", name)
		}
	}
}

func TestRecordProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := grant()
		from.Scopes = rapid.SliceOfNDistinct(rapid.SampledFrom(Scopes()), 1, 9, rapid.ID).Draw(t, "scopes")
		from.Issuers = rapid.SliceOfN(rapid.StringMatching(`[a-z][a-z0-9-]{0,20}`), 1, 4).Draw(t, "issuers")
		from.Country = rapid.StringMatching(`([A-Z]{2})?`).Draw(t, "country")
		if rapid.Bool().Draw(t, "endless") {
			from.Expires = time.Time{}
		}
		token, text, err := New(from)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "revoked") {
			token.Revoked = noon.Add(time.Minute)
		}
		data, err := token.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back Token
		if err := back.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, token) {
			t.Fatalf("read back %s", data)
		}
		id, secret, err := Parse(text)
		if err != nil || id != token.ID || !slices.Equal(back.Scopes, from.Scopes) {
			t.Fatal(id, err)
		}
		if err := back.Verify(secret, noon); !errors.Is(err, token.Verify(secret, noon)) {
			t.Fatal(err)
		}
	})
}

func FuzzParse(f *testing.F) {
	_, text, err := New(grant())
	if err != nil {
		f.Fatal(err)
	}
	for s, readable := range map[string]bool{text: true, text[:len(text)-1]: false, "lrl_": false, "": false} {
		if _, _, err := Parse(s); (err == nil) != readable {
			f.Fatalf("seed %q: %v", s, err)
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, secret, err := Parse(s)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if format(id, string(secret)) != s {
			t.Fatalf("%q has a second spelling", s)
		}
	})
}
