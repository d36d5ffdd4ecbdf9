package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"laurel/store"
)

var modelCases = []testCase{
	{"random operations agree with a map", testModel},
}

// testModel runs random Updates, some of them aborted, beside a Go map.
func testModel(t *testing.T, p *place) {
	s := p.store()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := &model{space: fmt.Sprintf("%06d/", run), data: map[string]string{}}
		for range rapid.IntRange(1, 5).Draw(rt, "updates") {
			ops := drawOps(rt)
			abort := rapid.Bool().Draw(rt, "abort")
			after := m
			err := try(t.Context(), s, func(tx store.Tx) error {
				after = &model{space: m.space, data: maps.Clone(m.data)}
				for _, op := range ops {
					if err := after.apply(tx, op); err != nil {
						return err
					}
				}
				if abort {
					return errAbort
				}
				return nil
			})
			switch {
			case abort && errors.Is(err, errAbort):
			case err != nil || abort:
				rt.Fatalf("Update: %v", err)
			default:
				m = after
			}
			if err := s.View(t.Context(), func(r store.Reader) error { return m.compare(r, "", "") }); err != nil {
				rt.Fatalf("after the Update: %v", err)
			}
		}
	})
}

type op struct{ kind, key, value string }

func drawOps(t *rapid.T) []op {
	// Few letters and short keys, so that they meet and are prefixes of each
	// other; with both ends of the alphabet of bytes.
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00")), 1, 3, -1)
	key := rapid.Custom(func(t *rapid.T) string {
		return strings.ReplaceAll(letters.Draw(t, "letters"), "b", "\xff")
	})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) op {
		return op{
			kind:  rapid.SampledFrom([]string{"put", "put", "delete", "get", "scan", "sweep"}).Draw(t, "kind"),
			key:   key.Draw(t, "key"),
			value: key.Draw(t, "value"),
		}
	}), 1, 12).Draw(t, "ops")
}

// model is what the store should hold under the prefix space.
type model struct {
	space string
	data  map[string]string
}

func (m *model) apply(tx store.Tx, o op) error {
	key := m.space + o.key
	switch o.kind {
	case "put":
		m.data[key] = o.value
		return put(tx, key, o.value)
	case "delete":
		delete(m.data, key)
		return tx.Delete([]byte(key))
	case "get":
		want, wantOK := m.data[key]
		got, ok, err := get(tx, key)
		if got != want || ok != wantOK || err != nil {
			return fmt.Errorf("Get(%q) = %q, %v, %v; want %q, %v", key, got, ok, err, want, wantOK)
		}
		return nil
	case "scan":
		return m.compare(tx, o.key, m.space+o.value)
	}
	// sweep deletes what it is shown, and everything shown must be in the map.
	return tx.Scan([]byte(key), nil, func(k, v []byte) error {
		if want, ok := m.data[string(k)]; !ok || want != string(v) {
			return fmt.Errorf("sweep was shown %q = %q, want %q, %v", k, v, want, ok)
		}
		delete(m.data, string(k))
		return tx.Delete(k)
	})
}

// compare checks a scan of the space, and of what prefix and after leave of it.
func (m *model) compare(r store.Reader, prefix, after string) error {
	prefix = m.space + prefix
	var want []pair
	for _, k := range slices.Sorted(maps.Keys(m.data)) {
		if strings.HasPrefix(k, prefix) && k > after {
			want = append(want, pair{k, m.data[k]})
		}
	}
	got, err := scan(r, prefix, after)
	if err != nil || !slices.Equal(got, want) {
		return fmt.Errorf("Scan(%q, %q) = %q, %v; want %q", prefix, after, got, err, want)
	}
	return nil
}
