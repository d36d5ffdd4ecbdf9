package facts_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"laurel/internal/strictjson"
	"laurel/programme/facts"
)

func value(t *testing.T, raw string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(raw), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRead(t *testing.T) {
	at := `"2025-03-03T12:00:00Z"`
	for raw, want := range map[string]string{
		`{}`: `{}`,
		`{"visits":{"visited":44,"total":44},"points":{"achieved":47.9,"max":60,"percentage":79.83}}`:  `{"visits":{"got":"44","of":"44","at":@},"points":{"got":"47.9","of":"60","at":@}}`,
		`{"visits":{"visited":" 44 ","total":"44.00000"},"points":{"achieved":"48.00000","max":"60"}}`: `{"visits":{"got":"44","of":"44","at":@},"points":{"got":"48","of":"60","at":@}}`,
		`{"points":{"achieved":66,"max":60}}`:                                                                  `{"points":{"got":"66","of":"60","at":@}}`,
		`{"points":{"achieved":0,"max":0},"visits":{"visited":0,"total":0}}`:                                   `{"visits":{"got":"0","of":"0","at":@},"points":{"got":"0","of":"0","at":@}}`,
		`{"points":{"achieved":1e-05,"max":6E1}}`:                                                              `{"points":{"got":"0.00001","of":"60","at":@}}`,
		`{"parts":{"m1":{"visits":{"visited":15,"total":15},"points":{"achieved":16,"max":20}},"m2":{"x":1}}}`: `{"parts":{"m1":{"visits":{"got":"15","of":"15","at":@},"points":{"got":"16","of":"20","at":@}}}}`,
		`{"sessions":["2025-06-20"," 2025-06-20 ","2025-06-27",""],"attended":"10"}`:                           `{"sessions":{"2025-06-20":@,"2025-06-27":@},"attended":{"n":10,"at":@}}`,
		`{"sessions":"2025-06-20"}`:                                                                            `{"sessions":{"2025-06-20":@}}`,
		`{"submissions":{"exercise":"accepted","essay":"","talk":null},"rubric":{"project":"proficient"}}`:     `{"submissions":{"exercise":{"accepted":@}},"rubrics":{"project":{"proficient":@}}}`,
		`{"passed":true,"role":"participant","hours":8}`:                                                       `{"roles":{"participant":@},"passed":@,"hours":{"number":"8","at":@}}`,
		`{"passed":"1","role":["participant","facilitator"],"hours":"1.5"}`:                                    `{"roles":{"facilitator":@,"participant":@},"passed":@,"hours":{"number":"1.5","at":@}}`,
		`{"passed":false}`: `{}`, `{"passed":"false"}`: `{}`, `{"passed":""}`: `{}`,
		`{"approved_by":"course-lead","waived":["hc20-m1"]}`: `{"approved":{"course-lead":@},"waived":{"hc20-m1":@}}`,
		`{"approved_by":["course-lead","dean"]}`:             `{"approved":{"course-lead":@,"dean":@}}`,
		`{"visits":null,"points":null,"parts":null,"sessions":null,"attended":null,"submissions":null,"rubric":null,"role":null,"passed":null,"approved_by":null,"waived":null,"hours":null}`: `{}`,
		`{"mood":"good","steps":{"a":-1}}`: `{}`,
	} {
		f, errs := facts.Read(value(t, raw), "/facts", day.In(time.FixedZone("", 3600)))
		if got := stored(t, f); len(errs) > 0 || got != strings.ReplaceAll(want, "@", at) {
			t.Errorf("%s\ngot  %s %v\nwant %s", raw, got, errs, want)
		}
	}
	for _, v := range []strictjson.Value{{}, value(t, "null")} {
		if f, errs := facts.Read(v, "/facts", day); !f.Empty() || len(errs) > 0 {
			t.Errorf("no facts: %s %v", stored(t, f), errs)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	long := strings.Repeat("x", facts.MaxWord+1)
	many := func(n int, each string) string { return strings.TrimSuffix(strings.Repeat(each+",", n), ",") }
	var parts []string
	for n := range facts.MaxParts + 1 {
		parts = append(parts, `"`+strings.Repeat("p", n%50)+string(rune('0'+n/50))+`":{}`)
	}
	for raw, want := range map[string]string{
		`[]`: "wrong_type /facts", `"x"`: "wrong_type /facts",
		`{"visits":{"visited":45,"total":44}}`:                    "visited_exceeds_total /facts/visits/visited",
		`{"visits":{"visited":44}}`:                               "required /facts/visits/total",
		`{"visits":{"visited":43.5,"total":44}}`:                  "number_invalid /facts/visits/visited",
		`{"visits":44}`:                                           "wrong_type /facts/visits",
		`{"points":{"achieved":-1,"max":60}}`:                     "negative_number /facts/points/achieved",
		`{"points":{"achieved":"-0.5","max":60}}`:                 "negative_number /facts/points/achieved",
		`{"points":{"achieved":50,"max":-60}}`:                    "negative_number /facts/points/max",
		`{"points":{"achieved":"47,9","max":60}}`:                 "number_invalid /facts/points/achieved",
		`{"points":{"achieved":"NaN","max":60}}`:                  "number_invalid /facts/points/achieved",
		`{"points":{"achieved":"0x1F","max":60}}`:                 "number_invalid /facts/points/achieved",
		`{"points":{"achieved":"1/2","max":60}}`:                  "number_invalid /facts/points/achieved",
		`{"points":{"achieved":"1_0","max":60}}`:                  "number_invalid /facts/points/achieved",
		`{"points":{"achieved":1e999999999,"max":60}}`:            "number_invalid /facts/points/achieved",
		`{"points":{"achieved":1e-99,"max":60}}`:                  "number_invalid /facts/points/achieved",
		`{"points":{"achieved":10000000000,"max":60}}`:            "number_invalid /facts/points/achieved",
		`{"points":{"achieved":true,"max":60}}`:                   "number_invalid /facts/points/achieved",
		`{"points":{"achieved":null,"max":60}}`:                   "required /facts/points/achieved",
		`{"parts":{"a/b":{"visits":{"visited":2,"total":1}}}}`:    "visited_exceeds_total /facts/parts/a~1b/visits/visited",
		`{"parts":{"":{}}}`:                                       "required /facts/parts/",
		`{"parts":{"m1":3}}`:                                      "wrong_type /facts/parts/m1",
		`{"parts":{"` + long + `":{}}}`:                           "too_long /facts/parts/" + long,
		`{"parts":{` + strings.Join(parts, ",") + `}}`:            "too_many /facts/parts",
		`{"sessions":["ok",7]}`:                                   "wrong_type /facts/sessions/1",
		`{"sessions":["a\nb"]}`:                                   "control_character /facts/sessions/0",
		`{"sessions":["a\u202eb"]}`:                               "control_character /facts/sessions/0",
		`{"sessions":[` + many(facts.MaxSessions+1, `"a"`) + `]}`: "too_many /facts/sessions",
		`{"role":[` + many(facts.MaxOthers+1, `"a"`) + `]}`:       "too_many /facts/role",
		`{"role":{"a":1}}`:                                        "wrong_type /facts/role",
		`{"submissions":{"exercise":true}}`:                       "wrong_type /facts/submissions/exercise",
		`{"submissions":["accepted"]}`:                            "wrong_type /facts/submissions",
		`{"rubric":{"project":"` + long + `"}}`:                   "too_long /facts/rubric/project",
		`{"attended":1.5}`:                                        "number_invalid /facts/attended",
		`{"attended":501}`:                                        "number_invalid /facts/attended",
		`{"attended":-1}`:                                         "negative_number /facts/attended",
		`{"attended":[1]}`:                                        "number_invalid /facts/attended",
		`{"hours":1000000}`:                                       "number_invalid /facts/hours",
		`{"passed":"yes"}`:                                        "wrong_type /facts/passed",
		`{"passed":1}`:                                            "wrong_type /facts/passed",
	} {
		_, errs := facts.Read(value(t, raw), "/facts", day)
		if len(errs) != 1 || errs[0].Rule+" "+errs[0].Pointer != want || errs[0].Detail == "" {
			t.Errorf("%.80s: %v, want %.80s", raw, errs, want)
		}
	}
	_, errs := facts.Read(value(t, `{"visits":{"visited":-1},"hours":"x","role":3}`), "", day)
	if len(errs) != 4 {
		t.Errorf("not every fault is told: %v", errs)
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct{ got, of, exact, cut string }{
		{"48", "60", "80", "80"}, {"47.9", "60", "479/6", "79.83"}, {"51", "60", "85", "85"}, {"49", "60", "245/3", "81.66"},
		{"50", "60", "250/3", "83.33"}, {"66", "60", "100", "100"}, {"0", "0", "0", "0"}, {"5", "0", "0", "0"}, {"0", "60", "0", "0"},
		{"59.99999", "60", "5999999/60000", "99.99"}, {"199", "250", "398/5", "79.6"}, {"1", "1000000", "1/10000", "0"},
	} {
		want, _ := new(big.Rat).SetString(c.exact)
		p := of(c.got, c.of, day).Percent()
		if p.Cmp(want) != 0 || facts.Cut(p) != c.cut {
			t.Errorf("%s of %s: %s, %s", c.got, c.of, p, facts.Cut(p))
		}
	}
	if p := (*facts.Share)(nil).Percent(); p.Sign() != 0 {
		t.Errorf("no share is %s", p)
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "": "!", " 47.90 ": "47.9", "48.00000": "48", "100": "100", "1000000000": "1000000000", "1000000000.1": "!",
		"0.97": "0.97", ".5": "!", "5.": "!", "+5": "!", "-0": "!", "1e3": "1000", "1.5E-3": "0.0015", "1e-30": "0.000000000000000000000000000001",
		"1e-31": "!", "1e100": "!", "0.30000000000000004": "0.30000000000000004", "٤٨": "!", "Inf": "!",
	} {
		n, err := facts.ParseNumber(text)
		if got := n.String(); err != nil && want != "!" || err == nil && got != want {
			t.Errorf("%q is %s, %v", text, got, err)
		}
		if err == nil {
			if again, err := facts.ParseNumber(n.String()); err != nil || again.Cmp(n) != 0 {
				t.Errorf("%q comes back as %s, %v", text, again, err)
			}
		}
	}
}
