package programme_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/store"
)

// orders is how many shuffles are tried on a backend: a few, or ORDER_ROUNDS
// (make order-long), and of these on PostgreSQL one in ten.
func orders(backend string) int {
	n, err := strconv.Atoi(os.Getenv("ORDER_ROUNDS"))
	switch {
	case err != nil:
		return 4
	case backend == "postgres":
		return n / 10
	}
	return n
}

// TestOrder sends the events in many orders, in batches of any size, by one
// client and by eight at once, to a store that fails now and then and to one
// that does not: in the end the same people hold the same badges, each once.
// The day of an award may differ: where a better result came first, that one
// decided.
func TestOrder(t *testing.T) {
	var want outcomes
	expected(t, "course-outcomes.json", &want)
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			for round := range orders(name) {
				random := rand.New(rand.NewPCG(20, uint64(round)))
				db := &flaky{Store: open(t), random: rand.New(rand.NewPCG(44, uint64(round)))}
				p := courseOn(t, db, "all")
				db.set(round % 2 * 3)
				var wg sync.WaitGroup
				for _, lane := range shuffled(random, events(t), []int{1, 8}[round/2%2]) {
					sizes := rand.New(rand.NewPCG(random.Uint64(), 1))
					wg.Go(func() { p.insist(t, sizes, lane) })
				}
				wg.Wait()
				db.set(0)
				if got := held(t, p); !maps.EqualFunc(got, want.LadderAll.Final, maps.Equal[map[string]string]) {
					t.Fatalf("round %d: %v\nwant %v", round, got, want.LadderAll.Final)
				}
				active, revoked := p.audit(t)
				if active+revoked != want.LadderAll.Totals.Credentials {
					t.Fatalf("round %d: %d badges, want %d", round, active+revoked, want.LadderAll.Totals.Credentials)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// insist sends events in batches and repeats what failed, as platforms do.
func (p *place) insist(t *testing.T, random *rand.Rand, lane []completion.Completion) {
	for len(lane) > 0 {
		n := 1 + random.IntN(min(len(lane), 12))
		_, err := p.Complete(context.WithoutCancel(t.Context()), everybody, lane[:n])
		switch {
		case errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrUnknownOutcome):
			time.Sleep(time.Duration(random.IntN(5)) * time.Millisecond)
		case err != nil:
			t.Error(err)
			return
		default:
			lane = lane[n:]
		}
	}
}

// flaky is a real store whose Updates fail now and then: before anything is
// done, or after it is, so that nobody can tell.
type flaky struct {
	store.Store
	mu     sync.Mutex
	random *rand.Rand
	often  int // of ten Updates
}

func (f *flaky) set(often int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.often = often
}

func (f *flaky) Update(ctx context.Context, do func(store.Tx) error) error {
	f.mu.Lock()
	fails, after := f.random.IntN(10) < f.often, f.random.IntN(2) == 0
	f.mu.Unlock()
	if fails && !after {
		return store.ErrBusy
	}
	if err := f.Store.Update(ctx, do); err != nil {
		return err
	}
	if fails {
		return store.ErrUnknownOutcome
	}
	return nil
}

// TestInterruptedLists: a list, a release and taking a list back that are cut
// short again and again come to the same end.
func TestInterruptedLists(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			db := &flaky{Store: open(t), random: rand.New(rand.NewPCG(3, 4))}
			p := placeOn(t, db)
			if _, err := p.PutActivity(t.Context(), file(t, "workshop-uh-kit-2025.json"), "test"); err != nil {
				t.Fatal(err)
			}
			again := func(do func() error) {
				t.Helper()
				db.set(6)
				defer db.set(0)
				for {
					err := do()
					if err == nil {
						return
					}
					if !errors.Is(err, store.ErrBusy) && !errors.Is(err, store.ErrUnknownOutcome) {
						t.Fatal(err)
					}
				}
			}
			for _, list := range []string{"workshop-roster.csv", "workshop-attendance.csv"} {
				again(func() error {
					_, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: activity, List: file(t, list)})
					return err
				})
			}
			again(func() error {
				_, err := p.Release(t.Context(), everybody, activity, "", nil)
				return err
			})
			if active, revoked := p.audit(t); active != 108 || revoked != 0 {
				t.Errorf("%d badges, and %d revoked", active, revoked)
			}
			uploads, err := p.Uploads(t.Context(), everybody, activity)
			if err != nil || len(uploads) != 2 {
				t.Fatalf("%+v, %v", uploads, err)
			}
			for _, u := range uploads {
				again(func() error {
					_, err := p.TakeBack(t.Context(), everybody, u.ID)
					return err
				})
			}
			if active, revoked := p.audit(t); active != 0 || revoked != 108 {
				t.Errorf("taken back: %d badges, and %d revoked", active, revoked)
			}
		})
	}
}

// shuffled deals the events to lanes in any order, but those of three learners,
// whose regrade, revocation and conflict live from it, in theirs.
func shuffled(random *rand.Rand, all []completion.Completion, lanes int) [][]completion.Completion {
	all = slices.DeleteFunc(slices.Clone(all), func(e completion.Completion) bool { return strings.HasPrefix(e.ID, "refused:") })
	ordered := []string{"u-1006", "u-1017", "u-1021"}
	inOrder := map[string][]completion.Completion{}
	for _, e := range all {
		inOrder[e.Learner.ID] = append(inOrder[e.Learner.ID], e)
	}
	random.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	dealt := make([][]completion.Completion, lanes)
	for n, e := range all {
		lane := n % lanes
		if i := slices.Index(ordered, e.Learner.ID); i >= 0 {
			lane = i % lanes
			e, inOrder[e.Learner.ID] = inOrder[e.Learner.ID][0], inOrder[e.Learner.ID][1:]
		}
		dealt[lane] = append(dealt[lane], e)
	}
	return dealt
}

