package issuer_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
	"laurel/verifier"
)

func oneBadge(t *testing.T, p *place) {
	var log bytes.Buffer
	cfg := p.Config
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	logging, err := issuer.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := award("ana")
	a.Language, a.ExternalRef, a.Edition = "fr", "run-1", "2025"
	issued, err := logging.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	rec := issued.Record
	if issued.Existing || issued.Replayed || rec.Status != issuer.Active || rec.Edition != 1 || rec.Issuer != academy ||
		rec.Language != "fr" || rec.Term != "2025" || !rec.AwardedAt.Equal(earned) || !rec.IssuedAt.Equal(issuertest.Start) {
		t.Errorf("the record is %+v", rec)
	}
	got, err := p.Credential(t.Context(), rec.ID)
	if err != nil || !bytes.Equal(got.Document, rec.Document) || len(rec.Document) == 0 {
		t.Errorf("what is stored is not what was issued: %v", err)
	}
	report := p.Verifier.Verify(t.Context(), rec.Document)
	if report.Finding(verifier.CheckProof).Outcome != verifier.Passed || report.Finding(verifier.CheckIssuerKey).Outcome != verifier.Passed {
		t.Errorf("it does not verify: %+v", report.Findings)
	}
	if strings.Contains(string(rec.Document), "@learner.example") {
		t.Error("the address stands in the badge")
	}
	for _, secret := range []string{"Person ana", "ana@"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log names the person: %s", log.String())
		}
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), rec.ID) {
		t.Errorf("one line a badge is logged, not %q", log.String())
	}
	if !slices.Contains(slices.Collect(maps.Keys(issuertest.Snapshot(t, p.Store))), "n/"+rec.ID) {
		t.Error("the snapshot of these tests sees nothing")
	}
}

// fault is one way to spoil an award, and what must be said of it.
type fault struct {
	pointer, rule string
	spoil         func(a *issuer.Award)
}

