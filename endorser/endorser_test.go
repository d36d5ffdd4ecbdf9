package endorser_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/endorser"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/verifier"
)

// N1: an endorsement is signed with the key of whose word it is, kept here, and
// holds for a stranger by itself.
func TestEndorserWithAKeyOfOurs(t *testing.T) {
	p := newPlace(t)
	before := p.issue(t, course, "ana")
	e := p.define(t, endorser.Definition{Slug: network, Listed: yes()})
	if e.ID != "did:web:badges.example:issuers:endorser-cities-network" || e.Key != endorser.Ours || !e.Listed || e.Name != "Example Network of Healthy Cities" {
		t.Fatalf("%+v", e)
	}
	made := p.endorse(t, endorser.Request{ValidUntil: p.clock.Now().Add(year)})
	r := p.stranger.Verify(t.Context(), made.Document)
	if r.Verdict() != verifier.Valid || r.Document.IssuerID() != e.ID || r.Finding(verifier.CheckRevocation).Code != verifier.NotRevoked {
		t.Fatalf("%v: %+v", r.Verdict(), r.Findings)
	}
	if f := p.finding(t, made.Document, p.courseID()); f.Code != verifier.EndorsementHolds {
		t.Errorf("%+v", f)
	}
	method := r.Document.Proofs()[0].VerificationMethod
	published, err := p.ring.Issuer(learning).Published(t.Context())
	if err != nil || len(published) == 0 || published[0].ID == method {
		t.Errorf("signed with %s, the issuer has %+v, %v", method, published, err)
	}
	p.valid(t, before)
	list := p.current(t, p.courseID())
	if len(list) != 1 || list[0].By.Name != e.Name || !list[0].By.Listed {
		t.Errorf("%+v", list)
	}
}

