package issuer_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/store"
)

// Real keys behind a hand that spoils what they do.

type signer = keys.Signer

type tampered struct {
	issuer.KeyRings
	change func(signer) signer
}

func (x tampered) Issuer(slug string) keys.KeyRing {
	return tamperedRing{x.KeyRings.Issuer(slug), x.change}
}

type tamperedRing struct {
	keys.KeyRing
	change func(signer) signer
}

func (r tamperedRing) Active(ctx context.Context, alg keys.Algorithm) (keys.Signer, error) {
	s, err := r.KeyRing.Active(ctx, alg)
	if err != nil {
		return nil, err
	}
	if s = r.change(s); s == nil {
		return nil, keys.ErrNoActiveKey
	}
	return s, nil
}

type spoilt struct {
	signer
	sign func(ctx context.Context, message []byte) ([]byte, error)
}

func (s spoilt) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return s.sign(ctx, message)
}

func brokenSigners(t *testing.T, p *place) {
	broken := errors.New("the device does not answer")
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := keyring.NewSigner(keys.VerificationMethod{ID: "did:web:badges.example:issuers:academy#new",
		Controller: "did:web:badges.example:issuers:academy", Public: private.Public(), Assertion: true}, private)
	if err != nil {
		t.Fatal(err)
	}
	other, err := p.Ring.Issuer(institute).Active(t.Context(), keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	signing := func(f func(s signer, ctx context.Context, message []byte) ([]byte, error)) func(signer) signer {
		return func(s signer) signer {
			return spoilt{s, func(ctx context.Context, m []byte) ([]byte, error) { return f(s, ctx, m) }}
		}
	}
	for name, c := range map[string]struct {
		change func(signer) signer
		want   error
	}{
		"no key": {func(signer) signer { return nil }, issuer.ErrNoKey},
		"an error": {signing(func(signer, context.Context, []byte) ([]byte, error) {
			return nil, broken
		}), broken},
		"another private key": {signing(func(_ signer, ctx context.Context, m []byte) ([]byte, error) {
			return stranger.Sign(ctx, m)
		}), issuer.ErrSelfCheck},
		"another message": {signing(func(s signer, ctx context.Context, m []byte) ([]byte, error) {
			return s.Sign(ctx, append(m, 0))
		}), issuer.ErrSelfCheck},
		"zeros": {signing(func(signer, context.Context, []byte) ([]byte, error) {
			return make([]byte, 64), nil
		}), issuer.ErrSelfCheck},
		"too short": {signing(func(s signer, ctx context.Context, m []byte) ([]byte, error) {
			sig, err := s.Sign(ctx, m)
			return sig[:63], err
		}), issuer.ErrSelfCheck},
		"a key that is not published": {func(signer) signer { return stranger }, issuer.ErrSelfCheck},
		"another issuer's key":        {func(signer) signer { return other }, issuer.ErrSelfCheck},
	} {
		i := p.with(t, func(cfg *issuer.Config) { cfg.Keys = tampered{p.Ring, c.change} })
		before := issuertest.Snapshot(t, p.Store)
		issued, err := i.Issue(t.Context(), keyed(award("ana"), "key", "body"))
		if issued != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, issued, err)
		}
		if raw, err := i.StatusList(t.Context(), academy+"-1"); raw != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: the status list is %.20q, %v", name, raw, err)
		}
		if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
			t.Errorf("%s: something was stored", name)
		}
	}
}

// slowSigner: whoever gives up waiting leaves nothing behind, and the others
// go on meanwhile.
func slowSigner(t *testing.T, p *place) {
	slow := p.with(t, func(cfg *issuer.Config) {
		cfg.Keys = tampered{p.Ring, func(s signer) signer {
			return spoilt{s, func(ctx context.Context, m []byte) ([]byte, error) {
				<-ctx.Done()
				return s.Sign(context.WithoutCancel(ctx), m) // comes back after all, too late
			}}
		}}
	})
	before := issuertest.Snapshot(t, p.Store)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	issued, err := slow.Issue(ctx, keyed(award("ana"), "key", "body"))
	if issued != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("giving up gave %+v, %v", issued, err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("something was stored")
	}
}

// A real store behind a hand that fails one call, before or after it took
// effect.

type failing struct {
	store.Store
	mu    sync.Mutex
	at    int // the call that fails, counted from 1
	after bool
	calls int
	fired bool
}

var errBroken = errors.New("the disk does not answer")

func (f *failing) now() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.calls == f.at {
		f.fired = true
		return true
	}
	return false
}

func (f *failing) View(ctx context.Context, do func(store.Reader) error) error {
	if f.now() {
		return errBroken
	}
	return f.Store.View(ctx, do)
}