func awardFaults() []fault {
	long := strings.Repeat("a", 9000)
	results := func(r ...badge.Result) func(*issuer.Award) { return func(a *issuer.Award) { a.Results = r } }
	inline := func(spoil func(*issuer.Achievement)) func(*issuer.Award) {
		return func(a *issuer.Award) {
			ach := rich(academy)
			spoil(&ach)
			a.Achievement, a.Inline = "", &ach
		}
	}
	return []fault{
		{"/achievement", "required", func(a *issuer.Award) { a.Achievement = "" }},
		{"/achievement", "achievement_unknown", func(a *issuer.Award) { a.Achievement = "no-such" }},
		{"/achievement", "achievement_unknown", func(a *issuer.Award) { a.Achievement = "academy-course/1" }},
		{"/achievement", "achievement_unknown", func(a *issuer.Award) { a.Achievement = long }},
		{"/achievement/issuer", "issuer_mismatch", func(a *issuer.Award) { a.Issuer = institute }},
		{"/achievement/issuer", "issuer_unknown", inline(func(a *issuer.Achievement) { a.Issuer = "nobody" })},
		{"/achievement/issuer", "issuer_unknown", inline(func(a *issuer.Achievement) { a.Issuer = issuer.VCAPISlug })},
		{"/achievement/issuer", "issuer_unknown", inline(func(a *issuer.Achievement) { a.Issuer = "" })},
		{"/achievement/name", "required", inline(func(a *issuer.Achievement) { a.Name = issuer.Text{"fr": "Villes-santé"} })},
		{"/achievement/name/x~1y", "language_invalid", inline(func(a *issuer.Achievement) { a.Name["x/y"] = "?" })},
		{"/achievement/alignment/0/targetUrl", "url_invalid", inline(func(a *issuer.Achievement) { a.Alignment[0].TargetURL = "20-steps" })},
		{"/achievement/resultDescription/2/requiredLevel", "level_unknown",
			inline(func(a *issuer.Achievement) { a.ResultDescription[2].RequiredLevel = "better" })},
		{"/recipient/name", "required", func(a *issuer.Award) { a.Recipient.Name = " " }},
		{"/recipient/name", "too_long", func(a *issuer.Award) { a.Recipient.Name = long }},
		{"/recipient/name", "control_character", func(a *issuer.Award) { a.Recipient.Name = "Ana\u202egnilkceH" }},
		{"/recipient/name", "control_character", func(a *issuer.Award) { a.Recipient.Name = "Ana\u0000" }},
		{"/recipient/name", "control_character", func(a *issuer.Award) { a.Recipient.Name = "Ana\nBo" }},
		{"/recipient/name", "name_suspicious", func(a *issuer.Award) { a.Recipient.Name = `=HYPERLINK("x")` }},
		{"/recipient/name", "name_suspicious", func(a *issuer.Award) { a.Recipient.Name = "\tAna" }},
		{"/recipient/name", "name_suspicious", func(a *issuer.Award) { a.Recipient.Name = " \uff1dAna" }},
		{"/recipient/email", "email_invalid", func(a *issuer.Award) { a.Recipient.Email = "ana" }},
		{"/recipient/email", "email_invalid", func(a *issuer.Award) { a.Recipient.Email = "Ana <ana@learner.example>" }},
		{"/recipient/email", "email_invalid", func(a *issuer.Award) { a.Recipient.Email = "ana@learner.example\r\nbcc: all@learner.example" }},
		{"/recipient/email", "email_invalid", func(a *issuer.Award) { a.Recipient.Email = "a@b.example,c@d.example" }},
		{"/recipient/externalId", "too_long", func(a *issuer.Award) { a.Recipient.ExternalID = long }},
		{"/recipient/did", "did_invalid", func(a *issuer.Award) { a.Recipient.DID = "https://ana.example" }},
		{"/recipient/did", "did_invalid", func(a *issuer.Award) { a.Recipient.DID = "did:key:<z>" }},
		{"/awardedAt", "required", func(a *issuer.Award) { a.AwardedAt = time.Time{} }},
		{"/awardedAt", "date_in_future", func(a *issuer.Award) { a.AwardedAt = issuertest.Start.Add(6 * time.Minute) }},
		{"/awardedAt", "date_invalid", func(a *issuer.Award) { a.AwardedAt = time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"/validUntil", "date_order", func(a *issuer.Award) { a.ValidUntil = earned }},
		{"/validUntil", "expired", func(a *issuer.Award) { a.ValidUntil = issuertest.Start }},
		{"/activity/end", "date_order", func(a *issuer.Award) { a.ActivityStart, a.ActivityEnd = earned, earned.Add(-time.Hour) }},
		{"/edition", "too_long", func(a *issuer.Award) { a.Edition = long }},
		{"/role", "control_character", func(a *issuer.Award) { a.Role = "a\u2028b" }},
		{"/narrative", "too_long", func(a *issuer.Award) { a.Narrative = long }},
		{"/externalRef", "too_long", func(a *issuer.Award) { a.ExternalRef = long }},
		{"/language", "language_invalid", func(a *issuer.Award) { a.Language = "french" }},
		{"/onDuplicate", "on_duplicate_invalid", func(a *issuer.Award) { a.OnDuplicate = "maybe" }},
		{"/creditsEarned", "credits_invalid", func(a *issuer.Award) { c := -1.0; a.CreditsEarned = &c }},
		{"/evidence", "too_many", func(a *issuer.Award) { a.Evidence = make([]badge.Evidence, 21) }},
		{"/evidence/0", "required", func(a *issuer.Award) { a.Evidence = []badge.Evidence{{Genre: "Essay"}} }},
		{"/evidence/0/id", "relative_id", func(a *issuer.Award) { a.Evidence = []badge.Evidence{{ID: "essay/1"}} }},
		{"/results", "too_many", func(a *issuer.Award) { a.Results = make([]badge.Result, 101) }},
		{"/results/0/resultDescription", "result_unknown", results(badge.Result{ResultDescription: "marks", Value: "85"})},
		{"/results/0/resultDescription", "result_unknown", results(badge.Result{Value: "85"})},
		{"/results/0/value", "required", results(badge.Result{ResultDescription: "score"})},
		{"/results/0/value", "result_below_required", results(badge.Result{ResultDescription: "score", Value: "79.999999"})},
		{"/results/0/value", "result_out_of_range", results(badge.Result{ResultDescription: "score", Value: "100.1"})},
		{"/results/0/value", "result_not_a_number", results(badge.Result{ResultDescription: "score", Value: "8e1"})},
		{"/results/1/value", "result_not_allowed", results(badge.Result{ResultDescription: "score", Value: "80"}, badge.Result{ResultDescription: "grade", Value: "D"})},
		{"/results/0/value", "result_below_required", results(badge.Result{ResultDescription: "grade", Value: "C"})},
		{"/results/0/status", "status_invalid", results(badge.Result{ResultDescription: "state", Status: "Failed"})},
		{"/results/0/status", "required", results(badge.Result{ResultDescription: "state", Value: "done"})},
		{"/results/0/achievedLevel", "result_below_required", results(badge.Result{ResultDescription: "project", AchievedLevel: "weak"})},
		{"/results/0/achievedLevel", "level_unknown", results(badge.Result{ResultDescription: "project", AchievedLevel: "super"})},
		{"/results/0/achievedLevel", "level_unknown", results(badge.Result{ResultDescription: "project", Status: "Completed"})},
		{"/results/0/alignment/0/targetUrl", "url_invalid", results(badge.Result{ResultDescription: "score", Value: "80",
			Alignment: []badge.Alignment{{TargetName: "x", TargetURL: "x"}}})},
		// What only the canonicaliser can tell.
	}
}

func faultsOfAwards(t *testing.T, p *place) {
	p.put(t, rich(academy))
	before := issuertest.Snapshot(t, p.Store)
	for _, f := range awardFaults() {
		a := keyed(award("ana"), "key", "body")
		f.spoil(&a)
		_, err := p.Issue(t.Context(), a)
		var list badge.Errors
		if !errors.As(err, &list) || !slices.ContainsFunc(list, func(e *badge.Error) bool {
			return e.Pointer == f.pointer && e.Rule == f.rule && e.Code == badge.MalformedValueError && e.Detail != ""
		}) {
			t.Errorf("want %s at %s, got %v", f.rule, f.pointer, err)
		}
	}
	both := award("ana")
	both.Recipient.Name, both.AwardedAt, both.Language = "", time.Time{}, "x"
	_, err := p.Issue(t.Context(), both)
	var list badge.Errors
	if !errors.As(err, &list) || len(list) != 3 {
		t.Errorf("all faults are told at once, not %v", err)
	}
	if after := issuertest.Snapshot(t, p.Store); !maps.Equal(before, after) {
		t.Error("a refused award left something in the store")
	}
	if seen, err := p.Preview(t.Context(), award("ana")); seen != nil || err != nil || !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Errorf("a preview answered %v, %v, or wrote something", seen, err)
	}
}