// N1: what an endorser signs elsewhere is kept byte for byte, in both forms.
func TestEndorserWithAKeyElsewhere(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	raw := p.sign(t, they.id, they.signer, nil)
	made, err := p.accept(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	p.clock.Advance(time.Second)
	doc := fixture(t, 0, map[string]any{"issuer": they.id, "id": "urn:uuid:0c5d8a04-6f0f-4d0c-9d55-1f7c3a4a2b11"})
	token, err := proof.VCJWT{}.Secure(t.Context(), doc, they.signer, p.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.accept(t, token.Raw()); err != nil {
		t.Fatal(err)
	}
	kept, err := p.said.Endorsement(t.Context(), made.ID)
	if err != nil || !bytes.Equal(kept.Document, raw) || kept.List != "" || kept.Comment != "Member cities recognise this badge for new coordinators." {
		t.Errorf("%+v, %v", kept, err)
	}
	if list := p.current(t, p.courseID()); len(list) != 2 || !bytes.Equal(list[1].Document, token.Raw()) {
		t.Errorf("%+v", list)
	}
	for _, e := range p.current(t, p.courseID()) {
		if f := p.finding(t, e.Document, p.courseID()); f.Code != verifier.EndorsementHolds {
			t.Errorf("%+v", f)
		}
	}
}

// N2: the key of whoever issues the badge, or of anybody but the endorser,
// endorses nothing, and nothing of it is kept.
func TestWrongKeysAreRefused(t *testing.T) {
	p := newPlace(t)
	they, stranger := newParty(t, p.clock), newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	signer, err := p.ring.Issuer(learning).Active(t.Context(), keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.accept(t, p.sign(t, they.id, signer, nil))
	refused(t, err, string(verifier.WrongController), "/proof/verificationMethod")
	_, err = p.accept(t, p.sign(t, they.id, stranger.signer, nil))
	refused(t, err, string(verifier.WrongController), "/proof/verificationMethod")
	_, err = p.accept(t, p.sign(t, signer.Method().Controller, signer, nil))
	refused(t, err, "endorser_unknown", "/issuer")
	good := p.sign(t, they.id, they.signer, nil)
	_, err = p.accept(t, bytes.Replace(good, []byte("Member cities"), []byte("All of Europe"), 1))
	refused(t, err, string(verifier.ProofInvalid), "/proof")
	_, err = p.accept(t, fixture(t, 0, map[string]any{"issuer": they.id}).Raw())
	refused(t, err, string(verifier.NoProof), "/proof")
	_, err = p.said.Put(t.Context(), endorser.Definition{Slug: "self", ID: signer.Method().Controller, Name: "We ourselves", Key: endorser.External})
	refused(t, err, "id_taken", "/id")
	if list := p.stored(t); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// Where one key was agreed on, another of the same endorser is not taken.
func TestPinnedKey(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	d := endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, VerificationMethod: they.id + "#z6Mkother"}
	p.define(t, d)
	raw := p.sign(t, they.id, they.signer, nil)
	_, err := p.accept(t, raw)
	refused(t, err, "key_mismatch", "/proof/verificationMethod")
	d.VerificationMethod = they.signer.Method().ID
	p.define(t, d)
	if _, err := p.accept(t, raw); err != nil {
		t.Error(err)
	}
	d.VerificationMethod = "did:key:z6MkSomebody#z6MkSomebody"
	_, err = p.said.Put(t.Context(), withName(d))
	refused(t, err, "key_invalid", "/verificationMethod")
}

func withName(d endorser.Definition) endorser.Definition {
	d.Name = "Somebody"
	return d
}

// N3: an endorsement ends by itself, and the badge does not.
func TestExpiredEndorsement(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	p.achievement(t, "carrier", true)
	raw := p.sign(t, they.id, they.signer, nil) // until 2027-02-01
	carried := p.sign(t, they.id, they.signer, map[string]any{"subject": issuertest.BaseURL + "/achievements/carrier",
		"@context": issuer.BadgeContexts()})
	for _, e := range [][]byte{raw, carried} {
		if _, err := p.accept(t, e); err != nil {
			t.Fatal(err)
		}
	}
	rec := p.issue(t, course, "ana")
	carrier := p.issue(t, "carrier", "ana")
	if r := p.valid(t, carrier); r.Finding(verifier.CheckEndorsement).Code != verifier.EndorsementsHold {
		t.Errorf("%+v", r.Finding(verifier.CheckEndorsement))
	}
	p.clock.Advance(366 * 24 * time.Hour)
	p.valid(t, rec)
	if list := p.current(t, p.courseID()); len(list) != 1 || p.finding(t, list[0].Document, p.courseID()).Code != verifier.EndorsementExpired {
		t.Errorf("%+v", list)
	}
	if r := p.valid(t, carrier); len(r.Endorsements) != 1 || r.Endorsements[0].Finding.Code != verifier.EndorsementExpired {
		t.Errorf("%+v", r.Endorsements)
	}
	if r := p.valid(t, p.issue(t, "carrier", "bo")); r.Finding(verifier.CheckEndorsement).Code != verifier.NoEndorsement {
		t.Errorf("what has ended was embedded: %+v", r.Finding(verifier.CheckEndorsement))
	}
	_, err := p.accept(t, p.sign(t, they.id, they.signer, map[string]any{"name": "Again"}))
	refused(t, err, string(verifier.Expired), "/validUntil")
}

// N4: an endorsement of something else is not shown with what it is not about.
func TestEndorsementOfAnother(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	p.achievement(t, "another", false)
	another := issuertest.BaseURL + "/achievements/another"
	raw := p.sign(t, they.id, they.signer, map[string]any{"subject": another})
	if _, err := p.accept(t, raw); err != nil {
		t.Fatal(err)
	}
	if here, there := p.current(t, p.courseID()), p.current(t, another); len(here) != 0 || len(there) != 1 {
		t.Errorf("%d here, %d there", len(here), len(there))
	}
	if f := p.finding(t, raw, p.courseID()); f.Code != verifier.EndorsementOfAnother {
		t.Errorf("%+v", f)
	}
	for _, id := range []string{"https://elsewhere.example/achievements/" + course, issuertest.BaseURL + "/achievements/unknown",
		issuertest.BaseURL + "/credentials/AAAAAAAAAAAAAAAAAAAAAA", "did:web:badges.example:issuers:" + issuer.EndorserPrefix + network} {
		_, err := p.accept(t, p.sign(t, they.id, they.signer, map[string]any{"subject": id}))
		refused(t, err, "subject_unknown", "/credentialSubject/id")
	}
}

// N5: what is withdrawn is shown as current no more, its status says so to
// everybody, and the badge stands.
func TestWithdrawnEndorsement(t *testing.T) {
	p := newPlace(t)
	p.define(t, endorser.Definition{Slug: network, Listed: yes()})
	p.achievement(t, "carrier", true)
	made := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Achievement: "carrier"}})
	id := issuertest.BaseURL + "/achievements/carrier"
	rec := p.issue(t, "carrier", "ana")
	if r := p.valid(t, rec); len(r.Endorsements) != 1 || r.Endorsements[0].Finding.Code != verifier.EndorsementHolds {
		t.Fatalf("%+v", r.Endorsements)
	}
	if _, err := p.said.Withdraw(t.Context(), made.ID, "test", func(string, string) bool { return false }); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("withdrawn by somebody else: %v", err)
	}
	p.clock.Advance(time.Hour)
	for range 2 { // again changes nothing
		gone, err := p.said.Withdraw(t.Context(), made.ID, "test", anybody)
		if err != nil || !gone.WithdrawnAt.Equal(issuertest.Start.Add(time.Hour)) {
			t.Fatalf("%+v, %v", gone, err)
		}
	}
	p.clock.Advance(time.Hour)
	if list := p.current(t, id); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	if f := p.finding(t, made.Document, id); f.Code != verifier.EndorsementWithdrawn {
		t.Errorf("%+v", f)
	}
	if r := p.valid(t, rec); r.Endorsements[0].Finding.Code != verifier.EndorsementWithdrawn {
		t.Errorf("%+v", r.Endorsements)
	}
	if r := p.valid(t, p.issue(t, "carrier", "bo")); len(r.Endorsements) != 0 {
		t.Error("what was withdrawn was embedded")
	}
	again := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Achievement: "carrier"}})
	if again.ID == made.ID || again.Existing {
		t.Error("what was withdrawn came back")
	}
}

