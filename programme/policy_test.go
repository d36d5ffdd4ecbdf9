package programme_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/completion/completiontest"
)

// said is an event of a test: what is not said is left out.
type said struct {
	source, kind, day string // "lms-a", "progress", "2025-03-03"
	activity          string // "hc20"
	learner, facts    string // JSON
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// tell sends events, one by one, each under an id of its own.
func (p *place) tell(t testing.TB, list ...said) (answers []programme.Answer) {
	t.Helper()
	for _, e := range list {
		c := p.event(t, e)
		answer, err := p.Complete(t.Context(), everybody, []completion.Completion{c})
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		answers = append(answers, answer[0])
	}
	return answers
}

// event is what is said, under an id of its own.
func (p *place) event(t testing.TB, e said) completion.Completion {
	t.Helper()
	p.told++
	raw := fmt.Sprintf(`{"id":"e-%d","source":%q,"type":%q,"occurred_at":"%sT12:00:00Z","activity":%q,"learner":%s,"facts":%s}`,
		p.told, or(e.source, "lms-a"), or(e.kind, "progress"), or(e.day, "2025-03-03"), or(e.activity, "hc20"), e.learner, or(e.facts, "{}"))
	c, err := completiontest.Read([]byte(raw), "")
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return c
}

func results(answers []programme.Answer) string {
	var words []string
	for _, a := range answers {
		if a.Fault != nil {
			words = append(words, "fault")
		} else {
			words = append(words, string(a.Result))
		}
	}
	return strings.Join(words, " ")
}

func points(n string) string {
	return `{"visits":{"visited":44,"total":44},"points":{"achieved":` + n + `,"max":60}}`
}

// modules is all of the three modules visited, and so many of the 20 points of each.
func modules(n string) string {
	var parts []string
	for i, items := range []int{15, 15, 14} {
		parts = append(parts, fmt.Sprintf(`"m%d":{"visits":{"visited":%d,"total":%d},"points":{"achieved":%s,"max":20}}`, i+1, items, items, n))
	}
	return `{"parts":{` + strings.Join(parts, ",") + `}}`
}

const (
	ana       = `{"id":"u-1","email":"shared@learner.example","name":"Ana Prado"}`
	anaByMail = `{"email":" Shared@learner.example","name":"ana  PRADO"}`
	bo        = `{"id":"u-2","email":"shared@learner.example","name":"Bo Li"}`
	number    = `{"id":"u-1"}`
)

// TestPolicies goes through the cases in which it takes a policy to say who
// somebody is and what becomes of a badge.
func TestPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		events          []said
		want            string // result of each
		active, revoked int
		reviews         int
	}{
		"an unknown learner with an address": {[]said{{learner: ana, facts: points("51")}}, "issued", 2, 0, 0},
		"only a platform's number, and the name later": {[]said{{learner: number, facts: points("51")},
			{kind: "identity", learner: ana}}, "pending_identity issued", 2, 0, 0},
		"a number, and the name under an address that is known": {[]said{{source: "lms-b", learner: ana, facts: points("51")},
			{learner: number, facts: points("60")}, {kind: "identity", learner: ana}}, "issued pending_identity existing", 2, 0, 0},
		"a number, and another name under an address that is known": {[]said{{source: "lms-b", learner: bo, facts: points("51")},
			{learner: number, facts: points("60")}, {kind: "identity", learner: ana}}, "issued pending_identity held_for_review", 2, 0, 1},
		"an address without a name, and the name later": {[]said{{learner: `{"id":"u-1","email":"shared@learner.example"}`, facts: points("51")},
			{kind: "identity", learner: ana}}, "pending_identity issued", 2, 0, 0},
		"one person on two platforms": {[]said{{learner: ana, facts: points("51")},
			{source: "lms-b", learner: strings.Replace(ana, "u-1", "77", 1), facts: points("55")}}, "issued existing", 2, 0, 0},
		"one person on two platforms, by address alone": {[]said{{learner: ana, facts: points("51")},
			{source: "lms-b", learner: anaByMail, facts: points("55")}}, "issued existing", 2, 0, 0},
		"half on each of two platforms": {[]said{{learner: ana, facts: `{"points":{"achieved":51,"max":60}}`},
			{source: "lms-b", learner: strings.Replace(ana, "u-1", "77", 1), facts: `{"visits":{"visited":44,"total":44}}`}}, "issued existing", 2, 0, 0},
		"two platforms, one address, names that differ": {[]said{{learner: ana, facts: points("51")}, {source: "lms-b", learner: bo, facts: points("55")}},
			"issued held_for_review", 2, 0, 1},
		"a platform that is not to be believed": {[]said{{learner: ana, facts: points("51")}, {source: "lms-x", learner: ana, facts: points("55")}},
			"issued held_for_review", 2, 0, 1},
		"held, and more of the same": {[]said{{learner: ana, facts: points("51")}, {source: "lms-x", learner: ana, facts: points("55")},
			{source: "lms-x", learner: ana, facts: points("56")}}, "issued held_for_review held_for_review", 2, 0, 1},
		"the believed one comes second": {[]said{{source: "lms-x", learner: ana, facts: points("51")}, {learner: ana, facts: points("55")}},
			"issued held_for_review", 2, 0, 1},
		"a shared mailbox on one platform": {[]said{{learner: ana, facts: points("51")}, {learner: bo, facts: points("55")}}, "issued issued", 4, 0, 0},
		"a shared mailbox, and one of them by address alone": {[]said{{learner: ana, facts: points("51")}, {learner: bo, facts: points("55")},
			{learner: anaByMail, facts: points("60")}}, "issued issued existing", 4, 0, 0},
		"a shared mailbox, and neither name nor number": {[]said{{learner: ana, facts: points("51")}, {learner: bo, facts: points("55")},
			{learner: `{"email":"shared@learner.example"}`, facts: points("60")}}, "issued issued pending_identity", 4, 0, 1},
		"a platform that knows addresses alone, and is not believed": {[]said{{source: "lms-x", learner: anaByMail, facts: `{"visits":{"visited":22,"total":44}}`},
			{source: "lms-x", learner: anaByMail, facts: points("51")}}, "issued issued", 2, 0, 0},
		"the number comes after the address": {[]said{{source: "lms-x", learner: anaByMail, facts: `{"visits":{"visited":22,"total":44}}`},
			{source: "lms-x", learner: ana, facts: points("51")}, {source: "lms-x", learner: number, facts: points("52")}}, "issued issued existing", 2, 0, 0},
		"no address at all": {[]said{{learner: `{"id":"u-1","name":"Ana Prado"}`, facts: points("51")}}, "issued", 2, 0, 0},
		"another address, no other person": {[]said{{learner: ana, facts: points("51")},
			{learner: `{"id":"u-1","email":"ana@home.example"}`, facts: points("52")}, {source: "lms-b", learner: `{"email":"ana@home.example","name":"Ana Prado"}`, facts: points("53")}},
			"issued existing existing", 2, 0, 0},

		"better before the award":       {[]said{{learner: ana, facts: `{"points":{"achieved":20,"max":60}}`}, {learner: ana, facts: points("51")}}, "not_met issued", 2, 0, 0},
		"worse and late":                {[]said{{learner: ana, facts: points("51"), day: "2025-03-05"}, {learner: ana, facts: points("30"), day: "2025-03-04"}}, "issued existing", 2, 0, 0},
		"better after the award":        {[]said{{learner: ana, facts: points("51")}, {learner: ana, facts: points("60")}}, "issued existing", 2, 0, 0},
		"the next step":                 {[]said{{learner: ana, facts: points("30")}, {learner: ana, facts: points("51")}}, "issued issued", 2, 0, 0},
		"by quizzes alone":              {[]said{{learner: ana, facts: `{"points":{"achieved":51,"max":60}}`}}, "issued", 2, 0, 0},
		"exactly at the threshold":      {[]said{{learner: ana, facts: `{"points":{"achieved":"48.00000","max":"60"}}`}}, "issued", 2, 0, 0},
		"a hair below":                  {[]said{{learner: ana, facts: `{"points":{"achieved":47.9,"max":60}}`}}, "not_met", 0, 0, 0},
		"more than all":                 {[]said{{learner: ana, facts: `{"points":{"achieved":66,"max":60}}`}}, "issued", 2, 0, 0},
		"nothing of nothing":            {[]said{{learner: ana, facts: `{"points":{"achieved":0,"max":0}}`}}, "not_met", 0, 0, 0},
		"regraded down":                 {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", learner: ana, facts: points("40")}}, "issued held_for_review", 2, 0, 1},
		"regraded down and still above": {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", learner: ana, facts: points("49")}}, "issued existing", 2, 0, 0},
		"regraded up":                   {[]said{{learner: ana, facts: points("40")}, {kind: "regrade", learner: ana, facts: points("49")}}, "issued issued", 2, 0, 0},
		"a total, regraded by parts":    {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", day: "2025-03-05", learner: ana, facts: modules("2")}}, "issued held_for_review", 2, 0, 1},
		"a total, regraded by one part for the better": {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", day: "2025-03-05", learner: ana,
			facts: `{"parts":{"m1":{"points":{"achieved":20,"max":20}}}}`}}, "issued existing", 2, 0, 0},
		"a total, regraded by one part that does not leave it": {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", day: "2025-03-05", learner: ana,
			facts: `{"parts":{"m1":{"points":{"achieved":2,"max":20}}}}`}}, "issued held_for_review", 2, 0, 1},
		"parts, regraded by a total": {[]said{{learner: ana, facts: modules("18")}, {kind: "regrade", day: "2025-03-05", learner: ana, facts: `{"points":{"achieved":40,"max":60}}`}},
			"issued held_for_review", 5, 0, 1},
		"a total and parts, regraded by a total": {[]said{{learner: ana, facts: points("51")}, {learner: ana, facts: modules("18")},
			{kind: "regrade", day: "2025-03-05", learner: ana, facts: `{"points":{"achieved":40,"max":60}}`}}, "issued issued held_for_review", 5, 0, 1},
		"parts, regraded by a total that is enough": {[]said{{learner: ana, facts: modules("18")}, {kind: "regrade", day: "2025-03-05", learner: ana, facts: `{"points":{"achieved":49,"max":60}}`}},
			"issued existing", 5, 0, 0},
		"a total, regraded by parts that are enough": {[]said{{learner: ana, facts: points("59")}, {kind: "regrade", day: "2025-03-05", learner: ana, facts: modules("17")}},
			"issued issued", 5, 0, 0},
		"regraded by a total, and older parts come late": {[]said{{kind: "regrade", day: "2025-03-05", learner: ana, facts: `{"points":{"achieved":40,"max":60}}`}, {learner: ana, facts: modules("18")}},
			"not_met issued", 4, 0, 0},
		"regraded by parts, and an older total comes late": {[]said{{kind: "regrade", day: "2025-03-05", learner: ana, facts: modules("2")}, {learner: ana, facts: points("51")}},
			"issued existing", 1, 0, 0},
		"regraded by parts, and a newer total": {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", day: "2025-03-05", learner: ana, facts: modules("2")}, {day: "2025-03-06", learner: ana, facts: points("50")}},
			"issued held_for_review held_for_review", 2, 0, 1},
		"regraded by parts on one platform, passed on another": {[]said{{learner: ana, facts: points("51")}, {source: "lms-b", learner: anaByMail, facts: points("52")},
			{kind: "regrade", day: "2025-03-05", learner: ana, facts: modules("2")}}, "issued existing existing", 2, 0, 0},
		"regraded twice": {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", learner: ana, facts: points("40")}, {kind: "regrade", learner: ana, facts: points("41")}}, "issued held_for_review held_for_review", 2, 0, 1},
		"regraded, and an older report comes late": {[]said{{kind: "regrade", day: "2025-03-05", learner: ana, facts: points("24")},
			{day: "2025-03-01", learner: ana, facts: points("54")}, {day: "2025-03-06", learner: ana, facts: points("53")}}, "issued existing issued", 2, 0, 0},
		"passed, regraded, and an older report comes late": {[]said{{day: "2025-03-01", learner: ana, facts: points("50")},
			{kind: "regrade", day: "2025-03-05", learner: ana, facts: points("24")}, {day: "2025-03-02", learner: ana, facts: points("54")}}, "issued held_for_review existing", 2, 0, 1},
		"regraded, and an older regrade comes late": {[]said{{kind: "regrade", day: "2025-03-05", learner: ana, facts: points("24")},
			{kind: "regrade", day: "2025-03-03", learner: ana, facts: points("54")}}, "issued existing", 1, 0, 0},
		"regraded on one platform, passed on another": {[]said{{learner: ana, facts: points("51")}, {source: "lms-b", learner: anaByMail, facts: points("52")},
			{kind: "regrade", learner: ana, facts: points("40")}}, "issued existing existing", 2, 0, 0},
		"taken back": {[]said{{learner: ana, facts: points("51")}, {kind: "revocation", day: "2025-03-05", learner: ana}}, "issued revoked", 0, 2, 0},
		"taken back, and passed again": {[]said{{learner: ana, facts: points("51")}, {kind: "revocation", day: "2025-03-05", learner: ana},
			{day: "2025-03-07", learner: ana, facts: points("50")}}, "issued revoked issued", 2, 2, 0},
		"taken back, and an old report comes late": {[]said{{learner: ana, facts: points("51")}, {kind: "revocation", day: "2025-03-05", learner: ana},
			{day: "2025-03-04", learner: ana, facts: points("60")}}, "issued revoked not_met", 0, 2, 0},
		"taken back by one platform, passed on another": {[]said{{learner: ana, facts: points("51")}, {source: "lms-b", learner: anaByMail, facts: points("52")},
			{kind: "revocation", day: "2025-03-05", learner: ana}}, "issued existing ignored", 2, 0, 0},
		"regraded down, taken back and passed again": {[]said{{learner: ana, facts: points("51")}, {kind: "regrade", day: "2025-03-04", learner: ana, facts: points("40")},
			{kind: "revocation", day: "2025-03-06", learner: ana}, {day: "2025-03-07", learner: ana, facts: points("50")}}, "issued held_for_review revoked issued", 2, 2, 0},
		"taken back twice": {[]said{{learner: ana, facts: points("51")}, {kind: "revocation", day: "2025-03-05", learner: ana}, {kind: "revocation", day: "2025-03-06", learner: ana}},
			"issued revoked ignored", 0, 2, 0},
		"taken back late, and passed before and after": {[]said{{learner: ana, facts: points("51")}, {day: "2025-03-07", learner: ana, facts: points("50")},
			{kind: "revocation", day: "2025-03-05", learner: ana}, {kind: "revocation", day: "2025-03-06", learner: ana}}, "issued existing ignored ignored", 2, 0, 0},
		"taken back by one platform, and an old report of another comes late": {[]said{{learner: ana, facts: points("51")}, {kind: "revocation", day: "2025-03-05", learner: ana},
			{source: "lms-b", day: "2025-03-02", learner: anaByMail, facts: points("52")}}, "issued revoked issued", 2, 2, 0},
		"regraded late, and worse since": {[]said{{learner: ana, facts: points("51")}, {day: "2025-03-07", learner: ana, facts: points("49")},
			{kind: "regrade", day: "2025-03-05", learner: ana, facts: points("20")}}, "issued existing existing", 2, 0, 0},
		"regraded twice at one moment": {[]said{{kind: "regrade", learner: ana, facts: points("51")}, {kind: "regrade", learner: ana, facts: points("40")}},
			"issued held_for_review", 2, 0, 1},
		"regraded twice at one moment, the higher last": {[]said{{kind: "regrade", learner: ana, facts: points("40")}, {kind: "regrade", learner: ana, facts: points("51")}},
			"issued existing", 1, 0, 0},
		"nothing to take back":           {[]said{{kind: "revocation", learner: ana}}, "ignored", 0, 0, 0},
		"a name of the course":           {[]said{{source: "lms-b", activity: "course-v1:Urban+HC20+2024", learner: ana, facts: points("51")}}, "issued", 2, 0, 0},
		"a name that another source has": {[]said{{activity: "course-v1:Urban+HC20+2024", learner: ana, facts: points("51")}}, "fault", 0, 0, 0},
		"a course that nobody knows":     {[]said{{activity: "new-course", learner: ana, facts: points("51")}}, "fault", 0, 0, 0},
		"waived, and misspelt":           {[]said{{kind: "waiver", learner: ana, facts: `{"waived":["hc20-participation","hc20-acheivement"]}`}}, "fault", 0, 0, 0},
		"waived":                         {[]said{{kind: "waiver", learner: ana, facts: `{"waived":["hc20-participation"]}`}}, "issued", 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time goes to the disk
			p := course(t, "all")
			if got := results(p.tell(t, c.events...)); got != c.want {
				t.Errorf("the answers are %s, want %s", got, c.want)
			}
			if active, revoked := p.audit(t); active != c.active || revoked != c.revoked {
				t.Errorf("%d badges in force and %d revoked, want %d and %d", active, revoked, c.active, c.revoked)
			}
			if open := p.open(t); len(open) != c.reviews {
				t.Errorf("%d questions are open, want %d", len(open), c.reviews)
			}
		})
	}
}

