package facts_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/internal/processortest"
	"laurel/programme/facts"
)

// report is one thing that a source tells: facts, a correction of them, or that
// all up to a time is taken back.
type report struct {
	kind  string
	at    time.Time
	facts facts.Facts
}

// source takes in reports as programme does: what happened before everything was
// taken back does not count, whenever it is told.
type source struct {
	facts.History
	dropped time.Time
}

func (s *source) take(r report) {
	switch {
	case r.kind == "revocation":
		if r.at.After(s.dropped) {
			s.dropped = r.at
		}
		s.Drop(s.dropped)
	case !r.at.After(s.dropped):
	case r.kind == "regrade":
		s.Regrade(r.facts, r.at)
	default:
		s.Tell(r.facts, r.at)
	}
}

func (s *source) stored(t fataler) string {
	raw, err := json.Marshal(s.History)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var told = rapid.Custom(func(t *rapid.T) report {
	f := known.Draw(t, "facts")
	for id, p := range f.Parts { // nobody tells that something does not count
		f.Parts[id] = facts.Part{Visits: p.Visits, Points: p.Points}
	}
	return report{rapid.SampledFrom([]string{"progress", "progress", "regrade", "revocation"}).Draw(t, "kind"), times.Draw(t, "at"), f}
})

// TestHistoryOrder: reports, regrades and revocations come to the same history
// in every order and however often, also where they were told of two records
// that are found to be of one person.
func TestHistoryOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(told, 1, 7).Draw(t, "reports")
		var straight source
		for _, r := range list {
			straight.take(r)
		}
		want := straight.stored(t)
		for range 6 {
			var again, other source
			for _, r := range rapid.Permutation(append(list, list[0])).Draw(t, "order") {
				if rapid.Bool().Draw(t, "of the other record") {
					other.take(r)
				} else {
					again.take(r)
				}
			}
			before := other.stored(t)
			again.Join(other.History)
			if again.Drop(other.dropped); other.dropped.Before(again.dropped) {
				again.Drop(again.dropped)
			}
			if got := again.stored(t); got != want {
				t.Fatalf("%s\nand in another order %s", want, got)
			}
			if other.stored(t) != before {
				t.Fatal("joining changed what was joined")
			}
		}
	})
}

// TestHistoryKnown: what counts is what a revocation and the regrades leave of
// all that was told, and the better of it, worked out here from all reports.
func TestHistoryKnown(t *testing.T) {
	points := func(n int) facts.Facts { return facts.Facts{Points: of(fmt.Sprint(n), "60", day)} }
	random := rand.New(rand.NewPCG(7, 9))
	for range 2000 {
		var s source
		var list []report
		for range 1 + random.IntN(9) {
			kind := []string{"progress", "progress", "progress", "regrade", "revocation"}[random.IntN(5)]
			r := report{kind, day.AddDate(0, 0, random.IntN(6)), points(random.IntN(4))}
			list = append(list, r)
			s.take(r)
		}
		for since := range 7 {
			after := day.AddDate(0, 0, since-1)
			got, want := s.Since(after), counted(list, after)
			if stored(t, got) != stored(t, want) {
				t.Fatalf("%v, since %s: %s, want %s", list, after, stored(t, got), stored(t, want))
			}
		}
	}
}

// counted is what of reports of points counts after a time.
func counted(list []report, after time.Time) (all facts.Facts) {
	var dropped, regraded time.Time
	for _, r := range list {
		if r.kind == "revocation" && r.at.After(dropped) {
			dropped = r.at
		}
	}
	for _, r := range list {
		if r.kind == "regrade" && r.at.After(dropped) && r.at.After(regraded) {
			regraded = r.at
		}
	}
	var lowest *facts.Share
	for _, r := range list {
		switch share := *r.facts.Points; {
		case !r.at.After(dropped) || !r.at.After(after) || r.at.Before(regraded):
		case r.kind == "progress" && r.at.After(regraded):
			share.At = r.at
			all.Merge(facts.Facts{Points: &share})
		case r.kind == "regrade" && (lowest == nil || share.Got.Cmp(lowest.Got) < 0):
			share.At = r.at
			lowest = &share
		}
	}
	all.Merge(facts.Facts{Points: lowest})
	return all
}