// What others have signed does not come back by being sent again.
func TestWithdrawnElsewhere(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	raw := p.sign(t, they.id, they.signer, nil)
	made, err := p.accept(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.said.Withdraw(t.Context(), made.ID, "test", func(_, slug string) bool { return slug == learning }); err != nil {
		t.Fatal(err)
	}
	var state *issuer.StateError
	if _, err := p.accept(t, raw); !errors.As(err, &state) || state.Rule != "withdrawn_is_final" {
		t.Errorf("%v", err)
	}
	for name, raw := range otherForms(t, p, they, raw) {
		if _, err := p.accept(t, raw); !errors.As(err, &state) || state.Rule != "withdrawn_is_final" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list := p.current(t, p.courseID()); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// otherForms are what a signed endorsement says, written and signed otherwise.
func otherForms(t *testing.T, p *place, they party, raw []byte) map[string][]byte {
	t.Helper()
	p.clock.Advance(time.Second)
	token, err := proof.VCJWT{}.Secure(t.Context(), fixture(t, 0, map[string]any{"issuer": they.id}), they.signer, p.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string][]byte{"a fresh proof": p.sign(t, they.id, they.signer, nil), "a JWT": token.Raw()}
	for n, more := range []string{" ", "  ", "\n", "\t"} {
		forms[fmt.Sprint("blanks ", n)] = append([]byte("{"+more), raw[1:]...)
	}
	return forms
}

func TestSameStatementStandsOnce(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	raw := p.sign(t, they.id, they.signer, nil)
	made, err := p.accept(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range otherForms(t, p, they, raw) {
		if again, err := p.accept(t, raw); err != nil || !again.Existing || again.ID != made.ID {
			t.Errorf("%s: %+v, %v", name, again, err)
		}
	}
	if list := p.current(t, p.courseID()); len(list) != 1 {
		t.Errorf("%d stand", len(list))
	}
}

// N6: an endorsement that comes after fifty badges is shown with them, and none
// of them is touched.
func TestLateEndorsement(t *testing.T) {
	p := newPlace(t)
	for n := range 50 {
		p.issue(t, course, fmt.Sprintf("person-%d", n))
	}
	before := p.badges(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	if _, err := p.accept(t, p.sign(t, they.id, they.signer, nil)); err != nil {
		t.Fatal(err)
	}
	if len(before) < 50 || !maps.Equal(before, p.badges(t)) {
		t.Error("badges were changed")
	}
	if list := p.current(t, p.courseID()); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

// The network of networks endorses the issuer, as the fixture's second has it.
func TestEndorsedIssuerAndBadge(t *testing.T) {
	p := newPlace(t)
	p.define(t, endorser.Definition{Slug: "national-network", Listed: yes()})
	p.define(t, endorser.Definition{Slug: network})
	rec := p.issue(t, course, "ana")
	of := p.endorse(t, endorser.Request{Endorser: "national-network", Subject: endorser.Subject{Issuer: learning}, Comment: "Accredited learning provider of our network."})
	one := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Credential: rec.ID}})
	profile, err := p.Profile(t.Context(), learning)
	if err != nil || of.Subject.ID != profile.ID || one.Subject.ID != p.CredentialURL(rec.ID) || one.Subject.Issuer != learning {
		t.Errorf("%+v, %+v, %v", of.Subject, one.Subject, err)
	}
	list := p.current(t, one.Subject.ID, profile.ID)
	if len(list) != 2 || list[0].By.Slug != "national-network" { // the listed one first
		t.Errorf("%+v", list)
	}
	for _, e := range list {
		if f := p.finding(t, e.Document, e.Subject.ID); f.Code != verifier.EndorsementHolds {
			t.Errorf("%+v", f)
		}
	}
}

// What was said of a person's badge goes with the person.
// Who endorses for real does not endorse a trial.
func TestTrialIsNotEndorsed(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External})
	p.define(t, endorser.Definition{Slug: "national-network"})
	if _, err := p.MakeTestIssuer(t.Context(), learning, "test"); err != nil {
		t.Fatal(err)
	}
	issued, err := p.Issue(t.Context(), issuer.Award{Achievement: course, Recipient: issuer.Recipient{Name: "Ana", Email: "ana@learner.example"},
		AwardedAt: p.clock.Now(), Actor: "test", Test: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.said.Endorse(t.Context(), endorser.Request{Endorser: "national-network", Subject: endorser.Subject{Credential: issued.Record.ID}, Comment: "Good.", Actor: "test"})
	refused(t, err, "subject_unknown", "/subject/credential")
	_, err = p.accept(t, p.sign(t, they.id, they.signer, map[string]any{"subject": p.CredentialURL(issued.Record.ID)}))
	refused(t, err, "subject_unknown", "/credentialSubject/id")
}

// The form of an achievement that trials are of is none that could be endorsed.
func TestTrialAchievementIsNotEndorsed(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External})
	p.define(t, endorser.Definition{Slug: "national-network"})
	if _, err := p.MakeTestIssuer(t.Context(), learning, "test"); err != nil {
		t.Fatal(err)
	}
	inline := &issuer.Achievement{Name: issuer.Text{"en": "Tides"}, Description: issuer.Text{"en": "Reads tides."}, Criteria: issuer.Text{"en": "Read them."}}
	tried, err := p.Issue(t.Context(), issuer.Award{Issuer: learning, Inline: inline, Recipient: issuer.Recipient{Name: "Ana"}, AwardedAt: p.clock.Now(), Actor: "test", Test: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"test-" + course, tried.Record.Achievement} { // and one that came along with a trial
		if _, err := p.Achievement(t.Context(), slug); err != nil {
			t.Fatal(slug, err)
		}
		_, err = p.said.Endorse(t.Context(), endorser.Request{Endorser: "national-network", Subject: endorser.Subject{Achievement: slug}, Comment: "Good.", Actor: "test"})
		refused(t, err, "subject_unknown", "/subject/achievement")
		_, err = p.accept(t, p.sign(t, they.id, they.signer, map[string]any{"subject": issuertest.BaseURL + "/achievements/" + slug}))
		refused(t, err, "subject_unknown", "/credentialSubject/id")
	}
	if slug := tried.Record.Achievement; !strings.HasPrefix(slug, "test-x-") {
		t.Errorf("the achievement that came along is %s", slug)
	}
}

// What an issuer for trials has signed, of whichever service, endorses nothing. A
// name or an address alone may be somebody's honest one.
func TestTrialEndorsesNothing(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External})
	const mark, place = "[TEST] Network", "https://elsewhere.example/issuers/test-network"
	signed := func(name, url string) []byte {
		return p.sign(t, they.id, they.signer, map[string]any{"subject": p.courseID(), "issuerName": name, "issuerURL": url})
	}
	_, err := p.accept(t, signed(mark, place))
	refused(t, err, "test_issuer", "/issuer")
	for _, honest := range [][2]string{{mark, "https://elsewhere.example/"}, {"Network", place}} {
		if _, err := p.accept(t, signed(honest[0], honest[1])); err != nil {
			t.Errorf("%v: %v", honest, err)
		}
	}
}

