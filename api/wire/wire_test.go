package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"laurel/api/wire"
	"laurel/internal/door"
	"laurel/internal/strictjson"
)

func parse(t *testing.T, s string) strictjson.Value {
	t.Helper()
	v, err := wire.ParseJSON([]byte(s), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDigestIsOfWhatIsSaid(t *testing.T) {
	base := `{"a":"x","b":[1,{"c":true,"d":null}],"e":""}`
	for _, same := range []string{`{"e":"","b":[1,{"d":null,"c":true}],"a":"x"}`, " { \"a\" : \"\\u0078\",\n\"b\":[ 1 ,{\"c\":true,\"d\":null}],\"e\":\"\"} "} {
		if !bytes.Equal(wire.Digest(parse(t, base)), wire.Digest(parse(t, same))) {
			t.Errorf("%s differs", same)
		}
	}
	for _, other := range []string{
		`{"a":"x","b":[1,{"c":true,"d":null}]}`, `{"a":"x","b":[{"c":true,"d":null},1],"e":""}`, `{"a":"x","b":["1",{"c":true,"d":null}],"e":""}`,
		`{"a":"x","b":[1,{"c":false,"d":null}],"e":""}`, `{"a":"X","b":[1,{"c":true,"d":null}],"e":""}`, `{"a":"x","b":[1,[{"c":true,"d":null}]],"e":""}`,
		`[` + base + `]`, `{"A":"x","b":[1,{"c":true,"d":null}],"e":""}`, `{"a":"x","b":[1,{"c":true},{"d":null}],"e":""}`,
	} {
		if bytes.Equal(wire.Digest(parse(t, base)), wire.Digest(parse(t, other))) {
			t.Errorf("%s is the same", other)
		}
	}
	if !bytes.Equal(wire.Digest(parse(t, `{"a":1,"k":"x"}`), "k"), wire.Digest(parse(t, `{"a":1}`))) {
		t.Error("an omitted member counts")
	}
	if bytes.Equal(wire.Digest(parse(t, `{"a":{"k":"x"}}`), "k"), wire.Digest(parse(t, `{"a":{}}`))) {
		t.Error("a member is omitted below the top")
	}
}

func TestNegotiate(t *testing.T) {
	offers := []string{"application/vc", "application/json", "text/html"}
	for accept, want := range map[string]string{
		"": "application/vc", "*/*": "application/vc", "text/*": "text/html", "application/json;q=0.1, text/html;q=0.2": "text/html",
		"application/*;q=0.5, application/json": "application/json", "*/*, application/vc;q=0": "application/json",
		"image/png": "application/vc", "text/html;level=1": "text/html", strings.Repeat("text/html,", 300): "application/vc",
		"TEXT/HTML": "text/html", "text/html;q=1.5": "application/vc", "*/*;q=0.1, application/vc;q=0.05": "application/json",
	} {
		r := &http.Request{Header: http.Header{}}
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		if got := wire.Negotiate(r, offers...); got != want {
			t.Errorf("%.60q: %s, want %s", accept, got, want)
		}
	}
}

func TestTime(t *testing.T) {
	for text, want := range map[string]string{
		"2025-07-11": "2025-07-11T00:00:00Z", "2025-07-11T08:00:00Z": "2025-07-11T08:00:00Z", "2025-07-11T08:00:00.5+02:00": "2025-07-11T06:00:00.5Z",
		"2025-07-11t08:00:00z": "2025-07-11T08:00:00Z",
	} {
		if got, err := wire.Time(text); err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2025-7-1", "2025-02-29", "11.7.2025", "2025-07-11T08:00:00", "2025-07-11 08:00:00Z", "1752192000", "2025-07-11T25:00:00Z"} {
		if got, err := wire.Time(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestKeysAreBounded(t *testing.T) {
	for _, key := range []string{"", strings.Repeat("k", 256), "a\nb", "a\x00b", "a\x7fb"} {
		var f *wire.Fault
		if err := wire.CheckIdempotencyKey(key); !errors.As(err, &f) || f.Code != wire.InvalidKey {
			t.Errorf("%q: %v", key, err)
		}
	}
	for _, key := range []string{"k", strings.Repeat("k", 255), "Schlüssel 7", "6f2c9f0e-…"} {
		if err := wire.CheckIdempotencyKey(key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestMessagesOfWrongTypes(t *testing.T) {
	type inner struct{}
	var into struct {
		List   []string `json:"list"`
		Object inner    `json:"object"`
		Flag   bool     `json:"flag"`
	}
	for body, want := range map[string]string{
		`{"list":{}}`: "This should be an array, not an object.", `{"object":[]}`: "This should be an object, not an array.",
		`{"object":null}`: "This may not be null; give an object.", `{"flag":null}`: "This may not be null; give a boolean.",
		`{"flag":"yes"}`: "This should be a boolean, not a string.",
	} {
		var f *wire.Fault
		if err := wire.Decode(parse(t, body), &into); !errors.As(err, &f) || f.Detail != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestAnswersGoOutWhole: parts larger than net/http writes at a time come in their
// order, through a door and without one.
func TestAnswersGoOutWhole(t *testing.T) {
	parts := [][]byte{bytes.Repeat([]byte("a"), 5000), bytes.Repeat([]byte("b"), 9000), []byte("c")}
	for name, guarded := range map[string]bool{"through a door": true, "without one": false} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				wire.WriteAtOnce(w, r, "text/plain", http.StatusCreated, parts...)
			}))
			if guarded {
				s.Listener, s.Config.ConnContext = door.New(s.Listener, door.Bounds{All: 9, Each: 9}), door.With
			}
			s.Start()
			defer s.Close()
			for range 2 { // on one connection
				answer, err := s.Client().Get(s.URL)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(answer.Body)
				if err := errors.Join(err, answer.Body.Close()); err != nil {
					t.Fatal(err)
				}
				if answer.StatusCode != http.StatusCreated || answer.ContentLength != 14_001 || !bytes.Equal(got, bytes.Join(parts, nil)) {
					t.Errorf("%s, a length of %d, %d bytes", answer.Status, answer.ContentLength, len(got))
				}
			}
		})
	}
}
