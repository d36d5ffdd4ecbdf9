package issuer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
)

func versions(t *testing.T, p *place) {
	course := template(academy)
	changed := template(academy)
	changed.Description["en"] = "Completed the longer course."
	// No badge yet: the version may change.
	p.put(t, changed)
	p.put(t, course)
	old := p.issue(t, award("ana")).Record
	before := issuertest.Snapshot(t, p.Store)
	if _, err := p.PutAchievement(t.Context(), changed, "test"); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("changing a version that a badge was issued from: %v", err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("the refused change left something in the store")
	}
	if _, err := p.PutAchievement(t.Context(), course, "test"); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	changed.Version = "2"
	p.put(t, changed)
	rec := p.issue(t, award("bo")).Record
	if rec.Version != "2" || view(t, rec).CredentialSubject.Achievement.Description != "Completed the longer course." {
		t.Errorf("the new badge is of version %s", rec.Version)
	}
	course.Version = "1"
	course.Name["en"] = "Unhealthy Cities"
	if _, err := p.PutAchievement(t.Context(), course, "test"); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("changing an older version: %v", err)
	}
	got, err := p.Credential(t.Context(), old.ID)
	if err != nil || string(got.Document) != string(old.Document) {
		t.Errorf("the old badge is another: %v", err)
	}
	stolen := template(institute)
	stolen.Slug = academy + "-course"
	if _, err := p.PutAchievement(t.Context(), stolen, "test"); !errors.Is(err, issuer.ErrForbidden) {
		t.Errorf("putting another issuer's achievement: %v", err)
	}
}

func view(t *testing.T, rec *issuer.Record) *badge.Credential {
	t.Helper()
	doc, err := rec.View()
	if err != nil {
		t.Fatal(err)
	}
	return doc.View()
}

func inline(t *testing.T, p *place) {
	withInline := func(who string, change func(*issuer.Achievement)) issuer.Award {
		ach := template("")
		ach.Slug = "chosen-by-the-caller"
		change(&ach)
		a := award(who)
		a.Achievement, a.Inline, a.Issuer = "", &ach, academy
		return a
	}
	same := func(*issuer.Achievement) {}
	first := p.issue(t, withInline("ana", same)).Record
	second := p.issue(t, withInline("bo", same)).Record
	if !strings.HasPrefix(first.Achievement, "x-") || first.Achievement != second.Achievement {
		t.Errorf("one text became two achievements: %s and %s", first.Achievement, second.Achievement)
	}
	if again := p.issue(t, withInline("ana", same)); !again.Existing || again.Record.ID != first.ID {
		t.Errorf("the duplicate was not found: %+v", again)
	}
	other := p.issue(t, withInline("ana", func(a *issuer.Achievement) { a.Name["en"] = "Healthier Cities" })).Record
	if other.Achievement == first.Achievement {
		t.Error("two texts became one achievement")
	}
	kept, err := p.Achievement(t.Context(), first.Achievement)
	if err != nil || kept.Issuer != academy {
		t.Fatalf("the signed address of the achievement leads nowhere: %v", err)
	}
	profile, err := p.Profile(t.Context(), academy)
	if err != nil {
		t.Fatal(err)
	}
	if served := p.AchievementDocument(kept, profile, "en"); !reflect.DeepEqual(served, view(t, first).CredentialSubject.Achievement) {
		t.Errorf("the address does not show what is signed:\n%+v\n%+v", served, view(t, first).CredentialSubject.Achievement)
	}
	taken := template(academy)
	taken.Slug = first.Achievement
	var list badge.Errors
	if _, err := p.PutAchievement(t.Context(), taken, "test"); !errors.As(err, &list) || list[0].Rule != "slug_reserved" {
		t.Errorf("writing over it: %v", err)
	}
}

