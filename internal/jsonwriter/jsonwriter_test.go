package jsonwriter_test

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"laurel/internal/jsonwriter"
)

// everything is an object with a member of each kind.
type everything struct {
	Text     string            `json:"text"`
	Left     string            `json:"left,omitempty"`
	List     []string          `json:"list"`
	LeftList []string          `json:"leftList,omitempty"`
	True     bool              `json:"true"`
	Number   *float64          `json:"number,omitempty"`
	Table    map[string]string `json:"table,omitempty"`
	Null     *string           `json:"null"`
	Objects  []struct{}        `json:"objects"`
}

func (e *everything) write() *jsonwriter.Writer {
	w := &jsonwriter.Writer{}
	w.Open()
	w.Always("text", e.Text)
	w.Text("left", e.Left)
	w.Names("list", e.List)
	w.Texts("leftList", e.LeftList)
	w.Boolean("true", e.True)
	w.Optional("number", e.Number)
	w.Table("table", e.Table)
	w.Name("null")
	w.Null()
	w.Name("objects")
	w.Array(len(e.Objects), func(int) { w.Open(); w.Close() })
	w.Close()
	return w
}

// TestWritesAsEncodingJSONDoes: the same bytes, without HTML escapes.
func TestWritesAsEncodingJSONDoes(t *testing.T) {
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "{", "[", "a\"b\\c/d", "<b>&amp;</b>", "\x00\x01\b\f\n\r\t\x1f\x7f", "é…\u2028\u2029\ufffd", "\xff", "a\xc3", "\xed\xa0\x80", "😀"}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	number := rapid.OneOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-6, 9.9e-7, 1e20, 1e21, -1e21, 5e-324, math.MaxFloat64}), rapid.Float64())
	rapid.Check(t, func(t *rapid.T) {
		e := everything{Text: text.Draw(t, "text"), Left: text.Draw(t, "left"), LeftList: rapid.SliceOf(text).Draw(t, "leftList"),
			True: rapid.Bool().Draw(t, "true"), Table: rapid.MapOf(text, text).Draw(t, "table"), Objects: make([]struct{}, rapid.IntRange(0, 3).Draw(t, "objects"))}
		if rapid.Bool().Draw(t, "there") {
			e.List, e.Number = rapid.SliceOf(text).Draw(t, "list"), rapid.Ptr(number, false).Draw(t, "number")
		}
		want, err := jsonwriter.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.write(); got.Err != nil || !bytes.Equal(got.B, want) {
			t.Fatalf("%v\n%s\nencoding/json:\n%s", got.Err, got.B, want)
		}
	})
}

// TestFirstErrorStays: what encoding/json refuses is refused, whatever follows.
func TestFirstErrorStays(t *testing.T) {
	w := &jsonwriter.Writer{}
	w.Open()
	w.Number("number", math.NaN())
	first := w.Err
	w.Number("number", math.Inf(1))
	w.Number("number", 1)
	if first == nil || w.Err != first {
		t.Errorf("first %v, then %v", first, w.Err)
	}
}