func replay(t *testing.T, p *place) {
	first := p.issue(t, keyed(award("ana"), "k1", "body"))
	again := p.issue(t, keyed(award("ana"), "k1", "body"))
	if first.Replayed || !again.Replayed || again.Existing || again.Record.ID != first.Record.ID || !bytes.Equal(again.Record.Document, first.Record.Document) {
		t.Errorf("the second answer is another: %+v", again)
	}
	if _, err := p.Issue(t.Context(), keyed(award("ana"), "k1", "other")); !errors.Is(err, issuer.ErrIdempotencyReused) {
		t.Errorf("a key with another body: %v", err)
	}
	other := keyed(award("bo"), "k1", "body")
	other.Idempotency.Scope = "another token"
	if issued := p.issue(t, other); issued.Replayed {
		t.Error("a key of another scope was answered")
	}
	// An answer "existing" is an answer too: it is kept, whatever becomes of the badge.
	existing := p.issue(t, keyed(award("ana"), "k2", "body"))
	if !existing.Existing || existing.Replayed || existing.Record.ID != first.Record.ID {
		t.Errorf("a second key for the same person: %+v", existing)
	}
	if _, err := p.Revoke(t.Context(), first.Record.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k1", "k2"} {
		got := p.issue(t, keyed(award("ana"), key, "body"))
		if !got.Replayed || got.Existing != (key == "k2") || got.Record.ID != first.Record.ID || got.Record.Status != issuer.Active {
			t.Errorf("after the revocation %s is answered with %+v", key, got)
		}
	}
	if _, err := p.Issue(t.Context(), keyed(award("ana"), "k2", "other")); !errors.Is(err, issuer.ErrIdempotencyReused) {
		t.Errorf("the key of an existing answer with another body: %v", err)
	}
	if n := len(p.all(t, issuer.Filter{})); n != 2 {
		t.Errorf("there are %d credentials, not 2", n)
	}
}

func oneKeyAtOnce(t *testing.T, p *place) {
	const clients = 100
	answers := make([]*issuer.Issued, clients)
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			a := keyed(award("ana"), "key", "body")
			a.OnDuplicate = issuer.AllowDuplicate // the key alone must hold
			answers[n] = insist(t, p.Issuer, a)
		})
	}
	wg.Wait()
	made := 0
	for _, a := range answers {
		if !a.Replayed {
			made++
		}
		if !bytes.Equal(a.Record.Document, answers[0].Record.Document) {
			t.Error("two clients have two badges")
		}
	}
	if n := len(p.all(t, issuer.Filter{})); made != 1 || n != 1 {
		t.Errorf("%d clients were told of a new badge and there are %d, both should be 1", made, n)
	}
}