func TestAchievementDocument(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	a, err := p.Achievement(t.Context(), academy+"-course")
	if err != nil {
		t.Fatal(err)
	}
	profile, err := p.Profile(t.Context(), academy)
	if err != nil {
		t.Fatal(err)
	}
	base := issuertest.BaseURL + "/achievements/academy-course"
	related := func(a *badge.Achievement) (ids []string) {
		for _, r := range a.Related {
			ids = append(ids, r.ID)
		}
		return ids
	}
	for lang, want := range map[string]struct {
		id, name, description string
		related               []string
	}{
		"en": {base, "Healthy Cities", "Completed the course.", []string{base + "/fr", base + "/pt"}},
		"fr": {base + "/fr", "Villes-santé", "A suivi le cours.", []string{base, base + "/pt"}},
		"pt": {base + "/pt", "Cidades saudáveis", "Completed the course.", []string{base, base + "/fr"}},
		"ru": {base, "Healthy Cities", "Completed the course.", []string{base + "/fr", base + "/pt"}},
	} {
		got := p.AchievementDocument(a, profile, lang)
		if got.ID != want.id || got.Name != want.name || got.Description != want.description || !reflect.DeepEqual(related(got), want.related) {
			t.Errorf("%s: %s %q %q %v", lang, got.ID, got.Name, got.Description, related(got))
		}
	}
	all, err := p.Achievements(t.Context(), "")
	if err != nil || len(all) != 2 {
		t.Errorf("%d achievements, %v", len(all), err)
	}
	if own, err := p.Achievements(t.Context(), institute); err != nil || len(own) != 1 || own[0].Issuer != institute {
		t.Errorf("of one issuer: %v, %v", own, err)
	}
	for _, slug := range []string{"nothing", "academy-course/1", "", strings.Repeat("a", 3000)} {
		if _, err := p.Achievement(t.Context(), slug); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("achievement %.20q: %v", slug, err)
		}
		if _, err := p.Profile(t.Context(), slug); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("issuer %.20q: %v", slug, err)
		}
	}
}