// TestEndorserKeyRevoked: what stood on record before a key came into strange
// hands is genuine to the service that has the record, alone and in a badge. What
// was signed after that, or is on no record, is not, whatever date it bears.
func TestEndorserKeyRevoked(t *testing.T) {
	p := newPlace(t)
	p.define(t, endorser.Definition{Slug: network, Listed: yes()})
	p.achievement(t, "carrier", true)
	carrier := issuertest.BaseURL + "/achievements/carrier"
	old := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Achievement: "carrier"}})
	rec := p.issue(t, "carrier", "ana")
	signer, err := p.ring.Issuer(endorser.Party(network)).Active(t.Context(), keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	forged := p.sign(t, "did:web:badges.example:issuers:endorser-cities-network", signer, map[string]any{"subject": carrier, "id": p.EndorsementURL(old.ID)})
	p.clock.Advance(2 * time.Hour)
	late := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Achievement: "carrier"}, Comment: "Another word."})
	p.clock.Advance(time.Hour)
	leak := issuertest.Start.Add(time.Hour)
	if _, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: endorser.Party(network), ID: signer.Method().ID, At: leak, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: endorser.Party(network), Algorithms: []keys.Algorithm{keys.EdDSA}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	altered := bytes.Replace(old.Document, []byte(old.Comment), []byte("Accredited."), 1)
	elsewhere := p.sign(t, "did:web:badges.example:issuers:endorser-cities-network", signer, map[string]any{"subject": p.courseID()})
	for name, c := range map[string]struct {
		by       *verifier.Verifier
		document []byte
		code     verifier.Code
		key      verifier.Code
	}{
		"before the leak":             {p.own, old.Document, verifier.EndorsementHolds, verifier.KeyCompromisedLater},
		"before the leak, a stranger": {p.stranger, old.Document, verifier.EndorsementKeyEnded, verifier.KeyRevoked},
		"after the leak":              {p.own, late.Document, verifier.EndorsementKeyEnded, verifier.KeyRevoked},
		"on no record":                {p.own, forged, verifier.EndorsementKeyEnded, verifier.KeyRevoked},
		"altered":                     {p.own, altered, verifier.EndorsementInvalid, verifier.KeyCompromisedLater},
		"of something else":           {p.own, elsewhere, verifier.EndorsementInvalid, verifier.KeyRevoked},
	} {
		e := c.by.VerifyEndorsement(t.Context(), c.document, carrier, verifier.Options{})
		if key := e.Report.Finding(verifier.CheckIssuerKey).Code; e.Finding.Code != c.code || e.Finding.Outcome != verifier.Warned || key != c.key {
			t.Errorf("%s: %s, key %s", name, e.Finding.Code, key)
		}
	}
	for by, want := range map[*verifier.Verifier]verifier.Code{p.own: verifier.EndorsementsHold, p.stranger: verifier.EndorsementNotGood} {
		r := by.Verify(t.Context(), rec.Document)
		if code := r.Finding(verifier.CheckEndorsement).Code; r.Verdict() != verifier.Valid || len(r.Endorsements) != 1 || code != want {
			t.Errorf("carried by a badge: %s, %s, %+v", r.Verdict(), code, r.Endorsements)
		}
	}
	// What nobody can show to be genuine any more is withdrawn.
	if _, err := p.said.Withdraw(t.Context(), late.ID, "test", anybody); err != nil {
		t.Fatal(err)
	}
}