func (f *failing) Update(ctx context.Context, do func(store.Tx) error) error {
	switch now := f.now(); {
	case now && !f.after:
		return store.ErrBusy
	case now:
		if err := f.Store.Update(ctx, do); err != nil {
			return err
		}
		return store.ErrUnknownOutcome
	}
	return f.Store.Update(ctx, do)
}

// failingStore fails each call of each operation once, before and after it
// took effect, and then repeats the operation as a caller would.
func failingStore(t *testing.T, p *place) {
	p.put(t, suspendable())
	p.putTrainer(t)
	revoked, paused, trained := p.issue(t, award("gone")).Record, p.issue(t, licence("paused")).Record, p.issue(t, trainer("trained")).Record
	keyedAmendment := func(id, round string) issuer.Amendment {
		a := amendment(id)
		a.Idempotency = &issuer.Idempotency{Scope: "amend", Key: round, Digest: []byte("body")}
		return a
	}
	erasable := map[string]string{}
	operations := map[string]func(i *issuer.Issuer, round string) error{
		"issue": func(i *issuer.Issuer, round string) error {
			_, err := i.Issue(t.Context(), keyed(award(round), round, "body"))
			return err
		},
		"issue by a new template": func(i *issuer.Issuer, round string) error {
			a := award(round)
			ach := template(academy)
			ach.Name["en"] = round
			a.Achievement, a.Inline = "", &ach
			_, err := i.Issue(t.Context(), keyed(a, round, "body"))
			return err
		},
		"revoke": func(i *issuer.Issuer, _ string) error {
			_, err := i.Revoke(t.Context(), revoked.ID, "", "test", anyIssuer)
			return err
		},
		"suspend and reinstate": func(i *issuer.Issuer, _ string) error {
			for _, action := range []issuer.Action{issuer.Suspend, issuer.Reinstate} {
				if _, err := i.ChangeStatus(t.Context(), issuer.Change{ID: paused.ID, Action: action, Actor: "test", MayTouch: anyIssuer}); err != nil {
					return err
				}
			}
			return nil
		},
		"reissue": func(i *issuer.Issuer, round string) error {
			_, err := i.Reissue(t.Context(), keyedAmendment(trained.ID, round), issuer.Correction{Name: ptr("Person " + round), Email: ptr(round + "@learner.example")})
			return err
		},
		"renew": func(i *issuer.Issuer, round string) error {
			p.Clock.Advance(24 * time.Hour)
			_, err := i.Renew(t.Context(), keyedAmendment(trained.ID, round), p.Clock.Now().AddDate(1, 0, 0))
			return err
		},
		"register": func(i *issuer.Issuer, round string) error {
			_, err := i.ChangeRegister(t.Context(), keyedAmendment(trained.ID, round), issuer.Register{Email: ptr(round + "@new.example")})
			return err
		},
		"hide": func(i *issuer.Issuer, round string) error {
			now, err := p.Credential(t.Context(), trained.ID) // another address has another claim
			if err != nil {
				t.Fatal(err)
			}
			claim := p.Claim(now)
			if _, err := i.Hide(t.Context(), claim, &issuer.Idempotency{Scope: "hide", Key: round}); err != nil {
				return err
			}
			_, err = i.Show(t.Context(), claim, &issuer.Idempotency{Scope: "show", Key: round})
			return err
		},
		"erase": func(i *issuer.Issuer, round string) error {
			if erasable[round] == "" {
				rec := p.issue(t, award(round)).Record
				erasable[round] = p.reissue(t, rec.ID, issuer.Correction{Role: ptr("Guest")}).ID
			}
			_, _, err := i.Erase(t.Context(), amendment(erasable[round]))
			return err
		},
		"sweep and compaction": func(i *issuer.Issuer, _ string) error {
			if _, err := i.SweepAnswers(t.Context()); err != nil {
				return err
			}
			due, err := i.CompactionDue(t.Context())
			if err != nil {
				return err
			}
			return i.Compacted(t.Context(), due, "test")
		},
		"list": func(i *issuer.Issuer, _ string) error {
			_, err := i.StatusList(t.Context(), academy+"-1")
			return err
		},
		"profile": func(i *issuer.Issuer, round string) error {
			_, err := i.PutProfile(t.Context(), issuer.Profile{Slug: institute, Name: round}, "test")
			return err
		},
		"achievement": func(i *issuer.Issuer, round string) error {
			a := template(institute)
			a.Version = round
			_, err := i.PutAchievement(t.Context(), a, "test")
			return err
		},
	}
	for name, operation := range operations {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				f := &failing{Store: p.Store, at: n + 1, after: after} // New itself makes a call
				i := p.with(t, func(cfg *issuer.Config) { cfg.Store = f })
				round := fmt.Sprintf("%s-%t-%d", strings.ReplaceAll(name, " ", "-"), after, n)
				err := operation(i, round)
				if !f.fired {
					if err != nil {
						t.Errorf("%s: without a fault: %v", round, err)
					}
					break
				}
				if err == nil || (after && !errors.Is(err, store.ErrUnknownOutcome) && !errors.Is(err, errBroken)) {
					t.Errorf("%s: the fault was told as %v", round, err)
				}
				if err := operation(p.Issuer, round); err != nil {
					t.Errorf("%s: once more: %v", round, err)
				}
			}
		}
	}
	// Every round has issued exactly one badge, whatever became of its first try.
	people := map[string]int{}
	for _, rec := range p.all(t, issuer.Filter{Status: issuer.Active}) {
		people[view(t, rec).CredentialSubject.Identifier[1].IdentityHash]++
	}
	for who, n := range people {
		if n != 1 {
			t.Errorf("%s has %d badges", who, n)
		}
	}
	if n := p.traces(t, slices.Collect(maps.Keys(erasable))); n != 0 {
		t.Errorf("%d traces are left of those who were erased", n)
	}
	if len(erasable) < 3 || len(people) < 11 {
		t.Errorf("only %d rounds: this tested little", len(people))
	}
}

