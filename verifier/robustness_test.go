package verifier_test

import (
	"context"
	"crypto"
	"fmt"
	"strings"
	"sync"
	"testing"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/keys"
	"laurel/keys/resolve"
	"laurel/verifier"
)

func TestConfig(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	good := verifier.Config{Canon: c, Suites: []proof.Suite{proof.VCJWT{}}, Keys: resolve.New(nil, nil)}
	if _, err := verifier.New(good); err != nil {
		t.Errorf("a whole configuration: %v", err)
	}
	for name, spoil := range map[string]func(*verifier.Config){
		"no canonicaliser": func(c *verifier.Config) { c.Canon = nil },
		"no keys":          func(c *verifier.Config) { c.Keys = nil },
		"no suites":        func(c *verifier.Config) { c.Suites = nil },
		"a suite twice":    func(c *verifier.Config) { c.Suites = []proof.Suite{proof.VCJWT{}, proof.VCJWT{}} },
	} {
		cfg := good
		spoil(&cfg)
		if v, err := verifier.New(cfg); err == nil || v != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// offline can do without the world: no lists, no suite for tokens.
func TestOffline(t *testing.T) {
	w := newWorld(t, func(cfg *verifier.Config) {
		cfg.Status, cfg.Keys, cfg.Suites = nil, resolve.New(nil, nil), cfg.Suites[:1]
	})
	expect(t, verifyOnce(t, w.v, w.badge(), verifier.Options{}), indeterminate, finding{revocation, open, verifier.StatusListUnreachable})
	expect(t, verifyOnce(t, w.v, w.token(w.issuer), verifier.Options{}), indeterminate, finding{proofs, open, verifier.UnsupportedSuite})
	k := w.publish(keyPair(t, keys.EdDSA))
	expect(t, verifyOnce(t, w.v, w.sign(w.unsigned(webDID), k, now), verifier.Options{}), indeterminate, finding{issuerKey, open, verifier.KeyUnreachable})
}

// broken fails as nothing should.
type broken struct{}

func (broken) StatusList(context.Context, string) ([]byte, error) { panic("the disk is gone") }

func (broken) Knows(context.Context, string) (verifier.Listing, bool, error) {
	panic("the list is gone")
}

func (broken) Resolve(context.Context, string) (keys.VerificationMethod, error) {
	panic("the keys are gone")
}

func (broken) ResolveForIssuer(context.Context, string, string) (keys.VerificationMethod, error) {
	panic("the keys are gone")
}

func (broken) ResolveKeyForIssuer(context.Context, crypto.PublicKey, string) (keys.VerificationMethod, error) {
	panic("the keys are gone")
}

// A panic is our fault: an open question, and never a crash or a verdict on
// the badge.
func TestPanics(t *testing.T) {
	w := newWorld(t, func(cfg *verifier.Config) { cfg.Status, cfg.Trust = broken{}, broken{} })
	r := verifyOnce(t, w.v, w.badge(), verifier.Options{})
	expect(t, r, indeterminate, finding{revocation, open, verifier.InternalFault}, finding{suspension, open, verifier.InternalFault},
		finding{verifier.CheckIssuerTrust, open, verifier.InternalFault}, finding{validity, pass, verifier.OK})
	if f := r.Finding(revocation); !strings.Contains(f.Detail, "the disk is gone") || f.Pointer != "" || f.Params != nil {
		t.Errorf("finding %+v", f)
	}
	w = newWorld(t, func(cfg *verifier.Config) { cfg.Keys = broken{} })
	expect(t, verifyOnce(t, w.v, w.badge(), verifier.Options{}), indeterminate, notRun(finding{proofs, open, verifier.InternalFault}, finding{issuerKey, open, verifier.InternalFault})...)
}

func TestNoDocument(t *testing.T) {
	w := newWorld(t)
	r := w.v.VerifyDocument(context.Background(), nil, verifier.Options{})
	expect(t, r, invalid, notRun(finding{format, fail, verifier.Unreadable})...)
}

// One verification asks others a few times at most, whatever it is told to.
func TestFetchesAreBounded(t *testing.T) {
	w := newWorld(t)
	k := w.publish(keyPair(t, keys.EdDSA))
	var entries []string
	for i := range 100 {
		url := fmt.Sprintf("https://badges.example.edu/status/%d", i)
		entries = append(entries, fmt.Sprintf(`{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"5","statusListCredential":%q}`, url))
		if i < 20 {
			w.list(url, "revocation", w.lister, nil)
		}
	}
	text := w.sign(w.unsigned(webDID, put("credentialStatus", "["+strings.Join(entries, ",")+"]")), k, now)
	w.web.asked.Store(0)
	r := verifyOnce(t, w.v, text, verifier.Options{})
	expect(t, r, indeterminate, finding{issuerKey, pass, verifier.OK}, finding{revocation, open, verifier.StatusListUnreachable})
	if n := w.web.asked.Load(); n > 6 {
		t.Errorf("%d requests", n)
	}
}

// deaf cannot reach one key.
type deaf struct {
	*resolve.Resolver
	id string
}

func (d deaf) Resolve(ctx context.Context, id string) (keys.VerificationMethod, error) {
	if id == d.id {
		return keys.VerificationMethod{}, fmt.Errorf("%w: dialling 10.0.0.7", keys.ErrUnreachable)
	}
	return d.Resolver.Resolve(ctx, id)
}

// What a request met with on its way is for logs, not for those who ask.
func TestUnreachableTellsNothingOfOurNetwork(t *testing.T) {
	w := newWorld(t, func(cfg *verifier.Config) { cfg.Keys = deaf{cfg.Keys.(*resolve.Resolver), webDID + "#key-2"} })
	k := w.publish(keyPair(t, keys.EdDSA))
	w.list(listURL, "revocation", w.lister, nil)
	for name, c := range map[string]struct {
		text  string
		check verifier.Check
		code  verifier.Code
	}{
		"the list's key":  {w.sign(w.unsigned(webDID), k, now), revocation, verifier.StatusListUnreachable},
		"the badge's key": {w.sign(w.unsigned(webDID), w.lister, now), issuerKey, verifier.KeyUnreachable},
		"the list at all": {w.sign(w.unsigned(webDID, swap(listURL+`"}`, suspensionURL+`"}`)), k, now), revocation, verifier.StatusListUnreachable},
	} {
		r := verifyOnce(t, w.v, c.text, verifier.Options{})
		expect(t, r, indeterminate, finding{c.check, open, c.code})
		if f := r.Finding(c.check); f.Cause == nil || strings.Contains(f.Detail, "10.0.0.7") || strings.Contains(f.Detail, "nobody answers") {
			t.Errorf("%s: detail %q, cause %v", name, f.Detail, f.Cause)
		}
	}
}

// A list that several entries name is fetched once.
func TestListsAreFetchedOnce(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	entry := `{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"%d","statusListCredential":"` + listURL + `"}`
	text := w.badge(put("credentialStatus", "["+fmt.Sprintf(entry, 5)+","+fmt.Sprintf(entry, 6)+"]"))
	w.web.asked.Store(0)
	expect(t, verifyOnce(t, w.v, text, verifier.Options{}), valid, finding{revocation, pass, verifier.NotRevoked})
	if n := w.web.asked.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	good := w.badge()
	shared, err := badge.Parse([]byte(good))
	must(t, err)
	for text, want := range map[string]verifier.Verdict{
		good: valid, w.token(w.issuer): valid, swap(`"value":"94"`, `"value":"99"`)(t, good): invalid,
	} {
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if got := w.v.Verify(context.Background(), []byte(text)).Verdict(); got != want {
					t.Errorf("%s, want %s", got, want)
				}
				if got := w.v.VerifyDocument(context.Background(), shared, verifier.Options{}).Verdict(); got != valid {
					t.Errorf("the shared document is %s", got)
				}
			})
		}
		wait.Wait()
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t)
	k := w.publish(keyPair(t, keys.EdDSA))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := w.v.Verify(ctx, []byte(w.sign(w.unsigned(webDID), k, now)))
	expect(t, r, indeterminate, finding{issuerKey, open, verifier.KeyUnreachable})
}

// The zero report, and one of findings that are all skipped, tell nothing.
func TestEmptyReports(t *testing.T) {
	var nobody *verifier.Report
	for _, r := range []*verifier.Report{nobody, {}, {Findings: []verifier.Finding{{Check: format, Outcome: pass}}}} {
		if r.Verdict() != indeterminate || r.Verified() {
			t.Errorf("%v is %s", r, r.Verdict())
		}
	}
}