func TestPutRefuses(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	before := issuertest.Snapshot(t, p.Store)
	refused := func(what, pointer, rule string, err error) {
		t.Helper()
		var list badge.Errors
		if !errors.As(err, &list) || list[0].Pointer != pointer || list[0].Rule != rule {
			t.Errorf("%s: want %s at %s, got %v", what, rule, pointer, err)
		}
	}
	for _, c := range []struct {
		pointer, rule string
		spoil         func(*issuer.Achievement)
	}{
		{"/slug", "slug_invalid", func(a *issuer.Achievement) { a.Slug = "Course" }},
		{"/slug", "slug_reserved", func(a *issuer.Achievement) { a.Slug = "x-" + strings.Repeat("a", 24) }},
		{"/issuer", "issuer_unknown", func(a *issuer.Achievement) { a.Issuer = "nobody" }},
		{"/issuer", "issuer_unknown", func(a *issuer.Achievement) { a.Issuer = issuer.VCAPISlug }},
		{"/version", "version_invalid", func(a *issuer.Achievement) { a.Version = "1/2" }},
		{"/inLanguage", "language_invalid", func(a *issuer.Achievement) { a.InLanguage = "EN" }},
		{"/id", "relative_id", func(a *issuer.Achievement) { a.ID = "course" }},
		{"/name/en", "control_character", func(a *issuer.Achievement) { a.InLanguage, a.Name = "en", issuer.Text{"en": "Course\U000e0041"} }},
		{"/description", "required", func(a *issuer.Achievement) { a.Description = nil }},
		{"/criteria", "required", func(a *issuer.Achievement) { a.Criteria = nil }},
		{"/criteriaUrl", "url_invalid", func(a *issuer.Achievement) { a.CriteriaURL = "javascript:alert(1)" }},
		{"/achievementType", "achievement_type_unknown", func(a *issuer.Achievement) { a.AchievementType = "Cours" }},
		{"/results", "results_invalid", func(a *issuer.Achievement) { a.Results = "all" }},
		{"/validity", "validity_invalid", func(a *issuer.Achievement) { a.Validity = "P" }},
		{"/requires/n_of/of/1", "repeated", func(a *issuer.Achievement) {
			a.Requires = &issuer.Requires{NOf: &issuer.NOf{N: 2, Of: []string{"first", "first", "second"}}}
		}},
		{"/requires/all/2", "repeated", func(a *issuer.Achievement) { a.Requires = &issuer.Requires{All: []string{"first", "second", "first"}} }},
		{"/requires/any/1", "repeated", func(a *issuer.Achievement) { a.Requires = &issuer.Requires{Any: []string{"first", "first"}} }},
		{"/tag", "too_many", func(a *issuer.Achievement) { a.Tag = strings.Split(strings.Repeat("a,", 100)+"a", ",") }},
		{"/alignment/0/targetName", "required", func(a *issuer.Achievement) { a.Alignment[0].TargetName = "" }},
		{"/alignment/0/targetType", "target_type_unknown", func(a *issuer.Achievement) { a.Alignment[0].TargetType = "Skill" }},
		{"/resultDescription/1/id", "id_repeated", func(a *issuer.Achievement) { a.ResultDescription[1].ID = "score" }},
		{"/resultDescription/0/resultType", "result_type_unknown", func(a *issuer.Achievement) { a.ResultDescription[0].ResultType = "Points" }},
		{"/resultDescription/0/requiredValue", "result_not_a_number", func(a *issuer.Achievement) { a.ResultDescription[0].RequiredValue = "80 %" }},
		{"/resultDescription/3/requiredValue", "result_not_allowed", func(a *issuer.Achievement) { a.ResultDescription[3].RequiredValue = "E" }},
	} {
		a := rich(academy)
		c.spoil(&a)
		_, err := p.PutAchievement(t.Context(), a, "test")
		refused("achievement", c.pointer, c.rule, err)
	}
	for _, c := range []struct {
		pointer, rule string
		profile       issuer.Profile
	}{
		{"/slug", "slug_invalid", issuer.Profile{Slug: "a b", Name: "A"}},
		{"/name", "required", issuer.Profile{Slug: academy}},
		{"/name", "control_character", issuer.Profile{Slug: academy, Name: "a\nb"}},
		{"/name", "control_character", issuer.Profile{Slug: academy, Name: "City\u2060 Academy"}},
		{"/name", "control_character", issuer.Profile{Slug: academy, Name: "City Academy\U000e0041"}},
		{"/url", "url_invalid", issuer.Profile{Slug: academy, Name: "A", URL: "academy.example"}},
		{"/email", "email_invalid", issuer.Profile{Slug: academy, Name: "A", Email: "A <a@a.example>"}},
	} {
		_, err := p.PutProfile(t.Context(), c.profile, "test")
		refused("profile", c.pointer, c.rule, err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused left something in the store")
	}
}

// circles: nothing rests on itself, by way of others either, whoever closes the
// circle and however many try at once.
func circles(t *testing.T, p *place) {
	resting := func(slug string, q *issuer.Requires) issuer.Achievement {
		a := template(academy)
		a.Slug, a.Requires = slug, q
		return a
	}
	put := func(slug string, q *issuer.Requires) error {
		_, err := p.PutAchievement(t.Context(), resting(slug, q), "test")
		return err
	}
	closes := func(err error, pointer string) {
		t.Helper()
		var list badge.Errors
		if !errors.As(err, &list) || len(list) != 1 || list[0].Rule != "circular" || list[0].Pointer != pointer {
			t.Errorf("want a circle at %s, got %v", pointer, err)
		}
	}
	for _, err := range []error{put("one", &issuer.Requires{All: []string{"later", "two"}}), put("two", &issuer.Requires{Any: []string{"three"}}),
		put("beside", &issuer.Requires{All: []string{"one", "three"}}), put("three", nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	closes(put("two", &issuer.Requires{NOf: &issuer.NOf{N: 1, Of: []string{"four", "one"}}}), "/requires/n_of/of/1")
	closes(put("three", &issuer.Requires{Any: []string{"one"}}), "/requires/any/0")
	closes(put("later", &issuer.Requires{All: []string{"two", "beside"}}), "/requires/all/1")
	if a, err := p.Achievement(t.Context(), "three"); err != nil || a.Requires != nil {
		t.Errorf("what was refused is %+v, %v", a, err)
	}
	p.Clock.Advance(time.Second)
	if err := put("two", nil); err != nil {
		t.Error(err)
	}
	if err := put("three", &issuer.Requires{Any: []string{"two"}}); err != nil {
		t.Error("the circle was undone:", err)
	}
	for n := range 10 {
		names := []string{fmt.Sprintf("left-%d", n), fmt.Sprintf("right-%d", n)}
		errs := make([]error, 2)
		var all sync.WaitGroup
		for k := range names {
			all.Go(func() { errs[k] = put(names[k], &issuer.Requires{All: []string{names[1-k]}}) })
		}
		all.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("two at once: %v, %v", errs[0], errs[1])
		}
	}
}

// TestProfileKeepsItsID: changing the name of an issuer changes nothing that
// was signed, and the id never.
func TestProfileKeepsItsID(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	rec := p.issue(t, award("ana")).Record
	changed, err := p.PutProfile(t.Context(), issuer.Profile{Slug: academy, ID: "did:web:elsewhere.example", Name: "New Academy", PlainOnly: true}, "test")
	if err != nil || changed.ID != "did:web:badges.example:issuers:academy" {
		t.Fatalf("the id became %s, %v", changed.ID, err)
	}
	after := view(t, p.issue(t, award("bo")).Record)
	if after.Issuer.Name != "New Academy" || len(after.CredentialSubject.Identifier) != 1 {
		t.Errorf("the change does not show: %+v", after)
	}
	if before := view(t, rec); before.Issuer.Name != "Issuer academy" || len(before.CredentialSubject.Identifier) != 2 {
		t.Errorf("the old badge changed: %+v", before)
	}
	issuertest.Audit(t, p.Issuer)
}

// TestPublishedKeys: what the verifier resolves for our own issuers.
func TestPublishedKeys(t *testing.T) {
	o := issuertest.Options{Issuers: []string{academy, institute, issuer.VCAPISlug}}
	p := at(t, boltHome(t), o)
	for did, slug := range map[string]string{
		"did:web:badges.example:issuers:academy": academy, "did:web:badges.example": issuer.VCAPISlug,
		"did:web:badges.example:issuers:vc-api": "", "did:web:badges.example:issuers:": "",
		"did:web:badges.example:issuers:academy:x": "", "did:web:other.example": "", "did:key:z6Mk": "", "": "",
	} {
		raw, ours, err := p.ControllerDocument(t.Context(), did)
		if err != nil || ours != (slug != "") {
			t.Errorf("%q: ours %t, %v", did, ours, err)
		}
		if !ours {
			continue
		}
		var doc struct{ ID string }
		if err := json.Unmarshal(raw, &doc); err != nil || doc.ID != did {
			t.Errorf("%q: the document is of %q, %v", did, doc.ID, err)
		}
		if own, err := p.PublishedKeys(t.Context(), slug); err != nil || string(own) != string(raw) {
			t.Errorf("%q: the published document differs, %v", did, err)
		}
	}
	if _, _, err := p.ControllerDocument(t.Context(), "did:web:badges.example:issuers:nobody"); !keys.Wrong(err) {
		t.Errorf("an issuer that is not here: %v, want an error that says so", err)
	}
	set, err := p.JWKS(t.Context())
	if err != nil || strings.Count(string(set), `"kid"`) != 5 || strings.Contains(string(set), `"d"`) {
		t.Errorf("the key set is %s, %v", set, err)
	}
	plain := issuertest.New(t, boltHome(t).store, issuertest.Options{BaseURL: "http://localhost:8080", Issuers: o.Issuers})
	for _, did := range []string{"", "did:web:localhost%3A8080", "did:web:localhost%3A8080:issuers:academy"} {
		if _, ours, err := plain.ControllerDocument(t.Context(), did); ours || err != nil {
			t.Errorf("under http %q is ours: %t, %v", did, ours, err)
		}
	}
	profile, err := plain.Profile(t.Context(), academy)
	if err != nil || !strings.HasPrefix(profile.ID, "did:key:z6Mk") {
		t.Errorf("under http the issuer is %s, %v", profile.ID, err)
	}
}
