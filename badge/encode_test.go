package badge_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// written is what encoding/json makes of a value, without HTML escapes.
func written(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// filler puts random values into every exported field that it finds, so that a
// field added to the model is in the test from the first day.
type filler struct {
	*rapid.T
	texts *rapid.Generator[string]
}

func newFiller(t *rapid.T) filler {
	return filler{t, rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "Ana Example", "a\"b\\c/d", "<b>&amp;</b>", "\x00\x01\b\f\n\r\t\x1f\x7f", "é…\u2028\u2029\ufffd",
			"\xff", "a\xc3", "\xed\xa0\x80", "😀", "\xf0\x9f\x98"}),
		rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))}
}

var embedded = reflect.TypeFor[strictjson.Value]()

func (f filler) fill(v reflect.Value, depth int) {
	if v.Type() == embedded {
		parsed, err := strictjson.Parse([]byte(`{ "a": [1.50, "<\u2028>"] }`), strictjson.Limits{})
		if err != nil {
			f.Fatal(err)
		}
		v.Set(reflect.ValueOf(parsed))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.texts.Draw(f.T, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(f.T, "bool"))
	case reflect.Float64:
		v.SetFloat(rapid.OneOf(rapid.Float64Range(-1e7, 1e7), rapid.SampledFrom([]float64{0, 1, 4.5, 1e-6, 9.9e-7, 1e20, 1e21, -1e21, 5e-324, math.MaxFloat64}), rapid.Float64()).Draw(f.T, "number"))
	case reflect.Pointer:
		if depth > 0 && rapid.IntRange(0, 2).Draw(f.T, "there") > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth-1)
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(f.T, "length"); n >= 0 && depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				f.fill(v.Index(i), depth-1)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && rapid.IntRange(0, 3).Draw(f.T, "filled") > 0 {
				f.fill(v.Field(i), depth)
			}
		}
	default:
		f.Fatalf("the model has a %v, which this test does not know", v.Type())
	}
}

// TestCredentialIsWrittenAsEncodingJSONDoes holds the encoder to encoding/json,
// byte for byte, with the achievement and the issuer kept beforehand and not.
func TestCredentialIsWrittenAsEncodingJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c badge.Credential
		newFiller(t).fill(reflect.ValueOf(&c).Elem(), 5)
		want, err := written(&c)
		if err != nil {
			if _, err := badge.NewDocument(&c); err == nil {
				t.Fatal("encoding/json refuses this credential")
			}
			return
		}
		same(t, &c, want)
		if s := c.CredentialSubject; s != nil && s.Achievement != nil {
			keep(t, s.Achievement)
		}
		if c.Issuer != nil {
			keep(t, c.Issuer)
		}
		same(t, &c, want)
	})
}

func keep(t *rapid.T, part interface{ Keep() error }) {
	if err := part.Keep(); err != nil {
		t.Fatal(err)
	}
}

func same(t *rapid.T, c *badge.Credential, want []byte) {
	t.Helper()
	d, err := badge.NewDocument(c)
	if err != nil {
		t.Fatal(err)
	}
	if rest, texts := d.Split(nil); len(texts) > 0 {
		for _, text := range texts {
			quoted, err := written(text)
			if err != nil {
				t.Fatal(err)
			}
			rest = bytes.Replace(rest, []byte{0}, quoted[1:len(quoted)-1], 1)
		}
		if !bytes.Equal(rest, want) {
			t.Fatalf("put together again:\n%s\nencoding/json:\n%s", rest, want)
		}
	}
	if !d.Root().Exists() {
		t.Fatalf("this cannot be read: %s", d.Raw())
	}
	if !bytes.Equal(d.Raw(), want) {
		t.Fatalf("written:\n%s\nencoding/json:\n%s", d.Raw(), want)
	}
}

// TestKeptPartsAreOfTheirValueAlone: a copy that was changed is written as it
// is, not as what it was copied from.
func TestKeptPartsAreOfTheirValueAlone(t *testing.T) {
	a, p := &badge.Achievement{Name: "First aid"}, &badge.Profile{Name: "City Academy"}
	if err := a.Keep(); err != nil {
		t.Fatal(err)
	}
	if err := p.Keep(); err != nil {
		t.Fatal(err)
	}
	a2, p2 := *a, *p
	a2.Name, p2.Name = "Second aid", "Town Academy"
	d, err := badge.NewDocument(&badge.Credential{Issuer: &p2, CredentialSubject: &badge.AchievementSubject{Achievement: &a2}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Second aid", "Town Academy"} {
		if !strings.Contains(string(d.Raw()), name) {
			t.Errorf("%s is not in %s", name, d.Raw())
		}
	}
}
