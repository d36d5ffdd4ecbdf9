//go:build !race

// One goroutine: the race detector has nothing to see here, and takes half a minute.

package pages_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/api/pages"
	"laurel/badge"
	"laurel/internal/processortest"
	"laurel/verifier"
)

// payloads are what strangers write into badges.
var payloads = map[string]string{
	"script":          `<script>alert(1)</script>`,
	"attribute":       `"><img src=x onerror=alert(1)>' onmouseover='alert(1)`,
	"javascript":      `javascript:alert(1)`,
	"data":            `data:text/html;base64,PHNjcmlwdD4=`,
	"protocol less":   `//evil.example/x`,
	"user":            `https://who.example@evil.example/`,
	"mixed case":      `JaVaScRiPt:alert(1)`,
	"tab in scheme":   "java\tscript:alert(1)",
	"markdown link":   `[x](javascript:alert(1)) [y](java%0Ascript:alert(1)) [z](vbscript:x) [w](data:text/html,x) [r](/v1/x)`,
	"markdown image":  `![p](https://evil.example/p.png) <img src=x onerror=alert(1)>`,
	"markdown html":   "<svg onload=alert(1)>\n\n<iframe src=https://evil.example></iframe>\n\n# One\n\n<https://evil.example/ok>",
	"markdown ref":    "[a][b]\n\n[b]: javascript:alert(1)\n\n<javascript:alert(1)>",
	"markdown title":  "[a](https://evil.example/ \"x' onclick='alert(1)\")",
	"entities":        `&lt;script&gt;alert(1)&lt;/script&gt; &#x3c;script>`,
	"template":        `{{.}} {Name} ${x} <%= x %>`,
	"bidi":            "Ana \u202egnp.exe\u2066 \u2067 x",
	"control":         "a\u0000b\u001b[31mc\u0085\u2028d",
	"formula":         `=HYPERLINK("https://evil.example","x")`,
	"closing":         `</title></head></dl></section></main></html><body onload=alert(1)>`,
	"comment":         `<!-- --><![CDATA[ ]]>`,
	"zalgo":           strings.Repeat("Z\u0301\u0302\u0303\u0304", 300),
	"long":            strings.Repeat("N", 10_000),
	"long markdown":   strings.Repeat("[a](", 6_000),
	"nested markdown": strings.Repeat("> - ", 4_000) + "x",
	"language":        `en" onload="alert(1)`,
}

// poison replaces every string of a document but those that say what kind of
// thing something is; long payloads stand only where prose does, because a
// badge has a size.
func poison(v any, payload string) any {
	switch v := v.(type) {
	case string:
		return payload
	case []any:
		for i := range v {
			v[i] = poison(v[i], payload)
		}
	case map[string]any:
		for name := range v {
			_, whole := v[name].(string)
			prose := slices.Contains([]string{"name", "narrative", "description"}, name)
			if name != "@context" && name != "type" && (len(payload) < 5_000 || !whole || prose) {
				v[name] = poison(v[name], payload)
			}
		}
	}
	return v
}

func poisoned(t *testing.T, file, payload string) *badge.Document {
	t.Helper()
	var tree any
	if err := json.Unmarshal(document(t, file).Raw(), &tree); err != nil {
		t.Fatal(err)
	}
	subject := tree.(map[string]any)["credentialSubject"].(map[string]any)
	subject["narrative"] = "n"
	tree.(map[string]any)["evidence"] = []any{map[string]any{"id": "i", "type": []any{"Evidence"}, "name": "n", "narrative": "m", "genre": "g"}}
	tree.(map[string]any)["extra"+payload] = "e"
	raw, err := json.Marshal(poison(tree, payload))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(raw))
}

func TestHostileBadges(t *testing.T) {
	w := newWorld(t)
	for _, name := range slices.Sorted(maps.Keys(payloads)) {
		t.Run(name, func(t *testing.T) {
			doc := poisoned(t, planning, payloads[name])
			all := states(doc)
			reports := map[string]*verifier.Report{"valid": all["valid, not listed"], "tampered": all["tampered"]}
			for state, page := range everyPage(t, w, "en", doc, reports) {
				d := hold(t, state, page, "en", "ltr")
				if strings.ContainsAny(page, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b") {
					t.Errorf("%s: a steering character came through", state)
				}
				if n := len([]rune(one(t, d.named("h1"), "h1").text())); n > 700 {
					t.Errorf("%s: a headline of %d characters", state, n)
				}
				if n := len([]rune(one(t, d.named("title"), "title").text())); n > 400 {
					t.Errorf("%s: a title of %d characters", state, n)
				}
			}
		})
	}
}

// TestMarkdownIsBounded: no narrative that is let through takes much
// longer than an honest one of the same length, measured in the same run, as the
// processor counts it.
func TestMarkdownIsBounded(t *testing.T) {
	w := newWorld(t)
	render := func(source string) time.Duration {
		a := &badge.Achievement{Name: "A", Criteria: &badge.Criteria{Narrative: source}}
		began := processortest.Time()
		if err := w.pages.Achievement(new(bytes.Buffer), w.catalog.For("en"), pages.AchievementPage{Achievement: a}); err != nil {
			t.Fatal(err)
		}
		return processortest.Time() - began
	}
	honest := strings.Repeat("An *honest* narrative with [a link](https://x.example/). ", 350)
	render(honest) // the first one warms up
	least := max(render(honest), time.Millisecond)
	for _, source := range []string{strings.Repeat("[a](", 5_000), strings.Repeat("> ", 10_000), strings.Repeat("*a ", 6_600),
		strings.Repeat("`", 20_000), strings.Repeat("- ", 10_000), strings.Repeat("![", 10_000), strings.Repeat("<", 20_000)} {
		took := min(render(source), render(source))
		t.Logf("%.10q… %.1f times an honest one", source, float64(took)/float64(least))
		if took > 200*least {
			t.Errorf("%.10q… took %s, an honest one %s", source, took, least)
		}
	}
}