// TestLateCorrections: what lies after a revocation or a regrade that is told
// late counts, though it was no news when it was told.
func TestLateCorrections(t *testing.T) {
	on := func(n int) time.Time { return day.AddDate(0, 0, n) }
	tell := func(n int, got string) report {
		return report{"progress", on(n), facts.Facts{Points: of(got, "60", on(n)), Roles: facts.Set{"participant": on(n)}}}
	}
	for name, c := range map[string]struct {
		list []report
		want *facts.Share
	}{
		"worse, and a revocation between":      {[]report{tell(1, "50"), tell(4, "40"), {kind: "revocation", at: on(2)}}, of("40", "60", on(4))},
		"the same, and a revocation between":   {[]report{tell(1, "50"), tell(3, "50"), tell(4, "50"), {kind: "revocation", at: on(2)}}, of("50", "60", on(3))},
		"worse, and a regrade between":         {[]report{tell(1, "50"), tell(4, "40"), {"regrade", on(2), facts.Facts{Points: of("20", "60", on(2))}}}, of("40", "60", on(4))},
		"two regrades of one moment":           {[]report{{"regrade", on(2), facts.Facts{Points: of("20", "60", on(2))}}, {"regrade", on(2), facts.Facts{Points: of("30", "60", on(2))}}}, of("20", "60", on(2))},
		"everything before it":                 {[]report{tell(1, "50"), tell(2, "40"), {kind: "revocation", at: on(2)}}, nil},
		"a regrade that was taken back itself": {[]report{{"regrade", on(2), facts.Facts{Points: of("20", "60", on(2))}}, tell(4, "40"), {kind: "revocation", at: on(3)}, tell(1, "60")}, of("40", "60", on(4))},
	} {
		var s source
		for _, r := range c.list {
			s.take(r)
		}
		if got := s.Known(); stored(t, facts.Facts{Points: got.Points}) != stored(t, facts.Facts{Points: c.want}) {
			t.Errorf("%s: %s", name, stored(t, got))
		}
	}
}

// TestHistoryIsBounded: what is told again for ever does not grow for ever, and
// is still there after every correction.
func TestHistoryIsBounded(t *testing.T) {
	var s source
	for n := range 5 * facts.MaxMoments {
		s.take(report{"progress", day.Add(time.Duration(n) * time.Hour), facts.Facts{Points: of("50", "60", day), Sessions: facts.Set{"a": day}}})
	}
	if len(s.Told) > facts.MaxMoments {
		t.Errorf("%d moments are kept", len(s.Told))
	}
	if got := s.Known(); !got.Points.At.Equal(day) {
		t.Errorf("known since %s", got.Points.At)
	}
	s.take(report{kind: "revocation", at: day.Add(time.Duration(5*facts.MaxMoments-2) * time.Hour)})
	if got := s.Known(); got.Points == nil || len(got.Sessions) != 1 {
		t.Errorf("the last report is lost: %s", stored(t, got))
	}
}

// TestHistoryOfManyNames: a source that names something new each time costs a
// bounded time, and is told from one that tells the same again.
func TestHistoryOfManyNames(t *testing.T) {
	var s source
	began := processortest.Time()
	for n := 0; s.Size() <= facts.MaxKept; n++ {
		f := facts.Facts{Submissions: map[string]facts.Set{}, Points: of("50", "60", day)}
		for i := range 40 {
			f.Submissions[fmt.Sprintf("%d-%d", n, i)] = facts.Set{"accepted": day}
		}
		s.take(report{"progress", day.Add(time.Duration(n) * time.Hour), f})
	}
	if took := processortest.Time() - began; took > 30*time.Second { // 2 s at most; it was minutes
		t.Errorf("it took %s", took)
	}
	var same source
	f := facts.Facts{Sessions: facts.Set{}}
	for i := range facts.MaxSessions {
		f.Sessions[fmt.Sprint(i)] = day
	}
	for n := range 40 {
		same.take(report{"progress", day.Add(time.Duration(n) * time.Hour), f})
	}
	if n := same.Size(); n > facts.MaxKept || len(same.Known().Sessions) != facts.MaxSessions || !same.Known().Sessions["7"].Equal(day) {
		t.Errorf("%d things are kept of what was told again, and known are %d", n, len(same.Known().Sessions))
	}
}

// TestHistoryAsOnceKept: a record of one sum of all that was told is read as what
// was told at the times of its facts, and corrections that come late find those.
func TestHistoryAsOnceKept(t *testing.T) {
	const once = `{"facts":{"visits":{"got":"44","of":"44","at":"2025-03-01T12:00:00Z"},"points":{"got":"51","of":"60","at":"2025-03-04T12:00:00Z"},
		"sessions":{"a":"2025-03-01T12:00:00Z","b":"2025-03-04T12:00:00Z"},"submissions":{"essay":{"accepted":"2025-03-03T12:00:00Z"}}},
		"at":"2025-03-04T12:00:00Z","regraded":{"points":"2025-03-02T12:00:00Z"}}`
	var h facts.History
	if err := json.Unmarshal([]byte(once), &h); err != nil {
		t.Fatal(err)
	}
	var sum struct{ Facts facts.Facts }
	if err := json.Unmarshal([]byte(once), &sum); err != nil {
		t.Fatal(err)
	}
	if stored(t, h.Known()) != stored(t, sum.Facts) || len(h.Told) != 3 {
		t.Fatalf("read as %d moments: %s", len(h.Told), stored(t, h.Known()))
	}
	if before := h.Tell(facts.Facts{Points: of("60", "60", day)}, time.Date(2025, 3, 2, 0, 0, 0, 0, time.UTC)); !before.Empty() {
		t.Errorf("what was regraded counts: %s", stored(t, before))
	}
	raw, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var again facts.History
	if err := json.Unmarshal(raw, &again); err != nil || stored(t, again.Known()) != stored(t, sum.Facts) {
		t.Errorf("kept anew as %s, %v", raw, err)
	}
	h.Drop(time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC))
	if got := h.Known(); got.Visits != nil || got.Points == nil || len(got.Sessions) != 1 || len(got.Submissions) != 1 {
		t.Errorf("after a revocation: %s", stored(t, got))
	}
}

