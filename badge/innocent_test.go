package badge

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"laurel/internal/strictjson"
)

// TestInnocent: what one flat look finds innocent, a close look finds so too;
// and an ordinary document is found innocent.
func TestInnocent(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	names := []string{"a", "b", "id", "type", "", "@context", "@value", "@id", "@type", "_:a", "x:y", "_a", "endorsement", "proof", "é", "a\\u0000"}
	scalars := []string{`"x"`, `"_:x"`, `"\u0000"`, `"\\u0000"`, `1`, `-1.5`, `9007199254740991`, `9007199254740993`, `1e400`, `1e3`,
		`123456789012345`, `0.1234567890123456789012345678901234567890`, `true`, `null`, `[]`, `{}`, `""`}
	var value func(depth int) string
	object := func(depth int) string {
		members := map[string]bool{}
		var all []string
		for range r.IntN(4) {
			name := names[r.IntN(3+r.IntN(len(names)-2))]
			if !members[name] {
				members[name] = true
				all = append(all, fmt.Sprintf(`"%s":%s`, name, value(depth+1)))
			}
		}
		return "{" + strings.Join(all, ",") + "}"
	}
	value = func(depth int) string {
		switch n := r.IntN(8); {
		case n < 3 && depth < 5:
			return object(depth)
		case n == 3 && depth < 5:
			return "[" + value(depth+1) + "," + value(depth+1) + "]"
		case n == 4 && r.IntN(40) == 0:
			return strings.Repeat("[", 24-depth) + "1" + strings.Repeat("]", 24-depth)
		}
		return scalars[r.IntN(1+r.IntN(len(scalars)))]
	}
	innocents, guilty := 0, 0
	for range 60_000 {
		text := object(1)
		root, err := strictjson.Parse([]byte(text), strictjson.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		fault := closely(root, nil)
		if innocent(root) {
			innocents++
			if fault != nil {
				t.Fatalf("%s is found innocent, and has %v", text, fault)
			}
		} else if fault != nil {
			guilty++
		}
	}
	if innocents < 5_000 || guilty < 5_000 {
		t.Errorf("%d are found innocent, %d are not", innocents, guilty)
	}
	for _, depth := range []int{MaxDepth, MaxDepth + 1} {
		for name, text := range map[string]string{
			"lists":             `{"a":` + strings.Repeat("[", depth-1) + "1" + strings.Repeat("]", depth-1) + "}",
			"objects":           strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth),
			"the second member": `{"b":1,"a":` + strings.Repeat(`{"b":1,"a":`, depth-1) + "1" + strings.Repeat("}", depth),
		} {
			root, err := strictjson.Parse([]byte(text), strictjson.Limits{})
			if err != nil || (closely(root, nil) == nil) != (depth == MaxDepth) || innocent(root) != (depth == MaxDepth) {
				t.Errorf("%s of depth %d: %v, innocent: %t", name, depth, err, innocent(root))
			}
		}
	}
}