// TestRegradeOrder: reports from before and after regrades, and the regrades,
// come to the same facts in any order.
func TestRegradeOrder(t *testing.T) {
	list := []said{{day: "2025-03-01", facts: points("55")}, {kind: "regrade", day: "2025-03-03", facts: points("30")},
		{day: "2025-03-04", facts: points("52")}, {kind: "regrade", day: "2025-03-05", facts: points("24")}, {day: "2025-03-07", facts: points("56")}}
	random := rand.New(rand.NewPCG(5, 3))
	for name, c := range map[string]struct {
		list []said
		want string
	}{"a better result after it": {list, `"56"`}, "the last word": {list[:4], `"24"`}} {
		t.Run(name, func(t *testing.T) {
			p := course(t, "all")
			for n := range 20 {
				for _, i := range random.Perm(len(c.list)) {
					e := c.list[i]
					e.learner = fmt.Sprintf(`{"id":"n-%d"}`, n)
					p.tell(t, e)
				}
			}
			told := map[string]int{}
			for k, v := range issuertest.Snapshot(t, p.store) {
				if strings.HasPrefix(k, "P/live/f/") {
					told[v[strings.Index(v, `{"told"`):]]++
				}
			}
			for v, n := range told {
				if n != 20 || !strings.Contains(v, `"points":{"got":`+c.want) {
					t.Errorf("of %d: %s", n, v)
				}
			}
		})
	}
}

