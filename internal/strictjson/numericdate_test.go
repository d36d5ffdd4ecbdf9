package strictjson

import (
	"testing"
	"time"
)

func TestNumericDate(t *testing.T) {
	for text, want := range map[string]string{
		"0": "1970-01-01T00:00:00Z", "1795167000": "2026-11-20T09:30:00Z", "1795167000.9": "2026-11-20T09:30:00Z", "1.795167e9": "2026-11-20T09:30:00Z",
		"253402300799": "9999-12-31T23:59:59Z", "253402300800": "", "1e400": "", "-1": "", "null": "", `"1795167000"`: "", "[0]": "", "true": "",
	} {
		v, err := Parse([]byte(text), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := NumericDate(v); ok != (want != "") || ok && at.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %t", text, at, ok)
		}
	}
	if _, ok := NumericDate(Value{}); ok {
		t.Error("nothing is a moment")
	}
}
