package issuer

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRecordsAreWrittenAsEncodingJSONDoes fills every field of the records
// that encode themselves, so that one which is added is not forgotten there.
func TestRecordsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	encoders := map[string]func(t *rapid.T) (value any, encode func() ([]byte, error)){
		"record":  func(t *rapid.T) (any, func() ([]byte, error)) { v := random[Record](t); return v, v.head },
		"pointer": func(t *rapid.T) (any, func() ([]byte, error)) { v := random[pointer](t); return v, v.encode },
		"answer":  func(t *rapid.T) (any, func() ([]byte, error)) { v := random[keptAnswer](t); return v, v.encode },
		"event":   func(t *rapid.T) (any, func() ([]byte, error)) { v := random[Event](t); return v, v.encode },
	}
	for name, draw := range encoders {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			v, encode := draw(t)
			want, refused := json.Marshal(v)
			got, err := encode()
			switch {
			case (refused != nil) != (err != nil):
				t.Fatalf("encoding/json says %v, encode says %v", refused, err)
			case err == nil && !bytes.Equal(got, want):
				t.Fatalf("encoded:\n%s\nencoding/json:\n%s", got, want)
			}
		}))
	}
}

// TestRecordsAreReadAsEncodingJSONDoes reads what every field may hold, as it was
// written and with a byte of it changed.
func TestRecordsAreReadAsEncodingJSONDoes(t *testing.T) {
	t.Run("record", rapid.MakeCheck(func(t *rapid.T) {
		readAlike(t, (*Record).decode)
	}))
	t.Run("pointer", rapid.MakeCheck(func(t *rapid.T) {
		readAlike(t, (*pointer).decode)
	}))
}

func readAlike[T any](t *rapid.T, decode func(*T, []byte) error) {
	text := rapid.SampledFrom([]*rapid.Generator[string]{anyText, plainTexts}).Draw(t, "texts")
	written, err := json.Marshal(randomOf[T](t, text))
	if err != nil {
		return
	}
	if rapid.Bool().Draw(t, "changed") {
		at := rapid.IntRange(0, len(written)-1).Draw(t, "at")
		written[at] = rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte(`{}[]",:\0-.etn `))).Draw(t, "byte")
	}
	var got, want T
	refused := json.Unmarshal(written, &want)
	switch err := decode(&got, written); {
	case (refused != nil) != (err != nil):
		t.Fatalf("encoding/json says %v, decode says %v of %s", refused, err, written)
	case err == nil && !reflect.DeepEqual(got, want):
		t.Fatalf("%s\ndecoded:       %+v\nencoding/json: %+v", written, got, want)
	}
}

// TestPlainRecordsTakeTheShortWay: a field that is added is not forgotten there.
func TestPlainRecordsTakeTheShortWay(t *testing.T) {
	fields := reflect.TypeFor[Record]()
	for n := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(n).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		taken := false
		for _, m := range []plainValue{{raw: []byte("7")}, {raw: []byte("2026-06-30T12:00:00Z"), quoted: true}, {raw: []byte("AAAA"), quoted: true}} {
			taken = taken || new(Record).take(name, m)
		}
		if !taken {
			t.Errorf("%s is read by encoding/json alone", name)
		}
	}
}

// anyText and plainTexts are what texts are made of; of the latter is what is
// decoded by hand.
var (
	anyText    = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", "<&>\"\\", "\n\x7f\u2028\xff"}))
	plainTexts = rapid.StringMatching("[ !#-;=?-Z^-~]{0,9}")
)

func random[T any](t *rapid.T) *T { return randomOf[T](t, anyText) }

func randomOf[T any](t *rapid.T, text *rapid.Generator[string]) *T {
	v := new(T)
	fields := reflect.ValueOf(v).Elem()
	for i := range fields.NumField() {
		f := fields.Type().Field(i)
		if !f.IsExported() || f.Tag.Get("json") == "-" || rapid.IntRange(0, 4).Draw(t, "empty") == 0 {
			continue
		}
		fields.Field(i).Set(randomField(t, f.Type, text))
	}
	return v
}

func randomField(t *rapid.T, of reflect.Type, text *rapid.Generator[string]) reflect.Value {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.Unix(rapid.Int64Range(-1e11, 3e11).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).
			In(time.FixedZone("", rapid.IntRange(-50_000, 50_000).Draw(t, "zone"))))
	case of.Kind() == reflect.String:
		return reflect.ValueOf(text.Draw(t, "text")).Convert(of)
	case of.Kind() == reflect.Int:
		return reflect.ValueOf(rapid.Int().Draw(t, "number"))
	case of.Kind() == reflect.Bool:
		return reflect.ValueOf(rapid.Bool().Draw(t, "bool"))
	case of == reflect.TypeFor[[]byte]():
		return reflect.ValueOf(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	}
	if of == reflect.TypeFor[[]string]() {
		return reflect.ValueOf(rapid.SliceOf(text).Draw(t, "texts"))
	}
	t.Fatalf("the records have a %v, which this test does not know", of)
	return reflect.Value{}
}

// TestKeys: a key is its parts with slashes between, and an index is padded.
func TestKeys(t *testing.T) {
	for want, got := range map[string][]byte{
		"m": metaKey(), "a/first-aid/": achievementKey("first-aid/"), "x/academy-1/000007": indexKey("academy-1", 7),
		"x/academy-1/131071": indexKey("academy-1", listBits-1), "b/academy-1/": bitPrefix("academy-1"),
		"f/email/academy/AQI/": findKey("email", "academy", []byte{1, 2}, ""),
	} {
		if string(got) != want {
			t.Errorf("key %q, want %q", got, want)
		}
	}
}
