package bundle_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"laurel/internal/bundle"
)

func sample() *bundle.Bundle {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)
	return &bundle.Bundle{CollectedAt: at,
		Badge: bundle.Document{Use: bundle.Badge, FetchedAt: at, Bytes: []byte(`{"a":"<é>"}`)},
		Documents: []bundle.Document{
			{Use: bundle.Key, Address: "https://school.example/did.json", MediaType: "application/did+json", FetchedAt: at.Add(time.Second), Bytes: []byte("{}")},
			{Use: bundle.Page, Address: "https://school.example/did.json", FetchedAt: at, Bytes: []byte{0, 255}},
			{Use: bundle.Status, Address: "http://127.0.0.1:8080/status/a?b=c&d", FetchedAt: at, Bytes: []byte{}},
		}}
}

func encode(t testing.TB, b *bundle.Bundle) []byte {
	t.Helper()
	raw, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	raw := encode(t, sample())
	if !bundle.Is(raw) {
		t.Error("it does not begin as one")
	}
	got, err := bundle.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Errorf("%+v", got)
	}
	if d, ok := got.Find(bundle.Page, "https://school.example/did.json"); !ok || !bytes.Equal(d.Bytes, []byte{0, 255}) {
		t.Errorf("%v, %t", d, ok)
	}
	if _, ok := got.Find(bundle.Status, "https://school.example/did.json"); ok {
		t.Error("a key document served as a status list")
	}
}

func TestWhatIsDamaged(t *testing.T) {
	whole := string(encode(t, sample()))
	for name, change := range map[string]struct {
		from, to string
		want     error
		says     string
	}{
		"a changed document":     {`"bytes": "e30="`, `"bytes": "e30K"`, bundle.ErrDamaged, "/documents/0 (\"https://school.example/did.json\"): the bundle is damaged: the document was changed"},
		"a changed badge":        {`"bytes": "eyJh`, `"bytes": "eyJi`, bundle.ErrDamaged, "/badge: "},
		"no digest":              {`"sha256": "44`, `"sha256": "45`, bundle.ErrDamaged, "SHA-256"},
		"another version":        {`"laurelBundle": 1`, `"laurelBundle": 2`, bundle.ErrVersion, `"2"`},
		"no version":             {`"laurelBundle": 1`, `"laurelBundle": "1"`, bundle.ErrVersion, ""},
		"no documents":           {`"documents":`, `"papers":`, bundle.ErrDamaged, "/documents"},
		"an unknown member":      {`"collectedAt"`, `"more": 1, "collectedAt"`, bundle.ErrDamaged, "/more"},
		"a name to a screen":     {`"collectedAt"`, `"\u001b[2J": 1, "collectedAt"`, bundle.ErrDamaged, `x1b`},
		"a name twice to one":    {`"collectedAt"`, `"\u001b[2J": 1, "\u001b[2J": 1, "collectedAt"`, bundle.ErrDamaged, "duplicate"},
		"a member twice":         {`"collectedAt"`, `"documents": [], "collectedAt"`, bundle.ErrDamaged, "duplicate"},
		"another beginning":      {`"laurelBundle": 1,`, ``, bundle.ErrDamaged, "begin"},
		"no moment":              {`"collectedAt": "2026-03-04T05:06:07.089Z"`, `"collectedAt": "2026-03-04"`, bundle.ErrDamaged, "/collectedAt"},
		"an end that is missing": {whole[len(whole)-20:], "", bundle.ErrDamaged, "json"},
		"more behind it":         {"\n}\n", "\n}\n{}", bundle.ErrDamaged, "json"},
		"a line in base64":       {`"bytes": "e30="`, `"bytes": "e3\n0="`, bundle.ErrDamaged, "base64"},
		"loose base64":           {`"bytes": "e30="`, `"bytes": "e31="`, bundle.ErrDamaged, "base64"},
		"an unknown use":         {`"use": "status"`, `"use": "gossip"`, bundle.ErrDamaged, "gossip"},
		"a second badge":         {`"use": "status"`, `"use": "badge"`, bundle.ErrDamaged, "use"},
		"a badge that is none":   {`"use": "badge"`, `"use": "page"`, bundle.ErrDamaged, "/badge"},
		"one twice":              {`"use": "page"`, `"use": "key"`, bundle.ErrDamaged, "twice"},
		"no address":             {`"address": "http://127.0.0.1:8080/status/a?b=c&d"`, `"address": ""`, bundle.ErrDamaged, "address"},
		"another scheme":         {`"address": "http:`, `"address": "file:`, bundle.ErrDamaged, "address"},
		"an address to a screen": {`/status/a`, `/status/\u001b[2J`, bundle.ErrDamaged, "address"},
		"a type to a screen":     {`application/did+json`, `application/\u001b`, bundle.ErrDamaged, "media type"},
	} {
		raw := strings.Replace(whole, change.from, change.to, 1)
		if raw == whole {
			t.Fatalf("%s: nothing was changed", name)
		}
		b, err := bundle.Parse([]byte(raw))
		if strings.ContainsAny(fmt.Sprint(err), "\x1b\n") {
			t.Errorf("%s: the error speaks to the screen: %q", name, err)
		}
		if b != nil && err == nil || !errors.Is(err, change.want) || !strings.Contains(fmt.Sprint(err), change.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		`{"laurelBundle":1`: true, " {\n\"laurelBundle\" :": true, `{"laurelBundles":1}`: false, `{"a":1,"laurelBundle":1}`: false, "": false, "ey.J.": false,
	} {
		if bundle.Is([]byte(text)) != want {
			t.Errorf("%q", text)
		}
	}
}

// FuzzParse: what is read can be written, and reads as the same.
func FuzzParse(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add([]byte(`{"laurelBundle":1,"collectedAt":"2026-03-04T05:06:07Z","badge":{"use":"badge","fetchedAt":"2026-03-04T05:06:07Z",` +
		`"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","bytes":""},"documents":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := bundle.Parse(raw)
		if err != nil {
			if b != nil || !errors.Is(err, bundle.ErrDamaged) && !errors.Is(err, bundle.ErrVersion) && !errors.Is(err, bundle.ErrTooLarge) {
				t.Fatalf("%v and %v", b, err)
			}
			return
		}
		again, err := b.Encode()
		if errors.Is(err, bundle.ErrTooLarge) {
			return // its spaces are more than those that were left out
		}
		if err != nil {
			t.Fatal(err)
		}
		same, err := bundle.Parse(again)
		if err != nil || !reflect.DeepEqual(b, same) {
			t.Fatalf("%v: %+v became %+v", err, b, same)
		}
	})
}
