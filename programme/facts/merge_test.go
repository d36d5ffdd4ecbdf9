package facts_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/programme/facts"
)

var day = time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)

// The values are few, so that ties are many.
var (
	times  = rapid.Custom(func(t *rapid.T) time.Time { return day.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "day")) })
	number = rapid.Custom(func(t *rapid.T) facts.Number {
		n, err := facts.ParseNumber(rapid.SampledFrom([]string{"0", "0.5", "1", "2", "4", "47.9", "60", "66"}).Draw(t, "number"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	})
	share = rapid.Custom(func(t *rapid.T) facts.Share {
		return facts.Share{Got: number.Draw(t, "got"), Of: number.Draw(t, "of"), At: times.Draw(t, "at")}
	})
	words  = rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c"}), times)
	judged = rapid.MapOfN(rapid.SampledFrom([]string{"x", "y"}), rapid.Map(words, set), 0, 2)
	known  = rapid.Custom(func(t *rapid.T) facts.Facts {
		return facts.Facts{
			Visits: perhaps(t, share), Points: perhaps(t, share),
			Parts: rapid.MapOfN(rapid.SampledFrom([]string{"m1", "m2"}), rapid.Custom(func(t *rapid.T) facts.Part {
				return facts.Part{Visits: perhaps(t, share), Points: perhaps(t, share), VisitsApart: perhaps(t, share), PointsApart: perhaps(t, share)}
			}), 0, 2).Draw(t, "parts"),
			Sessions: set(words.Draw(t, "sessions")), Submissions: judged.Draw(t, "submissions"), Rubrics: judged.Draw(t, "rubrics"),
			Roles: set(words.Draw(t, "roles")), Approved: set(words.Draw(t, "approved")), Waived: set(words.Draw(t, "waived")),
			Passed: perhaps(t, times),
			Attended: perhaps(t, rapid.Custom(func(t *rapid.T) facts.Count {
				return facts.Count{N: rapid.IntRange(0, 3).Draw(t, "n"), At: times.Draw(t, "at")}
			})),
			Hours: perhaps(t, rapid.Custom(func(t *rapid.T) facts.Amount {
				return facts.Amount{Number: number.Draw(t, "hours"), At: times.Draw(t, "at")}
			})),
		}
	})
)

func set(m map[string]time.Time) facts.Set { return m }

func perhaps[T any](t *rapid.T, g *rapid.Generator[T]) *T {
	if rapid.Bool().Draw(t, "is there") {
		v := g.Draw(t, "it")
		return &v
	}
	return nil
}

// stored is the form that is kept, in which equal facts are equal.
func stored(t fataler, f facts.Facts) string {
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

type fataler interface{ Fatal(...any) }

func merged(all ...facts.Facts) facts.Facts {
	var f facts.Facts
	for _, g := range all {
		f.Merge(g)
	}
	return f
}

// TestMergeLaws: the order and the number of reports do not matter.
func TestMergeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := known.Draw(t, "a"), known.Draw(t, "b"), known.Draw(t, "c")
		before := stored(t, a) + stored(t, b) + stored(t, c)
		abc := stored(t, merged(a, b, c))
		for _, other := range [][]facts.Facts{{c, b, a}, {b, a, c}, {a, merged(b, c)}, {a, b, c, b}, {merged(a, b, c), merged(a, b, c)}} {
			if got := stored(t, merged(other...)); got != abc {
				t.Fatalf("%s\nand, otherwise merged, %s", abc, got)
			}
		}
		if after := stored(t, a) + stored(t, b) + stored(t, c); after != before {
			t.Fatalf("merging changed what was merged: %s, before %s", after, before)
		}
	})
}

// TestMergeGrows: nothing that was reached is lost, and nothing comes that
// nobody said.
func TestMergeGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := known.Draw(t, "a"), known.Draw(t, "b")
		ab := merged(a, b)
		for _, s := range [][3]*facts.Share{{a.Visits, b.Visits, ab.Visits}, {a.Points, b.Points, ab.Points}, {a.Parts["m1"].Points, b.Parts["m1"].Points, ab.Parts["m1"].Points}} {
			want := s[0].Percent()
			if p := s[1].Percent(); p.Cmp(want) > 0 {
				want = p
			}
			if s[2].Percent().Cmp(want) != 0 || (s[2] == nil) != (s[0] == nil && s[1] == nil) {
				t.Fatalf("%v and %v gave %v", s[0], s[1], s[2])
			}
		}
		for word := range ab.Sessions {
			x, inA := a.Sessions[word]
			y, inB := b.Sessions[word]
			if at := ab.Sessions[word]; !inA && !inB || inA && at.After(x) || inB && at.After(y) || !at.Equal(x) && !at.Equal(y) {
				t.Fatalf("session %s: %v and %v gave %v", word, x, y, at)
			}
		}
		if len(ab.Sessions) < max(len(a.Sessions), len(b.Sessions)) {
			t.Fatal("a session was lost")
		}
	})
}

// TestStoredForm: what is stored comes back exactly.
func TestStoredForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := known.Draw(t, "facts")
		raw := stored(t, f)
		var back facts.Facts
		if err := json.Unmarshal([]byte(raw), &back); err != nil {
			t.Fatal(err)
		}
		if again := stored(t, back); again != raw {
			t.Fatalf("%s came back as %s", raw, again)
		}
	})
}

func of(got, of string, at time.Time) *facts.Share {
	a, errA := facts.ParseNumber(got)
	b, errB := facts.ParseNumber(of)
	if errA != nil || errB != nil {
		panic(fmt.Sprint(errA, errB))
	}
	return &facts.Share{Got: a, Of: b, At: at}
}

