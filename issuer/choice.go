package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/keys"
)

// Choice is what a caller of the VC-API may choose. The zero Choice takes what
// is usual here.
type Choice struct {
	Suite    string         // name of a Securer
	Key      keys.Algorithm // of the key that signs
	Purposes []string       // of the status entries that the credential is to have
}

// OptionError refuses a Choice.
type OptionError struct {
	Option string // field of Choice, in lower case
	Detail string // a sentence for the caller
}

// Error implements error.
func (e *OptionError) Error() string { return "issuer: " + e.Option + ": " + e.Detail }

// check refuses what cannot be had at all.
func (c Choice) check(given bool) error {
	for n, purpose := range c.Purposes {
		if purpose != badge.StatusPurposeRevocation && purpose != badge.StatusPurposeSuspension || slices.Contains(c.Purposes[:n], purpose) {
			return &OptionError{"purposes", "Lists are kept for revocation and for suspension, and a credential has one entry for each."}
		}
	}
	if given && len(c.Purposes) > 0 {
		return &OptionError{"purposes", "The credential has a status already. Leave that out, or the option."}
	}
	return nil
}

// choose finds the suite and the key that a foreign credential is signed with:
// those chosen, else the first whose issuer is the one that the credential
// names. Under plain http each key is an issuer of its own, a did:key.
func (i *Issuer) choose(ctx context.Context, f *foreign) error {
	if err := i.Steady(ctx); err != nil {
		return err
	}
	if err := f.choice.check(f.root.Get("credentialStatus").Exists()); err != nil {
		return err
	}
	if f.earlier && f.choice.Suite == (proof.VCJWT{}).Name() {
		return &OptionError{"suite", "A credential of VC data model 1.1 gets an embedded proof here."}
	}
	stated, at := f.statedIssuer()
	var others []string
	for _, suite := range i.securersFor(f) {
		for _, alg := range suite.Algorithms() {
			if f.choice.Key != "" && alg != f.choice.Key {
				continue
			}
			signer, err := i.signer(ctx, VCAPISlug, alg)
			if errors.Is(err, ErrNoKey) {
				continue
			} else if err != nil {
				return err
			}
			owner := i.ownerOf(signer, f.profile)
			if !strings.HasPrefix(owner, "did:") {
				continue // nobody could tell whose key it is
			}
			if stated == "" || stated == owner {
				lists := f.profile.ID
				f.use(suite, signer, owner)
				return f.statusFits(lists)
			}
			others = append(others, owner)
		}
	}
	if len(others) == 0 {
		return i.noneFor(f.choice)
	}
	return fault("issuer_mismatch", at, "This service issues as "+others[0]+" here, and not as this one.")
}

// statusFits refuses a status in lists of another issuer than the credential
// has: under plain http each key is an issuer of its own, and one signs the
// lists. A credential with such a status would be wrong to everybody.
func (f *foreign) statusFits(lists string) error {
	if f.profile.ID == lists || !f.badge && len(f.choice.Purposes) == 0 {
		return nil
	}
	return &OptionError{"key", "Under plain http each key is an issuer of its own, and the status lists are those of the Ed25519 key. What has a status is signed with that, or under https."}
}

// securersFor are the suites that may be meant.
func (i *Issuer) securersFor(f *foreign) []proof.Securer {
	all := i.cfg.Generic
	if f.badge {
		all = i.cfg.Securers
	}
	if f.choice.Suite == "" {
		return slices.DeleteFunc(slices.Clone(all), func(s proof.Securer) bool { return s.Name() == (proof.VCJWT{}).Name() })
	}
	var named []proof.Securer
	for _, s := range all {
		if s.Name() == f.choice.Suite {
			named = append(named, s)
		}
	}
	return named
}

// noneFor says why nothing fits a choice.
func (i *Issuer) noneFor(c Choice) error {
	var names []string
	for _, s := range i.cfg.Generic {
		names = append(names, s.Name())
		if s.Name() == c.Suite && c.Key != "" && !slices.Contains(s.Algorithms(), c.Key) {
			return &OptionError{"key", fmt.Sprintf("The suite %s takes keys of %v.", c.Suite, s.Algorithms())}
		}
	}
	if c.Suite != "" && !slices.Contains(names, c.Suite) {
		return &OptionError{"suite", fmt.Sprintf("Credentials are secured here with %v.", names)}
	}
	if c.Key == keys.RS256 && c.Suite == "" {
		return &OptionError{"key", "RSA keys sign envelopes only: ask for an enveloping proof."}
	}
	if c.Key == keys.RS256 && DID(i.cfg.BaseURL, VCAPISlug) == "" {
		return &OptionError{"key", "Under plain http an issuer is a did:key, and RSA keys are none."}
	}
	return fmt.Errorf("%w: %s, for the suite %q", ErrNoKey, VCAPISlug, c.Suite)
}

// ownerOf is the issuer that a key speaks for: the one of the VC-API, or under
// plain http the did:key that the key is.
func (i *Issuer) ownerOf(signer keys.Signer, p *Profile) string {
	if did := DID(i.cfg.BaseURL, VCAPISlug); did != "" {
		return p.ID
	}
	return signer.Method().Controller
}

// use takes a suite and a key, and with the key its issuer.
func (f *foreign) use(suite proof.Securer, signer keys.Signer, owner string) {
	f.suite, f.signer = suite, signer
	p := *f.profile
	p.ID = owner
	f.profile = &p
}