// open are the questions that are open.
func (p *place) open(t testing.TB) []*programme.Review {
	t.Helper()
	open, err := p.Reviews(t.Context(), everybody)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// TestDayOfAward: a badge has the day of the fact that decided, and the
// language of who earned it.
func TestDayOfAward(t *testing.T) {
	p := course(t, "all")
	p.tell(t, said{learner: `{"id":"u-1","name":"Ana","language":"pt-BR"}`, facts: points("51"), day: "2025-03-04"})
	for _, rec := range p.credentials(t, issuer.Filter{}) {
		if rec.AwardedAt.Format(time.DateOnly) != "2025-03-04" || rec.Language != "pt-BR" {
			t.Errorf("%s: awarded %s, in %s", rec.Achievement, rec.AwardedAt, rec.Language)
		}
	}
	fault := p.tell(t, said{learner: ana, activity: "new-course", facts: points("51")})[0].Fault
	var e *badge.Error
	if !errors.As(fault, &e) || e.Rule != "unknown_activity" || e.Pointer != "/activity" {
		t.Errorf("an unknown course: %v", fault)
	}
	answer := p.tell(t, said{learner: bo, facts: `{"points":{"achieved":47.9,"max":60}}`})[0]
	n := slices.IndexFunc(answer.Open, func(o programme.Open) bool { return o.Achievement == "hc20-achievement" })
	if n < 0 || !strings.HasPrefix(answer.Open[n].Missing[0].Have, "79.83") {
		t.Errorf("79.83 %% is shown as %+v", answer.Open)
	}
}

// TestSamePerson: what a person says of two who may be one.
func TestSamePerson(t *testing.T) {
	decide := func(t *testing.T, p *place, d programme.Decision) {
		t.Helper()
		for range 2 { // to say it again changes nothing
			if _, err := p.Decide(t.Context(), everybody, p.first, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	held := func(t *testing.T) *place {
		p := course(t, "all")
		p.tell(t, said{learner: ana, facts: points("51")},
			said{source: "lms-x", learner: `{"id":"9","email":"shared@learner.example","name":"A. Prado"}`, facts: points("55")})
		p.first = p.open(t)[0].ID
		return p
	}
	t.Run("same", func(t *testing.T) {
		p := held(t)
		decide(t, p, programme.Same)
		if got := results(p.tell(t, said{source: "lms-x", learner: `{"id":"9"}`, facts: points("60")})); got != "existing" {
			t.Errorf("afterwards: %s", got)
		}
		if active, _ := p.audit(t); active != 2 {
			t.Errorf("%d badges", active)
		}
	})
	t.Run("different", func(t *testing.T) {
		p := held(t)
		decide(t, p, programme.Different)
		if active, _ := p.audit(t); active != 4 {
			t.Errorf("%d badges", active)
		}
		if _, err := p.Decide(t.Context(), everybody, p.first, programme.Same); !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("saying otherwise afterwards: %v", err)
		}
	})
	t.Run("three, one after the other", func(t *testing.T) {
		p := held(t)
		p.tell(t, said{source: "lms-y", learner: `{"id":"5","email":"shared@learner.example","name":"Ana P"}`, facts: points("60")})
		open := p.open(t)
		if len(open) != 2 {
			t.Fatalf("%d questions", len(open))
		}
		for _, q := range slices.Backward(open) {
			if _, err := p.Decide(t.Context(), everybody, q.ID, programme.Same); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range []said{{source: "lms-x", learner: `{"id":"9"}`}, {source: "lms-y", learner: `{"id":"5"}`}, {learner: number}} {
			e.facts = points("60")
			if got := results(p.tell(t, e)); got != "existing" {
				t.Errorf("%s: %s", e.source, got)
			}
		}
		if active, _ := p.audit(t); active != 2 {
			t.Errorf("%d badges", active)
		}
	})
}

// TestNumberOnAList: whom a platform reported by a number alone, a list of its
// numbers makes known, and what they earned is issued. The numbers of another
// platform, and the refs of an organiser, are others.
func TestNumberOnAList(t *testing.T) {
	p := course(t, "all")
	list := func(raw, source string) programme.Row {
		t.Helper()
		return p.upload(t, []byte(raw), func(r *programme.Roster) { r.Activity, r.Source = "hc20", source }).Rows[0]
	}
	const people = "ref,name,email\nu-1,Ana Prado,ana@learner.example\n"
	if got := results(p.tell(t, said{learner: number, facts: points("51")})); got != "pending_identity" {
		t.Fatal(got)
	}
	if r := list("ref\nu-1\n", ""); r.Code != "person_unknown" {
		t.Errorf("the organiser's own ref is taken for the platform's number: %+v", r)
	}
	if r := list("ref\nu-1\n", "lms-b"); r.Code != "person_unknown" {
		t.Errorf("the number of another platform: %+v", r)
	}
	if r := list(people, "lms-a"); r.Outcome != programme.OutcomeIssued {
		t.Errorf("made known: %+v", r)
	}
	if got := p.by(t, "ana@learner.example"); len(got) != 2 || got["hc20-achievement"].AwardedAt.Format(time.DateOnly) != "2025-03-03" {
		t.Errorf("issued: %v", got)
	}
	if got := results(p.tell(t, said{learner: number, facts: points("55")})); got != "existing" {
		t.Errorf("and is known from then on: %s", got)
	}
	if r := list("ref,name,email\nu-1,Cy Doe,cy@learner.example\n", "lms-a"); r.Code != "recipient_conflict" {
		t.Errorf("another name and address for the number: %+v", r)
	}
	if r := list("ref,name,email\nu-9,Dee Doe,ana@learner.example\n", "lms-a"); r.Code != "recipient_conflict" {
		t.Errorf("another number with the address: %+v", r)
	}
	var faults badge.Errors
	if _, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: "hc20", List: []byte(people), Source: "list/hc20"}); !errors.As(err, &faults) || faults[0].Rule != "source_invalid" {
		t.Errorf("a name that is no platform's: %v", err)
	}

	// Who stands on the organiser's own lists is joined with the number.
	if got := results(p.tell(t, said{learner: `{"id":"u-2"}`, facts: points("51")})); got != "pending_identity" {
		t.Fatal(got)
	}
	if r := list("ref,name,email\nP-02,Bo Li,bo@learner.example\n", ""); r.Outcome != programme.OutcomeNotMet {
		t.Errorf("%+v", r)
	}
	if r := list("ref,name,email\nu-2,Bo Li,bo@learner.example\n", "lms-a"); r.Outcome != programme.OutcomeIssued || p.count(t, "P/live/l/") != 2 {
		t.Errorf("joined: %+v, %d people", r, p.count(t, "P/live/l/"))
	}
	p.audit(t)
}