func duplicates(t *testing.T, p *place) {
	first := p.issue(t, award("ana")).Record.ID
	same := map[string]func(*issuer.Award){
		"as it was":                    func(*issuer.Award) {},
		"another address, the same id": func(a *issuer.Award) { a.Recipient.Email = "new@learner.example" },
		"the address in other case":    func(a *issuer.Award) { a.Recipient.ExternalID, a.Recipient.Email = "", " ANA@Learner.Example " },
		"no address, the same id":      func(a *issuer.Award) { a.Recipient.Email = "" },
		"another name, the same id":    func(a *issuer.Award) { a.Recipient.Name = "Person Bo" },
		"the name in another spelling, by address": func(a *issuer.Award) {
			a.Recipient.ExternalID, a.Recipient.Name = "", "  PERSON   Ana "
		},
	}
	for name, change := range same {
		a := award("ana")
		change(&a)
		if got := p.issue(t, a); !got.Existing || got.Record.ID != first {
			t.Errorf("%s: %+v", name, got)
		}
		if got, err := p.Preview(t.Context(), a); err != nil || got == nil || got.Record.ID != first {
			t.Errorf("%s: the preview says %+v, %v", name, got, err)
		}
		a.OnDuplicate = issuer.RejectDuplicate
		_, err := p.Issue(t.Context(), a)
		var dup *issuer.DuplicateError
		if !errors.As(err, &dup) || dup.ID != first || !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("%s: rejecting gave %v", name, err)
		}
	}
	different := map[string]func(*issuer.Award){
		"another person":              func(a *issuer.Award) { a.Recipient = issuer.Recipient{Name: "Bo", Email: "bo@learner.example"} },
		"another name at the address": func(a *issuer.Award) { a.Recipient.ExternalID, a.Recipient.Name = "", "Person Bo" },
		"another name at the address, rejecting": func(a *issuer.Award) {
			a.Recipient.ExternalID, a.Recipient.Name, a.OnDuplicate = "", "Person Cy", issuer.RejectDuplicate
		},
		"another edition":     func(a *issuer.Award) { a.Edition = "2" },
		"another achievement": func(a *issuer.Award) { a.Achievement = institute + "-course" },
		"allowed":             func(a *issuer.Award) { a.OnDuplicate = issuer.AllowDuplicate },
		"nobody known":        func(a *issuer.Award) { a.Recipient = issuer.Recipient{Name: "Person ana"} },
	}
	for name, change := range different {
		a := award("ana")
		change(&a)
		if got := p.issue(t, a); got.Existing || got.Record.ID == first {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Two people without id and address are not one.
	nameless := award("ana")
	nameless.Recipient = issuer.Recipient{Name: "Person ana"}
	if got := p.issue(t, nameless); got.Existing {
		t.Error("a name alone was taken for a person")
	}
}

// olderGuards: whoever was given a badge twice has it still when the newer one
// is theirs no more, and gets no third.
func olderGuards(t *testing.T, p *place) {
	for name, leave := range map[string]func(rec *issuer.Record) error{
		"erased": func(rec *issuer.Record) error {
			_, _, err := p.Erase(t.Context(), amendment(rec.ID))
			return err
		},
		"readdressed": func(rec *issuer.Record) error {
			_, err := p.Reissue(t.Context(), amendment(rec.ID), issuer.Correction{Email: ptr("x@" + rec.ID + ".example"), ExternalID: ptr(rec.ID)})
			return err
		},
		"put in another's name": func(rec *issuer.Record) error {
			_, err := p.ChangeRegister(t.Context(), amendment(rec.ID), issuer.Register{Email: ptr("y@" + rec.ID + ".example"), ExternalID: ptr(rec.ID + "2")})
			return err
		},
		"revoked": func(rec *issuer.Record) error {
			_, err := p.Revoke(t.Context(), rec.ID, "", "test", anyIssuer)
			return err
		},
	} {
		person := award(strings.Fields(name)[0])
		first := p.issue(t, person).Record
		p.Clock.Advance(time.Second)
		again := person
		again.OnDuplicate = issuer.AllowDuplicate
		second := p.issue(t, again).Record
		p.Clock.Advance(time.Second)
		if got := p.issue(t, person); !got.Existing || got.Record.ID != second.ID {
			t.Errorf("%s: of two the newer one is not the answer", name)
		}
		if err := leave(second); err != nil {
			t.Fatal(name, err)
		}
		if got := p.issue(t, person); !got.Existing || got.Record.ID != first.ID {
			t.Errorf("%s: a third badge was issued", name)
		}
	}
}

// guardsAsOnceWritten: one key for all badges of a person, which led to the
// last of them by its id.
func guardsAsOnceWritten(t *testing.T, p *place) {
	rec := p.issue(t, award("ana")).Record
	for k := range issuertest.Snapshot(t, p.Store) {
		if strings.HasPrefix(k, "d/") {
			p.remove(t, k)
			k = k[:strings.LastIndex(k, "/")]
			p.overwrite(t, k, string(store.Seal([]byte(k), []byte(`"`+rec.ID+`"`))))
		}
	}
	if got := p.issue(t, award("ana")); !got.Existing || got.Record.ID != rec.ID {
		t.Error("a second badge was issued")
	}
	issuertest.Audit(t, p.Issuer)
	if _, _, err := p.Erase(t.Context(), amendment(rec.ID)); err != nil {
		t.Fatal(err)
	}
	for k := range issuertest.Snapshot(t, p.Store) {
		if strings.HasPrefix(k, "d/") {
			t.Errorf("%s leads to who was erased", k)
		}
	}
	if got := p.issue(t, award("ana")); got.Existing {
		t.Error("what was erased was found")
	}
}

func sharedAddress(t *testing.T, p *place) {
	ids := map[string]string{}
	for _, who := range []string{"ana", "bo"} {
		a := award(who)
		a.Recipient.Email = "family@learner.example"
		got := p.issue(t, a)
		if got.Existing {
			t.Errorf("%s got the badge of somebody else at the same address", who)
		}
		ids[who] = got.Record.ID
	}
	for _, who := range []string{"ana", "bo", "ana"} {
		a := award(who)
		a.Recipient.Email = "family@learner.example"
		if got := p.issue(t, a); got.Record.ID != ids[who] {
			t.Errorf("%s is answered with another badge", who)
		}
	}
}

// sharedAddressByName: of two people who have an address and nothing else, each is
// answered with the badge of their own name, asked once and again, in every order
// and many at once.
func sharedAddressByName(t *testing.T, p *place) {
	people := []string{"Rae One", "Sam Two", "rae  ONE"}
	for n, order := range [][]int{{0, 1, 2, 1, 0}, {1, 0, 0, 2, 1}, {2, 0, 1, 1, 2}} {
		ids := map[bool]string{}
		for _, who := range order {
			a := award("shared")
			a.Recipient = issuer.Recipient{Name: people[who], Email: fmt.Sprintf("shared-%d@learner.example", n)}
			got := p.issue(t, a)
			if id, had := ids[who == 1]; had != got.Existing || had && id != got.Record.ID {
				t.Errorf("order %v: %s is answered with %s, existing %t, and had %q", order, people[who], got.Record.ID, got.Existing, id)
			}
			ids[who == 1] = got.Record.ID
		}
		if ids[true] == ids[false] {
			t.Errorf("order %v: two people have one badge", order)
		}
	}
	var wg sync.WaitGroup
	for n := range 12 {
		wg.Go(func() {
			a := award("shared")
			a.Recipient = issuer.Recipient{Name: people[n%2], Email: "at-once@learner.example"}
			if _, err := p.Issue(t.Context(), a); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ids := p.found(t, "at-once@learner.example"); len(ids) != 2 {
		t.Errorf("two people have %d badges", len(ids))
	}
}

// nameBeforeCorrection: a platform that does not know of a correction and asks with
// the name that was taken away is answered with the badge, until its holder is erased.
func nameBeforeCorrection(t *testing.T, p *place) {
	asked := func(name string) issuer.Award {
		a := award("cy")
		a.Recipient = issuer.Recipient{Name: name, Email: "cy@learner.example"}
		return a
	}
	first := p.issue(t, asked("Misspelt Nmae")).Record
	p.reissue(t, first.ID, issuer.Correction{Name: ptr("Mispelt Name")})
	last := p.reissue(t, first.ID, issuer.Correction{Name: ptr("Misspelt Name")})
	for _, name := range []string{"Misspelt Nmae", "misspelt  NMAE", "Mispelt Name", "Misspelt Name"} {
		a := asked(name)
		if got := p.issue(t, a); !got.Existing || got.Record.ID != first.ID || !bytes.Equal(got.Record.Document, last.Document) {
			t.Errorf("%s: existing %t, edition %d of %s", name, got.Existing, got.Record.Edition, got.Record.ID)
		}
		if got, err := p.Preview(t.Context(), a); err != nil || got == nil || got.Record.ID != first.ID {
			t.Errorf("%s: the preview says %+v, %v", name, got, err)
		}
		a.OnDuplicate = issuer.RejectDuplicate
		var dup *issuer.DuplicateError
		if _, err := p.Issue(t.Context(), a); !errors.As(err, &dup) || dup.ID != first.ID {
			t.Errorf("%s: rejecting gave %v", name, err)
		}
	}
	if got := p.issue(t, asked("Somebody Else")); got.Existing {
		t.Error("a name that the badge never bore is answered with it")
	}
	if _, _, err := p.Erase(t.Context(), amendment(first.ID)); err != nil {
		t.Fatal(err)
	}
	if n := p.traces(t, []string{"Misspelt", "Mispelt"}); n != 0 {
		t.Errorf("%d entries have a name of who was erased", n)
	}
	if got := p.issue(t, asked("Misspelt Nmae")); got.Existing || got.Record.ID == first.ID {
		t.Error("who was erased is answered with the badge")
	}
}

// nameOfAnotherBefore: whoever bears a name comes before whoever bore it, and whom
// the platform tells apart is nobody else by any name.
func nameOfAnotherBefore(t *testing.T, p *place) {
	asked := func(name, id string) issuer.Award {
		a := award("shared")
		a.Recipient = issuer.Recipient{Name: name, Email: "before@learner.example", ExternalID: id}
		return a
	}
	corrected := p.issue(t, asked("Rae One", "r-1")).Record.ID
	twin := p.issue(t, asked("Rae One", "r-2")).Record.ID
	p.reissue(t, corrected, issuer.Correction{Name: ptr("Sam Two")}) // the newer of the two now
	if twin == corrected {
		t.Fatal("two ids have one badge")
	}
	for _, c := range []struct{ name, id, want string }{
		{"Rae One", "", twin}, {"Sam Two", "", corrected}, {"Rae One", "r-1", corrected}, {"Rae One", "r-2", twin},
	} {
		if got := p.issue(t, asked(c.name, c.id)); !got.Existing || got.Record.ID != c.want {
			t.Errorf("%s %s: existing %t, %s instead of %s", c.name, c.id, got.Existing, got.Record.ID, c.want)
		}
	}
	if _, err := p.Revoke(t.Context(), twin, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	if got := p.issue(t, asked("Rae One", "")); !got.Existing || got.Record.ID != corrected {
		t.Error("the name that was corrected leads to no badge when the other one is revoked")
	}
	if got := p.issue(t, asked("Rae One", "r-3")); got.Existing {
		t.Error("another id is answered with a badge that bore the name")
	}
}

func afterRevocation(t *testing.T, p *place) {
	first := p.issue(t, award("ana")).Record.ID
	if _, err := p.Revoke(t.Context(), first, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	once := award("ana")
	once.Once = true
	if got := p.issue(t, once); !got.Existing || got.Record.ID != first || got.Record.Status != issuer.Revoked {
		t.Errorf("who is served once only got %+v", got)
	}
	second := p.issue(t, award("ana"))
	if second.Existing || second.Record.ID == first {
		t.Errorf("after the revocation: %+v", second)
	}
	if got := p.issue(t, award("ana")); got.Record.ID != second.Record.ID {
		t.Errorf("the new badge is not found: %+v", got)
	}
}

// TestConcurrentUseOfOneAward: callers may hand the same award, and the same
// achievement within it, to many at once (under -race).
func TestConcurrentUseOfOneAward(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	ach := rich(academy)
	a := award("ana")
	a.Achievement, a.Inline = "", &ach
	a.Evidence = []badge.Evidence{{ID: "https://evidence.example/1"}}
	a.Results = []badge.Result{{ResultDescription: "score", Value: "85"}}
	was := fmt.Sprintf("%+v %+v", a, ach)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := p.Issue(t.Context(), a); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if is := fmt.Sprintf("%+v %+v", a, ach); is != was {
		t.Errorf("the caller's award was changed:\n%s\n%s", was, is)
	}
	if n := issuertest.Audit(t, p.Issuer); n != 1 {
		t.Errorf("%d credentials, not 1", n)
	}
}