// TestHistoryShapes: a regrade of the whole takes the parts out of its sum, and one
// of a part takes the whole away, for what was told up to then: what is known is
// worked out here from all reports, in any order.
func TestHistoryShapes(t *testing.T) {
	things := []string{"", "m1", "m2"} // "" is the whole
	random := rand.New(rand.NewPCG(13, 1))
	took := 0
	for range 3000 {
		var list []report
		var about []string
		for range 1 + random.IntN(8) {
			one := things[random.IntN(len(things))]
			f := facts.Facts{Points: of(fmt.Sprint(random.IntN(8)), "8", day)}
			if one != "" {
				points := of(fmt.Sprint(random.IntN(4)), "4", day)
				f = facts.Facts{Parts: map[string]facts.Part{one: {Points: points}}}
			}
			list = append(list, report{[]string{"progress", "regrade"}[random.IntN(2)], day.AddDate(0, 0, random.IntN(4)), f})
			about = append(about, one)
		}
		want := shaped(list, about)
		for range 3 {
			var s source
			for _, i := range random.Perm(len(list)) {
				s.take(list[i])
			}
			if got := s.Known(); stored(t, got) != stored(t, want) {
				t.Fatalf("%v about %q: %s, want %s", list, about, stored(t, got), stored(t, want))
			}
		}
		if want.Points == nil && slices.Contains(about, "") || want.Parts["m1"].PointsApart != nil {
			took++
		}
	}
	if took < 100 {
		t.Errorf("regrades of another shape took something away %d times", took)
	}
}

// shaped is what of reports of points counts, each about the whole or one part.
func shaped(list []report, about []string) (all facts.Facts) {
	last := map[string]time.Time{} // regrade of each
	whole, parts := time.Time{}, time.Time{}
	for i, r := range list {
		if r.kind == "regrade" && r.at.After(last[about[i]]) {
			last[about[i]] = r.at
		}
	}
	for one, at := range last {
		if one == "" {
			whole = at
		} else if at.After(parts) {
			parts = at
		}
	}
	lowest, older := map[string]*facts.Share{}, []facts.Share{}
	add := func(one string, share facts.Share) {
		other := whole
		if one == "" {
			other = parts
		}
		since := share.At.After(other) || share.At.Equal(other) && share.At.Equal(last[one])
		switch {
		case one == "" && since:
			all.Merge(facts.Facts{Points: &share})
		case one == "":
			older = append(older, share)
		case one != "" && since:
			all.Merge(facts.Facts{Parts: map[string]facts.Part{one: {Points: &share}}})
		case one != "":
			all.Merge(facts.Facts{Parts: map[string]facts.Part{one: {PointsApart: &share}}})
		}
	}
	for i, r := range list {
		one := about[i]
		share := facts.Facts{Points: r.facts.Points}.Points
		if one != "" {
			share = r.facts.Parts[one].Points
		}
		dated := *share
		dated.At = r.at
		switch {
		case r.kind == "progress" && r.at.After(last[one]):
			add(one, dated)
		case r.kind == "regrade" && r.at.Equal(last[one]) && (lowest[one] == nil || dated.Got.Cmp(lowest[one].Got) < 0):
			lowest[one] = &dated
		}
	}
	for one, share := range lowest {
		add(one, *share)
	}
	for one, p := range all.Parts {
		if p.Points != nil && p.PointsApart != nil && p.Points.Got.Cmp(p.PointsApart.Got) > 0 {
			p.PointsApart = nil // surpassed, which no correction undoes
			all.Parts[one] = p
		}
	}
	all.Merge(facts.Facts{Points: bestOf(older, all.Parts, last)})
	return all
}

// bestOf is the best of totals from before a part was regraded that the parts leave
// possible, where they do not tell all: of eight points each has four.
func bestOf(totals []facts.Share, parts map[string]facts.Part, regraded map[string]time.Time) (best *facts.Share) {
	most, told := 8.0, 0
	for one, p := range parts {
		if p.Points == nil {
			continue
		}
		told++
		if _, yes := regraded[one]; yes {
			got, _ := p.Points.Got.Rat().Float64()
			most -= 4 - got
		}
	}
	for _, total := range totals {
		if slices.ContainsFunc(totals, func(o facts.Share) bool { return !o.At.Before(total.At) && o.Got.Cmp(total.Got) > 0 }) {
			continue // it is not kept: something of then or later surpasses it
		}
		got, _ := total.Got.Rat().Float64()
		if told < 2 && got <= most && (best == nil || total.Got.Cmp(best.Got) > 0 || total.Got.Cmp(best.Got) == 0 && total.At.Before(best.At)) {
			best = &total
		}
	}
	return best
}