// TestEndorserKeyRetired: a key that signs no more has proven what it signed.
func TestEndorserKeyRetired(t *testing.T) {
	p := newPlace(t)
	p.define(t, endorser.Definition{Slug: network, Listed: yes()})
	made := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Achievement: course}})
	known, err := p.Keys(t.Context(), endorser.Party(network))
	if err != nil || len(known) != 1 {
		t.Fatal(known, err)
	}
	p.clock.Advance(time.Hour)
	if _, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: endorser.Party(network), Algorithms: []keys.Algorithm{keys.EdDSA}, Activates: p.clock.Now(), Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.RetireKey(t.Context(), issuer.KeyChange{Issuer: endorser.Party(network), ID: known[0].Method.ID, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	p.clock.Advance(time.Hour)
	for name, by := range map[string]*verifier.Verifier{"own": p.own, "stranger": p.stranger} {
		e := by.VerifyEndorsement(t.Context(), made.Document, p.courseID(), verifier.Options{})
		if e.Finding.Code != verifier.EndorsementHolds || e.Finding.Outcome != verifier.Passed {
			t.Errorf("%s: %+v", name, e.Finding)
		}
	}
}

// What an endorser elsewhere had signed before its key was revoked is told by
// the record too.
func TestRecordedEndorsementOfAnother(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External})
	raw := p.sign(t, they.id, they.signer, map[string]any{"subject": p.courseID()})
	unknown := p.sign(t, they.id, they.signer, map[string]any{"subject": p.courseID(), "name": "Another"})
	if _, err := p.accept(t, raw); err != nil {
		t.Fatal(err)
	}
	p.clock.Advance(time.Hour)
	for name, c := range map[string]struct {
		raw []byte
		ok  bool
	}{"on record": {raw, true}, "on no record": {unknown, false},
		"the same statement signed anew": {p.sign(t, they.id, they.signer, map[string]any{"subject": p.courseID()}), false}} {
		doc, err := badge.Parse(c.raw)
		if err != nil {
			t.Fatal(err)
		}
		at, ok, err := p.said.RecordedAt(t.Context(), doc)
		if err != nil || ok != c.ok || ok && !at.Equal(issuertest.Start) {
			t.Errorf("%s: %s, %t, %v", name, at, ok, err)
		}
	}
}

func TestErasedBadge(t *testing.T) {
	p := newPlace(t)
	p.define(t, endorser.Definition{Slug: network, Listed: yes()})
	rec, other := p.issue(t, course, "ana"), p.issue(t, course, "bo")
	made := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Credential: rec.ID}, Comment: "Ana did it very well."})
	kept := p.endorse(t, endorser.Request{Endorser: network, Subject: endorser.Subject{Credential: other.ID}, Comment: "Bo did it very well."})
	if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: func(string) bool { return true }}); err != nil {
		t.Fatal(err)
	}
	for k, v := range issuertest.Snapshot(t, p.store) {
		if strings.Contains(v, "Ana did") || k == made.Natural || strings.Contains(v, made.Natural) {
			t.Errorf("%s holds something of it", k)
		}
	}
	gone, err := p.said.Endorsement(t.Context(), made.ID)
	if err != nil || !gone.Erased() || !gone.Withdrawn() {
		t.Errorf("%+v, %v", gone, err)
	}
	if f := p.finding(t, made.Document, made.Subject.ID); f.Code != verifier.EndorsementWithdrawn {
		t.Errorf("%+v", f)
	}
	if list := p.current(t, kept.Subject.ID, made.Subject.ID); len(list) != 1 || list[0].ID != kept.ID {
		t.Errorf("%+v", list)
	}
}

