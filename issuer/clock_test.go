package issuer_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/store"
)

// TestClockThatWentBack: nothing is signed as if it were earlier than what was
// signed before, by whatever way it comes; a correction of seconds does not
// matter, nor a clock that goes ahead.
func TestClockThatWentBack(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	first := p.issue(t, award("first")).Record
	p.Clock.Advance(-5 * time.Second)
	p.issue(t, award("corrected"))
	p.Clock.Advance(5 * time.Second)
	for _, back := range []time.Duration{6 * time.Second, 10 * time.Minute, 365 * 24 * time.Hour} {
		p.Clock.Advance(-back)
		before := issuertest.Snapshot(t, p.Store)
		a := keyed(award("second"), "key", "body")
		a.AwardedAt = p.Clock.Now().Add(-time.Hour)
		if issued, err := p.Issue(t.Context(), a); issued != nil || !errors.Is(err, issuer.ErrClock) {
			t.Errorf("%s back: %+v, %v", back, issued, err)
		}
		if _, err := p.Reissue(t.Context(), amendment(first.ID), issuer.Correction{Name: ptr("Person other")}); !errors.Is(err, issuer.ErrClock) {
			t.Errorf("%s back, a correction: %v", back, err)
		}
		if made, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.EdDSA}}); made != nil || !errors.Is(err, issuer.ErrClock) {
			t.Errorf("%s back, a key: %v", back, err)
		}
		if doc, err := p.signForeign(t, foreignCredential); doc != nil || !errors.Is(err, issuer.ErrClock) {
			t.Errorf("%s back, for the VC-API: %v", back, err)
		}
		if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
			t.Errorf("%s back: something was stored", back)
		}
		// Withdrawing goes on: it only ever makes badges worse.
		if _, err := p.StatusList(t.Context(), academy+"-1"); err != nil {
			t.Errorf("%s back: no status list: %v", back, err)
		}
		p.Clock.Advance(back)
	}
	if issued := p.issue(t, keyed(award("second"), "key", "body")); issued.Replayed {
		t.Errorf("%+v", issued)
	}
	p.Clock.Advance(365 * 24 * time.Hour)
	p.issue(t, award("third"))
}

// TestClockBeforeTheStore: a machine that starts without knowing the time
// issues nothing until it knows it.
func TestClockBeforeTheStore(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy}})
	const long = 50 * 365 * 24 * time.Hour
	p.Clock.Advance(-long)
	i := p.with(t, func(*issuer.Config) {})
	before := issuertest.Snapshot(t, p.Store)
	a := award("ana")
	a.AwardedAt = p.Clock.Now().Add(-time.Hour)
	if issued, err := i.Issue(t.Context(), a); issued != nil || !errors.Is(err, issuer.ErrClock) {
		t.Errorf("%+v, %v", issued, err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("something was stored")
	}
	p.Clock.Advance(long)
	if _, err := i.Issue(t.Context(), award("ana")); err != nil {
		t.Error(err)
	}
}

// TestClockAFewSecondsBehind: what begins now, by the time that stands still, is
// not refused as not valid yet when it is read back.
func TestClockAFewSecondsBehind(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	p.putTrainer(t)
	a := award("ana")
	a.Achievement = academy + "-trainer"
	first, last := p.issue(t, a).Record, p.Clock.Now()
	p.Clock.Advance(-3 * time.Second)
	for name, awarded := range map[string]time.Time{"bo": p.Clock.Now(), "cy": last} {
		a := award(name)
		a.AwardedAt = awarded
		if _, err := p.Issue(t.Context(), a); err != nil {
			t.Errorf("awarded at %s: %v", awarded, err)
		}
	}
	if issued, err := p.Reissue(t.Context(), amendment(first.ID), issuer.Correction{Name: ptr("Person other")}); err != nil || issued.Record.Edition != 2 {
		t.Errorf("a correction: %v", err)
	}
	if issued, err := p.Renew(t.Context(), amendment(first.ID), last.AddDate(4, 0, 0)); err != nil || issued.Record.Edition != 3 {
		t.Errorf("a renewal: %v", err)
	}
	if _, err := p.signForeign(t, foreignCredential); err != nil {
		t.Errorf("for the VC-API: %v", err)
	}
}