// damagedRecords flips one bit of each entry in turn: what is read is what was
// written, or an error.
func damagedRecords(t *testing.T, p *place) {
	stop := run(t, p.Issuer)
	rec := p.issue(t, keyed(award("ana"), "key", "body")).Record
	if _, err := p.Revoke(t.Context(), p.issue(t, award("bo")).Record.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	for _, rec := range p.all(t, issuer.Filter{}) {
		patientJWT(t, p, rec)
	}
	stop()
	issuertest.Audit(t, p.Issuer)
	for _, k := range []string{"p/workshop", "t/0123456789abcdef", "s"} { // of others, and of what there is rarely
		p.overwrite(t, k, string(store.Seal([]byte(k), []byte("{}"))))
	}
	good := p.everything(t, rec)
	for name, answer := range good {
		if strings.HasPrefix(answer, "error") {
			t.Fatalf("%s: %s", name, answer)
		}
	}
	damaged := 0
	for key, value := range issuertest.Snapshot(t, p.Store) {
		bad := []byte(value)
		bad[mathrand.N(len(bad))] ^= 1 << mathrand.N(8)
		p.overwrite(t, key, string(bad))
		for name, answer := range p.everything(t, rec) {
			if answer != good[name] && !strings.HasPrefix(answer, "error") {
				t.Errorf("with %s damaged, %s is served as %.80q", key, name, answer)
			} else if answer != good[name] {
				damaged++
			}
		}
		if p.problems(t) == 0 {
			t.Errorf("the check does not see that %s is damaged", key)
		}
		p.overwrite(t, key, value)
	}
	p.overwrite(t, "c/"+academy+"/nothing", "x")
	if _, err := p.List(t.Context(), issuer.Filter{Issuers: []string{academy}}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a list with a damaged record: %v", err)
	}
	if damaged < 10 {
		t.Errorf("only %d answers were touched: this tested little", damaged)
	}
}

func (p *place) overwrite(t *testing.T, key, value string) {
	t.Helper()
	err := p.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
	if err != nil {
		t.Fatal(err)
	}
}

func (p *place) problems(t *testing.T) (n int) {
	t.Helper()
	if _, err := p.Check(t.Context(), func(string) { n++ }); err != nil {
		n++
	}
	return n
}

// everything is what a fresh issuer answers to those who read.
func (p *place) everything(t *testing.T, rec *issuer.Record) map[string]string {
	t.Helper()
	i, err := issuer.New(t.Context(), p.Config)
	if err != nil {
		i = p.Issuer // it does not start; what runs goes on
	}
	answers := map[string]string{}
	put := func(name string, answer any, err error) {
		if answers[name] = fmt.Sprintf("%+v", answer); err != nil {
			answers[name] = "error: " + err.Error()
		}
	}
	got, err := i.Credential(t.Context(), rec.ID)
	if err == nil {
		put("credential", string(got.Document)+string(got.Status), nil)
	} else {
		put("credential", nil, err)
	}
	jwt, err := i.JWT(t.Context(), rec)
	put("jwt", string(jwt), err)
	list, err := i.StatusList(t.Context(), academy+"-1")
	put("list", string(list), err)
	profile, err := i.Profile(t.Context(), academy)
	put("profile", profile, err)
	ach, err := i.Achievement(t.Context(), academy+"-course")
	put("achievement", ach, err)
	all, err := i.List(t.Context(), issuer.Filter{Issuers: []string{academy}})
	if err == nil {
		put("all", string(all.Records[0].Document)+string(all.Records[1].Document), nil)
	} else {
		put("all", nil, err)
	}
	again, err := i.Issue(t.Context(), keyed(award("ana"), "key", "body"))
	if err == nil {
		put("replay", string(again.Record.Document), nil)
	} else {
		put("replay", nil, err)
	}
	return answers
}