// The same again is the same endorsement, with a key or without, at once or
// later.
func TestRepeatedRequests(t *testing.T) {
	p := newPlace(t)
	p.define(t, endorser.Definition{Slug: network})
	first := p.endorse(t, endorser.Request{})
	p.clock.Advance(time.Hour)
	if again := p.endorse(t, endorser.Request{}); again.ID != first.ID || !again.Existing {
		t.Errorf("%+v", again)
	}
	idem := &issuer.Idempotency{Scope: "t POST", Key: "k", Digest: []byte("a")}
	q := endorser.Request{Endorser: network, Subject: endorser.Subject{Achievement: course}, Comment: "Something else.", Idempotency: idem}
	made := p.endorse(t, q)
	if again := p.endorse(t, q); again.ID != made.ID || !again.Replayed || made.Replayed {
		t.Errorf("%+v", again)
	}
	if _, err := p.said.Withdraw(t.Context(), made.ID, "test", anybody); err != nil {
		t.Fatal(err)
	}
	if again := p.endorse(t, q); again.ID != made.ID || !again.Replayed {
		t.Errorf("the same request with its key made another one: %+v", again)
	}
	q.Idempotency = &issuer.Idempotency{Scope: "t POST", Key: "k", Digest: []byte("b")}
	if _, err := p.said.Endorse(t.Context(), q); !errors.Is(err, issuer.ErrIdempotencyReused) {
		t.Errorf("%v", err)
	}
	p.clock.Advance(32 * 24 * time.Hour)
	if n, err := p.SweepAnswers(t.Context()); err != nil || n == 0 {
		t.Errorf("%d answers were forgotten, %v", n, err)
	}
}

// TestThoseThatStandComeFirst: what has ended or has not begun takes the place
// of none that stands, whoever said it. Behind those come the older ones.
func TestThoseThatStandComeFirst(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network, Listed: yes()})
	p.define(t, endorser.Definition{Slug: "national-network", ID: they.id, Key: endorser.External})
	for n := range endorser.MaxShown {
		p.endorse(t, endorser.Request{Comment: fmt.Sprintf("For an hour, %d.", n), ValidUntil: p.clock.Now().Add(time.Hour)})
		p.clock.Advance(time.Second) // or none would be older than another
	}
	p.endorse(t, endorser.Request{Comment: "Later.", ValidFrom: p.clock.Now().Add(year)})
	p.clock.Advance(2 * time.Hour)
	listed := p.endorse(t, endorser.Request{Comment: "From now on."})
	unlisted, err := p.accept(t, p.sign(t, they.id, they.signer, nil))
	if err != nil {
		t.Fatal(err)
	}
	list := p.current(t, p.courseID())
	if len(list) != endorser.MaxShown || list[0].ID != listed.ID || list[1].ID != unlisted.ID {
		t.Fatalf("%d are shown: %v", len(list), said(list))
	}
	for n, ended := range list[2:] {
		if ended.Comment != fmt.Sprintf("For an hour, %d.", n) {
			t.Errorf("in place %d: %v", 2+n, said(list))
		}
	}
}

func said(list []endorser.Shown) (all []string) {
	for _, e := range list {
		all = append(all, e.Endorsement.Endorser+": "+e.Comment)
	}
	return all
}