func TestMergeShares(t *testing.T) {
	later := day.Add(time.Hour)
	for name, c := range map[string]struct{ a, b, want *facts.Share }{
		"the greater, later":            {of("47.9", "60", day), of("48", "60", later), of("48", "60", later)},
		"the greater, earlier":          {of("12", "60", later), of("49", "60", day), of("49", "60", day)},
		"a greater part of a smaller":   {of("9", "10", later), of("48", "60", day), of("9", "10", later)},
		"the same, earlier":             {of("4", "5", later), of("8", "10", day), of("8", "10", day)},
		"all of it is no more than all": {of("60", "60", day), of("66", "60", later), of("60", "60", day)},
		"nothing to be had is none":     {of("5", "0", day), of("1", "60", later), of("1", "60", later)},
		"none of it and nothing":        {of("5", "0", later), of("0", "60", day), of("0", "60", day)},
		"the same at the same time":     {of("4", "5", day), of("8", "10", day), of("8", "10", day)},
		"bonus at the same time":        {of("60", "60", day), of("66", "60", day), of("66", "60", day)},
	} {
		for _, order := range [][2]*facts.Share{{c.a, c.b}, {c.b, c.a}} {
			got := merged(facts.Facts{Points: order[0]}, facts.Facts{Points: order[1]})
			if want := stored(t, facts.Facts{Points: c.want}); stored(t, got) != want {
				t.Errorf("%s: %s, want %s", name, stored(t, got), want)
			}
		}
	}
}

// TestReplace: a regrade lowers what it names and leaves the rest.
func TestReplace(t *testing.T) {
	later := day.AddDate(0, 0, 14)
	f := facts.Facts{
		Visits: of("44", "44", day), Points: of("55", "60", day),
		Parts:       map[string]facts.Part{"m1": {Visits: of("15", "15", day), Points: of("20", "20", day)}, "m2": {Points: of("18", "20", day)}},
		Submissions: map[string]facts.Set{"exercise": {"accepted": day}, "essay": {"accepted": day}},
		Roles:       facts.Set{"participant": day}, Sessions: facts.Set{"1": day, "2": day},
		Attended: &facts.Count{N: 12, At: day},
	}
	before := f.Clone()
	f.Replace(facts.Facts{
		Points:      of("40", "60", later),
		Parts:       map[string]facts.Part{"m1": {Points: of("10", "20", later)}},
		Submissions: map[string]facts.Set{"exercise": {"resubmit": later}},
		Sessions:    facts.Set{"1": later},
		Attended:    &facts.Count{N: 9, At: later},
	})
	want := facts.Facts{
		Visits: of("44", "44", day), Points: of("40", "60", later),
		Parts:       map[string]facts.Part{"m1": {Visits: of("15", "15", day), Points: of("10", "20", later)}, "m2": {Points: of("18", "20", day)}},
		Submissions: map[string]facts.Set{"exercise": {"resubmit": later}, "essay": {"accepted": day}},
		Roles:       facts.Set{"participant": day}, Sessions: facts.Set{"1": later},
		Attended: &facts.Count{N: 9, At: later},
	}
	if stored(t, f) != stored(t, want) {
		t.Errorf("%s\nwant %s", stored(t, f), stored(t, want))
	}
	if before.Points.Percent().Cmp(f.Points.Percent()) <= 0 || len(before.Sessions) != 2 || before.Attended.N != 12 {
		t.Error("the copy changed with what it was copied from")
	}
}

// TestCloneIsApart: nothing done to a copy reaches the original.
func TestCloneIsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, g, h := known.Draw(t, "f"), known.Draw(t, "g"), known.Draw(t, "h")
		before := stored(t, f)
		c := f.Clone()
		if got := stored(t, c); got != before {
			t.Fatalf("the copy of %s is %s", before, got)
		}
		c.Merge(g)
		c.Replace(h)
		if after := stored(t, f); after != before {
			t.Fatalf("a change of the copy made %s of %s", after, before)
		}
	})
}

func TestEmpty(t *testing.T) {
	for name, f := range map[string]facts.Facts{
		"nothing": {}, "a part without facts": {Parts: map[string]facts.Part{"m1": {}}},
		"work without a status": {Submissions: map[string]facts.Set{"exercise": {}}}, "no sessions": {Sessions: facts.Set{}},
	} {
		if !f.Empty() {
			t.Errorf("%s: not empty", name)
		}
	}
	for name, f := range map[string]facts.Facts{
		"visits": {Visits: of("0", "0", day)}, "points": {Points: of("0", "1", day)},
		"visits of a part": {Parts: map[string]facts.Part{"m1": {Visits: of("0", "1", day)}}},
		"points of a part": {Parts: map[string]facts.Part{"m1": {Points: of("0", "1", day)}}},
		"a session":        {Sessions: facts.Set{"1": day}}, "attended": {Attended: &facts.Count{}},
		"a submission": {Submissions: map[string]facts.Set{"x": {"accepted": day}}}, "a rubric": {Rubrics: map[string]facts.Set{"x": {"proficient": day}}},
		"a role": {Roles: facts.Set{"participant": day}}, "passed": {Passed: &day}, "approved": {Approved: facts.Set{"lead": day}},
		"waived": {Waived: facts.Set{"all": day}}, "hours": {Hours: &facts.Amount{}},
	} {
		if f.Empty() {
			t.Errorf("%s: empty", name)
		}
	}
}