// TestClockAheadForAMoment: what was refused while the clock ran ahead is not on
// record, and holds nothing up when it is right again.
func TestClockAheadForAMoment(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	p.issue(t, award("ana"))
	locked := p.with(t, func(cfg *issuer.Config) {
		cfg.Keys = elsewhere{p.Ring, academy, func(context.Context) error { return errors.New("locked") }}
	})
	if err := locked.Steady(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(24 * time.Hour)
	if _, err := locked.Issue(t.Context(), award("bo")); !errors.Is(err, issuer.ErrSigning) {
		t.Fatal(err)
	}
	p.Clock.Advance(-24 * time.Hour)
	if err := locked.Steady(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestClockAcceptedTwice: what was said of the first time that the clock ran
// ahead stays said.
func TestClockAcceptedTwice(t *testing.T) {
	const day = 24 * time.Hour
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy}})
	for _, ahead := range []time.Duration{365 * day, 60 * day} {
		p.Clock.Advance(ahead)
		p.issue(t, award("ana"+ahead.String()))
		p.Clock.Advance(day - ahead)
		if err := p.AcceptClock(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
	}
	i := p.with(t, func(*issuer.Config) {})
	if _, err := i.Issue(t.Context(), award("bo")); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

// TestDatedAheadIsMended: what a clock signed that ran ahead is good nowhere. It can be
// signed anew, corrected, withdrawn and hidden once the clock was accepted, and none of
// that puts the future on record again and holds up what is issued.
func TestDatedAheadIsMended(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy}})
	const ahead = 365 * 24 * time.Hour
	before := p.issue(t, award("before")).Record
	p.Clock.Advance(ahead)
	dated := map[string]*issuer.Record{}
	for _, name := range []string{"anew", "corrected", "revoked", "hidden", "erased"} {
		p.Clock.Advance(time.Millisecond)
		dated[name] = p.issue(t, award(name)).Record
	}
	p.Clock.Advance(time.Minute - ahead)
	if issued, err := p.Reissue(t.Context(), amendment(dated["anew"].ID), issuer.Correction{}); !errors.Is(err, issuer.ErrClock) {
		t.Errorf("signed anew by a clock that is not believed: %+v, %v", issued, err)
	}
	if err := p.AcceptClock(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	good := func(what, id string) {
		t.Helper()
		rec, err := p.Credential(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Config.SelfCheck(t.Context(), rec.Document); err != nil || !rec.IssuedAt.Before(p.Clock.Now().Add(time.Second)) {
			t.Errorf("%s: issued at %s, %v", what, rec.IssuedAt, err)
		}
	}
	if err := p.Config.SelfCheck(t.Context(), dated["anew"].Document); err == nil {
		t.Fatal("a badge of next year is good today")
	}
	for name, change := range map[string]func(id string) error{
		"anew": func(id string) error {
			_, err := p.Reissue(t.Context(), amendment(id), issuer.Correction{})
			return err
		},
		"corrected": func(id string) error {
			_, err := p.Reissue(t.Context(), amendment(id), issuer.Correction{Name: ptr("Person other")})
			return err
		},
		"revoked": func(id string) error {
			_, err := p.Revoke(t.Context(), id, "issued_in_error", "test", anyIssuer)
			return err
		},
		"hidden": func(id string) error {
			rec, err := p.Credential(t.Context(), id)
			if err != nil {
				return err
			}
			_, err = p.Hide(t.Context(), p.Claim(rec), nil)
			return err
		},
		"erased": func(id string) error {
			_, _, err := p.Erase(t.Context(), amendment(id))
			return err
		},
	} {
		if err := change(dated[name].ID); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for who, service := range map[string]*issuer.Issuer{"here": p.Issuer, "after a restart": p.with(t, func(*issuer.Config) {})} {
			if err := service.Steady(t.Context()); err != nil {
				t.Errorf("%s, %s: %v", name, who, err)
			}
		}
	}
	good("signed anew", dated["anew"].ID)
	good("corrected", dated["corrected"].ID)
	again, err := p.Reissue(t.Context(), amendment(dated["anew"].ID), issuer.Correction{})
	if err != nil || !again.Existing || again.Record.Edition != 2 {
		t.Errorf("signed anew once more: %+v, %v", again, err)
	}
	if same, err := p.Reissue(t.Context(), amendment(before.ID), issuer.Correction{}); err != nil || !same.Existing || same.Record.Edition != 1 {
		t.Errorf("of before: %+v, %v", same, err)
	}
	var problems []string
	if _, err := p.Check(t.Context(), func(problem string) { problems = append(problems, problem) }); err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if !strings.Contains(problem, dated["hidden"].ID) || !strings.Contains(problem, "does not verify") {
			t.Errorf("the store says of itself: %s", problem)
		}
	}
	if len(problems) != 1 {
		t.Errorf("one badge is still dated ahead: %q", problems)
	}
}

// TestClockAcceptedBeside: a clock that was accepted holds for the other
// replica too, even where that one went on since the first looked.
func TestClockAcceptedBeside(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy}})
	other := p.with(t, func(*issuer.Config) {})
	p.Clock.Advance(24 * time.Hour)
	p.issue(t, award("ana"))
	p.Clock.Advance(time.Minute + time.Microsecond)
	if _, err := other.Issue(t.Context(), award("bo")); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(-23 * time.Hour)
	if err := p.AcceptClock(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	_, err := other.Issue(t.Context(), award("cy"))
	for end := time.Now().Add(2 * time.Minute); errors.Is(err, issuer.ErrClock) && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		_, err = other.Issue(t.Context(), award("cy"))
	}
	if err != nil {
		t.Errorf("the other: %v", err)
	}
	if _, err := p.with(t, func(*issuer.Config) {}).Issue(t.Context(), award("di")); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

// gated is a store whose next look waits until it is opened.
type gated struct {
	store.Store
	armed         atomic.Bool
	reached, open chan struct{}
}