func TestParallelRequests(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network})
	p.define(t, endorser.Definition{Slug: "national-network", ID: they.id, Key: endorser.External})
	raw := p.sign(t, they.id, they.signer, nil)
	var all sync.WaitGroup
	var ids sync.Map
	for range 8 {
		all.Go(func() {
			made, err := p.said.Endorse(t.Context(), endorser.Request{Endorser: network, Subject: endorser.Subject{Achievement: course}, Comment: "Once."})
			if err != nil {
				t.Error(err)
				return
			}
			ids.Store(made.ID, true)
			kept, err := p.accept(t, raw)
			if err != nil {
				t.Error(err)
				return
			}
			ids.Store(kept.ID, true)
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 2 || len(p.stored(t)) != 2 {
		t.Errorf("%d answers, %d stored", n, len(p.stored(t)))
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.define(t, endorser.Definition{Slug: network})
	p.define(t, endorser.Definition{Slug: "health-ministry", ID: they.id, Key: endorser.External})
	now := p.clock.Now()
	for name, c := range map[string]struct {
		q             endorser.Request
		rule, pointer string
	}{
		"nobody":          {endorser.Request{Endorser: "nobody"}, "endorser_unknown", "/endorser"},
		"no slug":         {endorser.Request{Endorser: "../x"}, "endorser_unknown", "/endorser"},
		"external":        {endorser.Request{Endorser: "health-ministry"}, "endorser_external", "/endorser"},
		"two subjects":    {endorser.Request{Subject: endorser.Subject{Achievement: course, Issuer: learning}}, "subject_invalid", "/subject"},
		"no subject":      {endorser.Request{Endorser: network, Comment: "x"}, "subject_invalid", "/subject"},
		"unknown subject": {endorser.Request{Subject: endorser.Subject{Achievement: "no-such"}}, "subject_unknown", "/subject/achievement"},
		"an endorser":     {endorser.Request{Subject: endorser.Subject{Issuer: issuer.EndorserPrefix + network}}, "subject_unknown", "/subject/issuer"},
		"unknown badge":   {endorser.Request{Subject: endorser.Subject{Credential: "AAAAAAAAAAAAAAAAAAAAAA"}}, "subject_unknown", "/subject/credential"},
		"overrides":       {endorser.Request{Subject: endorser.Subject{Achievement: course}, Comment: "a\u202eb"}, "control_character", "/comment"},
		"says nothing":    {endorser.Request{Subject: endorser.Subject{Achievement: course}, Comment: " "}, "required", "/comment"},
		"ended":           {endorser.Request{Subject: endorser.Subject{Achievement: course}, Comment: "x", ValidFrom: now.Add(-2 * time.Hour), ValidUntil: now.Add(-time.Hour)}, "expired", "/validUntil"},
		"ends first":      {endorser.Request{Subject: endorser.Subject{Achievement: course}, Comment: "x", ValidUntil: now.Add(-time.Hour)}, "date_order", "/validUntil"},
	} {
		if c.q.Endorser == "" {
			c.q.Endorser = network
		}
		_, err := p.said.Endorse(t.Context(), c.q)
		t.Run(name, func(t *testing.T) { refused(t, err, c.rule, c.pointer) })
	}
	badgeOfOurs := p.issue(t, course, "ana")
	_, err := p.accept(t, badgeOfOurs.Document)
	refused(t, err, "not_an_endorsement", "/type")
	_, err = p.accept(t, make([]byte, endorser.MaxBytes+1))
	refused(t, err, "too_large", "")
	var unread *badge.Error
	if _, err := p.accept(t, []byte("{")); !errors.As(err, &unread) || unread.Code != badge.ParsingError {
		t.Errorf("%v", err)
	}
	if len(p.stored(t)) != 0 {
		t.Error("something was kept")
	}
}

// Who cannot be asked for a key is not told to be wrong, and nothing is kept.
func TestEndorserThatCannotBeAsked(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	const elsewhere = "did:web:cities-network.example"
	p.define(t, endorser.Definition{Slug: network, ID: elsewhere, Key: endorser.External, Listed: yes()})
	doc := p.sign(t, elsewhere, they.signer, nil)
	doc = bytes.Replace(doc, []byte(they.signer.Method().ID), []byte(elsewhere+"#key-1"), 1)
	if _, err := p.accept(t, doc); !errors.Is(err, endorser.ErrOpen) {
		t.Errorf("%v", err)
	}
	if len(p.stored(t)) != 0 {
		t.Error("it was kept")
	}
}

func TestEndorsersThatAreRefused(t *testing.T) {
	p := newPlace(t)
	p.define(t, endorser.Definition{Slug: network})
	for _, c := range []struct {
		d             endorser.Definition
		rule, pointer string
	}{
		{endorser.Definition{Slug: "A", Name: "x"}, "slug_invalid", "/slug"},
		{endorser.Definition{Slug: "a23456789012345678901234567890123456789012345678901234567890", Name: "x"}, "slug_invalid", "/slug"},
		{endorser.Definition{Slug: "x"}, "required", "/name"},
		{endorser.Definition{Slug: "x", Name: "x", URL: "javascript:x"}, "url_invalid", "/url"},
		{endorser.Definition{Slug: "x", Name: "x", Email: "x"}, "email_invalid", "/email"},
		{endorser.Definition{Slug: "x", Name: "x", Key: "theirs"}, "key_invalid", "/key"},
		{endorser.Definition{Slug: "x", Name: "x", ID: "did:key:z6Mk"}, "id_invalid", "/id"},
		{endorser.Definition{Slug: "x", Name: "x", VerificationMethod: "did:key:z6Mk"}, "key_invalid", "/verificationMethod"},
		{endorser.Definition{Slug: "x", Name: "x", Key: endorser.External}, "id_invalid", "/id"},
		{endorser.Definition{Slug: "x", Name: "x", Key: endorser.External, ID: "http://x.example"}, "id_invalid", "/id"},
		{endorser.Definition{Slug: "x", Name: "x", Key: endorser.External, ID: "did:web:x.example#key"}, "id_invalid", "/id"},
		{endorser.Definition{Slug: network, Name: "x", Key: endorser.External, ID: "did:web:x.example"}, "key_invalid", "/key"},
		{endorser.Definition{Slug: network, Name: "x", ID: "did:web:x.example"}, "id_invalid", "/id"},
	} {
		_, err := p.said.Put(t.Context(), c.d)
		refused(t, err, c.rule, c.pointer)
	}
	// An issuer has no such name, and an endorser awards nothing.
	_, err := p.PutProfile(t.Context(), issuer.Profile{Slug: issuer.EndorserPrefix + "y", Name: "y"}, "test")
	refused(t, err, "slug_reserved", "/slug")
	_, err = p.PutAchievement(t.Context(), issuer.Achievement{Slug: "y", Issuer: issuer.EndorserPrefix + network, Name: issuer.Text{"en": "y"},
		Description: issuer.Text{"en": "y"}, Criteria: issuer.Text{"en": "y"}}, "test")
	refused(t, err, "issuer_unknown", "/issuer")
}

// A changed profile keeps its id, and who is listed stays so until it is said
// otherwise.
func TestEndorserIsChanged(t *testing.T) {
	p := newPlace(t)
	first := p.define(t, endorser.Definition{Slug: network, Listed: yes()})
	p.clock.Advance(time.Hour)
	second := p.define(t, endorser.Definition{Slug: network})
	if second.ID != first.ID || !second.Listed || !second.CreatedAt.Equal(first.CreatedAt) || !second.ChangedAt.After(first.ChangedAt) {
		t.Errorf("%+v, then %+v", first, second)
	}
	if known, err := p.Keys(t.Context(), endorser.Party(network)); err != nil || len(known) != 1 || known[0].Algorithm != keys.EdDSA {
		t.Errorf("%+v, %v", known, err)
	}
}

// Only listed endorsers are carried by badges, and only in a form that a badge
// can carry.
func TestWhatBadgesCarry(t *testing.T) {
	p := newPlace(t)
	they := newParty(t, p.clock)
	p.achievement(t, "carrier", true)
	id := issuertest.BaseURL + "/achievements/carrier"
	p.define(t, endorser.Definition{Slug: network, ID: they.id, Key: endorser.External, Listed: yes()})
	p.define(t, endorser.Definition{Slug: "national-network"})
	p.endorse(t, endorser.Request{Endorser: "national-network", Subject: endorser.Subject{Achievement: "carrier"}})
	if _, err := p.accept(t, p.sign(t, they.id, they.signer, map[string]any{"subject": id})); err != nil { // two contexts, badges have three
		t.Fatal(err)
	}
	if r := p.valid(t, p.issue(t, "carrier", "ana")); len(r.Endorsements) != 0 {
		t.Errorf("%+v", r.Endorsements)
	}
	token, err := proof.VCJWT{}.Secure(t.Context(), fixture(t, 0, map[string]any{"issuer": they.id, "subject": id, "id": "urn:uuid:0c5d8a04-6f0f-4d0c-9d55-1f7c3a4a2b12"}), they.signer, p.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.accept(t, token.Raw()); err != nil {
		t.Fatal(err)
	}
	p.define(t, endorser.Definition{Slug: "national-network", Listed: yes()})
	rec := p.issue(t, "carrier", "bo")
	r := p.valid(t, rec)
	if len(r.Endorsements) != 2 || r.Finding(verifier.CheckEndorsement).Code != verifier.EndorsementsHold {
		t.Fatalf("%+v", r.Endorsements)
	}
	if a := r.Document.Root().Get("credentialSubject").Get("achievement"); a.Get("endorsement").Len() != 1 || a.Get("endorsementJwt").Len() != 1 {
		t.Errorf("%s", a.Raw())
	}
	if other := p.valid(t, p.issue(t, course, "bo")); other.Finding(verifier.CheckEndorsement).Code != verifier.NoEndorsement {
		t.Error("an achievement that embeds nothing does")
	}
}

// Check tells of what is not as it should be.
func TestCheckFindsDamage(t *testing.T) {
	for name, damage := range map[string]func(all map[string]string) (key string, value []byte){
		"finder": func(all map[string]string) (string, []byte) { return first(all, "z/s/"), nil },
		"byte": func(all map[string]string) (string, []byte) {
			k := first(all, "z/c/")
			v := []byte(all[k])
			v[len(v)/2] ^= 1
			return k, v
		},
		"endorser": func(all map[string]string) (string, []byte) { return first(all, "z/e/"), nil },
		"record":   func(all map[string]string) (string, []byte) { return first(all, "z/c/"), nil },
		"index":    func(all map[string]string) (string, []byte) { return first(all, "x/endorser-"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.define(t, endorser.Definition{Slug: network})
			p.endorse(t, endorser.Request{})
			all := issuertest.Snapshot(t, p.store)
			k, v := damage(all)
			write(t, p.store, k, v)
			problems := 0
			if _, err := p.said.Check(t.Context(), func(string) { problems++ }); err != nil || problems == 0 {
				t.Errorf("%d problems, %v", problems, err)
			}
			write(t, p.store, k, []byte(all[k]))
		})
	}
}