// TestOrderOfNames tells of people whom one platform knows by number alone and
// another by name, and of whom a list has the numbers, in every order: in the end
// each is one person and holds what both platforms tell of.
func TestOrderOfNames(t *testing.T) {
	p := course(t, "all")
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	for n, order := range orders {
		mail := fmt.Sprintf("n%d@learner.example", n)
		steps := []func(){
			func() {
				p.tell(t, said{learner: fmt.Sprintf(`{"id":"n-%d"}`, n), facts: `{"points":{"achieved":51,"max":60}}`})
			},
			func() {
				p.tell(t, said{source: "lms-b", learner: fmt.Sprintf(`{"id":"%d","email":%q,"name":"Number %d"}`, 70+n, mail, n), facts: `{"visits":{"visited":44,"total":44}}`})
			},
			func() {
				list := fmt.Sprintf("ref,name,email\nn-%d,Number %d,%s\n", n, n, mail)
				row := p.upload(t, []byte(list), func(r *programme.Roster) { r.Activity, r.Source = "hc20", "lms-a" }).Rows[0]
				if row.Outcome == programme.OutcomeError {
					t.Errorf("order %v: %+v", order, row)
				}
			},
		}
		for _, i := range order {
			steps[i]()
		}
		held := slices.Sorted(maps.Keys(p.by(t, mail)))
		if !slices.Equal(held, []string{"hc20-achievement", "hc20-participation"}) || p.count(t, "P/live/l/") != n+1 {
			t.Errorf("order %v: holds %v, and %d people are known", order, held, p.count(t, "P/live/l/"))
		}
	}
	if open := p.open(t); len(open) != 0 {
		t.Errorf("open are %+v", open)
	}
	if active, revoked := p.audit(t); active != 2*len(orders) || revoked != 0 {
		t.Errorf("%d in force, %d revoked", active, revoked)
	}
}

// TestOrderAfterRevocation: a person has revoked the badge, and platforms go on to
// tell of what was done before and after, in any order: one question comes of it,
// and what is issued by its answer has the day of the best pass since, which
// decided.
func TestOrderAfterRevocation(t *testing.T) {
	p := course(t, "all")
	const people = 12
	of := func(n int) (learner, mail string) {
		mail = fmt.Sprintf("n%d@learner.example", n)
		return fmt.Sprintf(`{"id":"n-%d","email":%q,"name":"Number %d"}`, n, mail, n), mail
	}
	for n := range people {
		who, mail := of(n)
		p.tell(t, said{learner: who, facts: points("51")})
		if _, err := p.Revoke(t.Context(), p.by(t, mail)["hc20-achievement"].ID, "issued_in_error", "test", everybody.MayIssue); err != nil {
			t.Fatal(err)
		}
	}
	since := func(days int) string { return p.Clock.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	list := []said{{facts: points("60"), day: since(-9)}, {source: "lms-b", facts: points("20"), day: since(1)}, {facts: points("50"), day: since(2)},
		{source: "lms-b", facts: points("49"), day: since(3)}, {facts: points("58"), day: since(4)}}
	p.Clock.Advance(6 * 24 * time.Hour)
	for n := range people {
		who, mail := of(n)
		for _, i := range rand.New(rand.NewPCG(8, uint64(n))).Perm(len(list)) {
			e := list[i]
			e.learner = who
			p.tell(t, e)
		}
		open := p.open(t)
		if len(open) != 1 || open[0].Kind != programme.EarnedAgain {
			t.Fatalf("person %d: open are %+v", n, open)
		}
		if _, err := p.Decide(t.Context(), everybody, open[0].ID, programme.Issue); err != nil {
			t.Fatal(err)
		}
		if rec := p.by(t, mail)["hc20-achievement"]; rec.Status != issuer.Active || rec.AwardedAt.Format(time.DateOnly) != list[4].day {
			t.Errorf("person %d: %s of %s, want of %s", n, rec.Status, rec.AwardedAt, list[4].day)
		}
	}
	if active, revoked := p.audit(t); active != 2*people || revoked != people {
		t.Errorf("%d in force, %d revoked", active, revoked)
	}
}

// stand is what is known of a person, and with badges what they hold.
func (p *place) stand(t *testing.T, email string, badges bool) string {
	t.Helper()
	var lines []string
	id := ""
	records := issuertest.Snapshot(t, p.store)
	for k, v := range records {
		if strings.HasPrefix(k, "P/live/l/") && strings.Contains(v, `"`+email+`"`) {
			id = k[strings.LastIndexByte(k, '/')+1:]
		}
	}
	for k, v := range records {
		if strings.HasPrefix(k, "P/live/f/"+id+"/") {
			lines = append(lines, strings.ReplaceAll(k, id, "")+" "+v[strings.Index(v, `{"`):])
		}
	}
	if badges {
		for _, rec := range p.credentials(t, issuer.Filter{Email: email}) {
			if rec.Status == issuer.Active {
				lines = append(lines, rec.Achievement)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