func (g *gated) View(ctx context.Context, look func(store.Reader) error) error {
	if g.armed.CompareAndSwap(true, false) {
		close(g.reached)
		<-g.open
	}
	return g.Store.View(ctx, look)
}

// TestFirstLookIsWaitedFor: nobody passes before it is known what is on record.
func TestFirstLookIsWaitedFor(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy}})
	p.Clock.Advance(2 * time.Hour) // New knows when the store was made
	p.issue(t, award("ana"))
	g := &gated{Store: p.Store, reached: make(chan struct{}), open: make(chan struct{})}
	i := p.with(t, func(cfg *issuer.Config) { cfg.Store = g })
	p.Clock.Advance(-time.Hour)
	defer p.Clock.Advance(time.Hour)
	g.armed.Store(true)
	answers := make(chan error, 2)
	ask := func() { answers <- i.Steady(context.WithoutCancel(t.Context())) }
	go ask()
	<-g.reached
	go ask()
	time.Sleep(50 * time.Millisecond)
	close(g.open)
	for range 2 {
		if err := <-answers; !errors.Is(err, issuer.ErrClock) {
			t.Errorf("%v", err)
		}
	}
}

// TestNothingIsSignedUnchecked: what is refused never came near a key.
func TestNothingIsSignedUnchecked(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, institute, issuer.VCAPISlug}})
	p.put(t, rich(academy))
	var signed atomic.Int64
	counted := func(slug string, rings issuer.KeyRings) issuer.KeyRings {
		return elsewhere{rings, slug, func(context.Context) error { signed.Add(1); return nil }}
	}
	i := p.with(t, func(cfg *issuer.Config) {
		cfg.Keys = counted(issuer.VCAPISlug, counted(academy, p.Ring))
	})
	refused := 0
	for _, f := range awardFaults() {
		a := award("ana")
		f.spoil(&a)
		if _, err := i.Issue(t.Context(), a); err == nil {
			t.Errorf("%s at %s is taken", f.rule, f.pointer)
		}
		if n := signed.Swap(0); n != 0 {
			t.Errorf("%d signatures for %s at %s", n, f.rule, f.pointer)
		}
		refused++
	}
	for _, document := range []string{
		edit(t, foreignBadge, "{", `{"proof": {},`), edit(t, foreignBadge, "{", `{"issuer": "did:web:other.example",`),
		edit(t, foreignBadge, `"name": "Ville`, `"nmae": "Ville`), edit(t, foreignBadge, `"urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"`, `"course"`),
		edit(t, foreignBadge, `2.50`, `null`), edit(t, foreignBadge, `2.50`, `"2.5"`), edit(t, foreignBadge, `2.50`, `9007199254740993`),
		edit(t, foreignBadge, `"criteria": {`, `"criteria": {"@context": {"narrative": null}, `), edit(t, foreignBadge, `"A course."`, `"A\u0000course."`),
		edit(t, foreignBadge, `"Come."`, `"Come.", "@index": "x"`), edit(t, foreignBadge, `"urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"`, `"urn:a> <urn:b> <urn:c"`),
		edit(t, foreignBadge, `"urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"`, `"_:course"`), edit(t, foreignCredential, `"did:example:1"`, `"one"`),
		edit(t, foreignCredential, `"did:web:badges.example"`, `"https://issuer.example"`),
	} {
		v, err := strictjson.Parse([]byte(document), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if doc, err := i.SignCredential(t.Context(), v, issuer.Choice{}, "test"); doc != nil || len(errorsIn(err)) == 0 {
			t.Errorf("%v for %s", err, document)
		}
		if n := signed.Swap(0); n != 0 {
			t.Errorf("%d signatures for what is refused: %s", n, document)
		}
		refused++
	}
	if _, err := i.Issue(t.Context(), award("ana")); err != nil || signed.Load() != 1 {
		t.Errorf("%d signatures for a good award, %v", signed.Load(), err)
	}
	if refused < 60 {
		t.Errorf("only %d requests", refused)
	}
}

// TestClocksThatRepeat: in autumn an hour comes twice by the wall, a leap second is
// one that comes twice, and a clock may stand still. All badges are issued, none
// dated before the one before it.
func TestClocksThatRepeat(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p := at(t, boltHome(t), issuertest.Options{})
	summer := time.Date(2027, 10, 31, 0, 30, 0, 0, time.UTC) // half past two, and again an hour later
	local := p.with(t, func(cfg *issuer.Config) { cfg.Now = func() time.Time { return p.Clock.Now().In(berlin) } })
	leap := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	before := time.Time{}
	for n, moment := range []time.Time{summer, summer.Add(time.Hour), summer.Add(time.Hour), summer.Add(time.Hour), leap, leap.Add(-time.Second), leap, leap.Add(time.Second)} {
		p.Clock.Advance(moment.Sub(p.Clock.Now()))
		issued, err := local.Issue(t.Context(), award(string(rune('a'+n))))
		if err != nil {
			t.Fatalf("at %s: %v", moment.In(berlin), err)
		}
		signed := signedAt(t, issued.Record)
		if signed.Before(before) {
			t.Errorf("at %s it is signed at %s, after one of %s", moment.In(berlin), signed, before)
		}
		before = signed
	}
}
