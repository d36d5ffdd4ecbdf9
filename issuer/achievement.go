package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/store"
)

// Text is one text in several languages, by BCP 47 tag. Only the text in the
// achievement's own language is ever signed.
type Text map[string]string

// Results says how much of a person's results a badge may show.
type Results string

// The ways to show results.
const (
	ResultsNone   Results = "none"
	ResultsStatus Results = "status" // the default: completed or not
	ResultsScore  Results = "score"
)

// Ladder places an achievement among steps of the same series.
type Ladder struct {
	Group string `json:"group"`
	Rank  int    `json:"rank"`
}

// Achievement is a template of badges. A version that a badge was issued from
// never changes.
type Achievement struct {
	Slug              string                    `json:"slug"`
	ID                string                    `json:"id,omitempty"` // of another service; "" for ours
	Version           string                    `json:"version,omitempty"`
	Issuer            string                    `json:"issuer"`
	AchievementType   string                    `json:"achievementType,omitempty"`
	InLanguage        string                    `json:"inLanguage,omitempty"` // of the signed text, default en
	Name              Text                      `json:"name"`
	Description       Text                      `json:"description"`
	Criteria          Text                      `json:"criteria,omitempty"`
	CriteriaURL       string                    `json:"criteriaUrl,omitempty"`
	ResultDescription []badge.ResultDescription `json:"resultDescription,omitempty"`
	CreditsAvailable  *float64                  `json:"creditsAvailable,omitempty"`
	CreditUnit        string                    `json:"creditUnit,omitempty"` // not signed: OB 3.0 has no unit
	FieldOfStudy      string                    `json:"fieldOfStudy,omitempty"`
	HumanCode         string                    `json:"humanCode,omitempty"`
	Specialization    string                    `json:"specialization,omitempty"`
	Tag               []string                  `json:"tag,omitempty"`
	Alignment         []badge.Alignment         `json:"alignment,omitempty"`
	Ladder            *Ladder                   `json:"ladder,omitempty"`
	Validity          string                    `json:"validity,omitempty"` // ISO 8601 duration in years, months and days
	Results           Results                   `json:"results,omitempty"`
	Suspendable       bool                      `json:"suspendable,omitempty"`
	Requires          *Requires                 `json:"requires,omitempty"`          // other achievements that it rests on
	EmbedEndorsements bool                      `json:"embedEndorsements,omitempty"` // those that stand when a badge is issued
	CreatedAt         time.Time                 `json:"createdAt"`
	ChangedAt         time.Time                 `json:"changedAt"`
}

// In returns a text in a language, else in the achievement's own.
func (a *Achievement) In(t Text, lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t[a.InLanguage]
}

// Languages lists the tags that the name stands in, the signed one first, then
// those that the pages speak, then the others.
func (a *Achievement) Languages() []string {
	tags := []string{a.InLanguage}
	for _, tag := range pageLanguages {
		if _, ok := a.Name[tag]; ok && tag != a.InLanguage {
			tags = append(tags, tag)
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(a.Name)) {
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// own returns a copy that shares nothing: checking an achievement completes
// it, and the caller's may be in use elsewhere.
func (a *Achievement) own() (*Achievement, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("reading the achievement: %w", err)
	}
	out := new(Achievement)
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, fmt.Errorf("reading the achievement: %w", err)
	}
	return out, nil
}

func (i *Issuer) achievementAddress(slug string) string {
	return i.cfg.BaseURL + "/achievements/" + slug
}

// PutAchievement creates a template or changes it. Once a badge was issued
// from a version, a change needs a version of its own: ErrConflict.
func (i *Issuer) PutAchievement(ctx context.Context, a Achievement, actor string) (*Achievement, error) {
	return i.DefineAchievement(ctx, a, actor, func(string) bool { return true })
}

// DefineAchievement is PutAchievement for a caller who acts for some issuers: it
// may rest on what these award, and on what it rests on already; else PartError.
// Of a part that is not defined the issuer is AnyIssuer.
func (i *Issuer) DefineAchievement(ctx context.Context, a Achievement, actor string, mayIssue func(issuer string) bool) (*Achievement, error) {
	ach, err := a.own()
	if err != nil {
		return nil, err
	}
	ach.complete()
	ach.address(i.achievementAddress(ach.Slug))
	if err := ach.validate(); err != nil {
		return nil, err
	}
	if inlineSlug.MatchString(ach.Slug) || IsTest(ach.Slug) {
		return nil, fault("slug_reserved", "/slug", "Slugs of this form belong to achievements that come along with an award, and to trials.")
	}
	now := i.now()
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return nil, err
	}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error { return putAchievement(tx, ach, now, seq, actor, mayIssue) })
	if err != nil {
		return nil, fmt.Errorf("storing achievement %s: %w", ach.Slug, err)
	}
	return ach, nil
}

func putAchievement(tx store.Tx, a *Achievement, now time.Time, seq, actor string, mayIssue func(issuer string) bool) error {
	if err := mayAward(tx, a.Issuer, "/issuer"); err != nil {
		return err
	}
	var old Achievement
	a.CreatedAt, a.ChangedAt = now, now
	switch err := getJSON(tx, achievementKey(a.Slug), &old); {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return err
	case old.Issuer != a.Issuer:
		return fmt.Errorf("%w: the achievement belongs to another issuer", ErrForbidden)
	default:
		a.CreatedAt = old.CreatedAt
		if !now.After(old.ChangedAt) { // a badge being made right now must see the change
			a.ChangedAt = old.ChangedAt.Add(1)
		}
		if err := mayChange(tx, a); err != nil {
			return err
		}
	}
	if err := a.mayRest(tx, &old, mayIssue); err != nil {
		return err
	}
	if err := a.restsOnItself(tx); err != nil {
		return err
	}
	if err := store.PutJSON(tx, achievementKey(a.Slug), a); err != nil {
		return err
	}
	if err := store.PutJSON(tx, versionKey(a.Slug, a.Version), a); err != nil {
		return err
	}
	if err := putStack(tx, &old, a); err != nil {
		return err
	}
	return putAudit(tx, seq, Event{At: now, Actor: actor, Action: "achievement.put", Issuer: a.Issuer, Subject: a.Slug + "/" + a.Version})
}

// mayAward refuses issuers that are not here, and those that sign for the VC-API
// and endorse, whose keys are for nothing else.
func mayAward(r store.Reader, issuer, pointer string) error {
	if issuer != VCAPISlug && !IsTest(issuer) && !endorses(issuer) && CheckSlug(issuer) == nil {
		if known, err := exists(r, profileKey(issuer)); err != nil || known {
			return err
		}
	}
	return unknownIssuer(pointer)
}

func unknownIssuer(pointer string) error {
	return fault("issuer_unknown", pointer, "There is no such issuer here; create it first.")
}

func mayChange(tx store.Tx, a *Achievement) error {
	used, err := exists(tx, usedKey(a.Slug, a.Version))
	if err != nil || !used {
		return err
	}
	var old Achievement
	if err := getJSON(tx, versionKey(a.Slug, a.Version), &old); err != nil {
		return err
	}
	same := *a
	same.CreatedAt, same.ChangedAt = old.CreatedAt, old.ChangedAt
	was, err := json.Marshal(old)
	if err != nil {
		return err
	}
	is, err := json.Marshal(same)
	if err != nil {
		return err
	}
	if !bytes.Equal(was, is) {
		return fmt.Errorf("%w: badges were issued from version %s of %s; give the change a new version", ErrConflict, a.Version, a.Slug)
	}
	return nil
}

// Achievement returns the current version of a template; ErrNotFound. Under its
// slug for trials it is as a test issuer awards it.
func (i *Issuer) Achievement(ctx context.Context, slug string) (*Achievement, error) {
	if CheckSlug(slug) != nil {
		return nil, fmt.Errorf("achievement: %w", ErrNotFound)
	}
	a, tried := new(Achievement), false
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		err := getJSON(r, achievementKey(slug), a)
		if tried = IsTest(slug) && errors.Is(err, ErrNotFound); tried {
			err = getJSON(r, achievementKey(LiveSlug(slug)), a)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if tried {
		a = a.trial()
	}
	return a, nil
}

// AwardedBy is whose an achievement is, by slug; ErrNotFound. Every award asks
// for it, so that nothing is decoded that is known.
func (i *Issuer) AwardedBy(ctx context.Context, slug string) (issuer string, err error) {
	if CheckSlug(slug) != nil || IsTest(slug) {
		a, err := i.Achievement(ctx, slug)
		if err != nil {
			return "", err
		}
		return a.Issuer, nil
	}
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		a, err := i.Template(r, slug)
		if err == nil {
			issuer = a.Issuer
		}
		return err
	})
	return issuer, err
}

// Achievements returns the current versions, by slug; those of one issuer, or
// of all when issuer is "".
func (i *Issuer) Achievements(ctx context.Context, issuer string) ([]*Achievement, error) {
	var out []*Achievement
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		out = nil
		return r.Scan(key("a", ""), nil, func(k, v []byte) error {
			if strings.Count(string(k), "/") > 1 {
				return nil // an older version
			}
			a := new(Achievement)
			if err := store.UnsealJSON(k, v, a); err != nil {
				return err
			}
			if issuer == "" || a.Issuer == issuer {
				out = append(out, a)
			}
			return nil
		})
	})
	return out, err
}

// complete fills in what an author may leave out.
func (a *Achievement) complete() {
	if a.Version == "" {
		a.Version = "1"
	}
	if a.InLanguage == "" {
		a.InLanguage = "en"
	}
	if a.Results == "" {
		a.Results = ResultsStatus
	}
}

// address turns the plain names of results and levels into addresses below
// the achievement's own.
func (a *Achievement) address(own string) {
	for n := range a.ResultDescription {
		d := &a.ResultDescription[n]
		if isSlug(d.ID) {
			d.ID = own + "/results/" + d.ID
		}
		for m := range d.RubricCriterionLevel {
			if l := &d.RubricCriterionLevel[m]; isSlug(l.ID) {
				l.ID = d.ID + "/levels/" + l.ID
			}
		}
		if level := d.RequiredLevel; isSlug(level) {
			d.RequiredLevel = d.ID + "/levels/" + level
		}
	}
}

func (a *Achievement) validate() error {
	var f faults
	if err := CheckSlug(a.Slug); err != nil {
		f.add("slug_invalid", "/slug", err.Error())
	}
	if !versionPattern.MatchString(a.Version) {
		f.add("version_invalid", "/version", "A version has 1 to 40 letters, digits, dots and hyphens.")
	}
	if !languagePattern.MatchString(a.InLanguage) {
		f.add("language_invalid", "/inLanguage", "Give a language tag such as en, fr or pt-BR.")
	}
	if a.ID != "" && !absoluteIRI(a.ID) {
		f.add("relative_id", "/id", "Give an absolute address; a relative one would not be signed.")
	}
	f.translations(a.Name, a.InLanguage, "/name", 200, (*faults).oneLine)
	f.translations(a.Description, a.InLanguage, "/description", 4000, (*faults).text)
	if len(a.Criteria) == 0 && a.CriteriaURL == "" {
		f.add("required", "/criteria", "Say how the badge is earned: criteria in words, or the address of a page.")
	} else if len(a.Criteria) > 0 {
		f.translations(a.Criteria, a.InLanguage, "/criteria", 8000, (*faults).text)
	}
	if a.CriteriaURL != "" && !webAddress(a.CriteriaURL) {
		f.add("url_invalid", "/criteriaUrl", "Give an absolute http or https address.")
	}
	if a.AchievementType != "" && !slices.Contains(achievementTypes, a.AchievementType) && !extension.MatchString(a.AchievementType) {
		f.add("achievement_type_unknown", "/achievementType", "Use a type of Open Badges 3.0, or one of your own that begins with ext:.")
	}
	if !slices.Contains([]Results{ResultsNone, ResultsStatus, ResultsScore}, a.Results) {
		f.add("results_invalid", "/results", "Say none, status or score.")
	}
	if _, err := addValidity(time.Time{}, a.Validity); err != nil {
		f.add("validity_invalid", "/validity", "Give a duration such as P3Y, P6M or P90D.")
	}
	if c := a.CreditsAvailable; c != nil && (*c < 0 || *c > 1e6) {
		f.add("credits_invalid", "/creditsAvailable", "Give a number from 0 to 1,000,000.")
	}
	a.checkRequires(&f)
	a.checkDetails(&f)
	return f.Err()
}

func (a *Achievement) checkDetails(f *faults) {
	f.atMost(len(a.Tag), maxList, "/tag")
	for n := range a.Tag {
		f.oneLine(&a.Tag[n], "/tag/"+strconv.Itoa(n), 100, true)
	}
	f.oneLine(&a.FieldOfStudy, "/fieldOfStudy", 200, false)
	f.oneLine(&a.HumanCode, "/humanCode", 200, false)
	f.oneLine(&a.Specialization, "/specialization", 200, false)
	f.alignments(a.Alignment, "/alignment")
	f.resultDescriptions(a.ResultDescription)
}

// maxList bounds each list within an achievement.
const maxList = 100

func (f *faults) translations(t Text, own, pointer string, limit int, check func(f *faults, s *string, pointer string, limit int, required bool)) {
	f.atMost(len(t), maxList, pointer)
	if _, ok := t[own]; !ok {
		f.add("required", pointer, "This text is missing in the language that is signed, "+strconv.Quote(own)+".")
	}
	for _, tag := range slices.Sorted(maps.Keys(t)) {
		s, at := t[tag], strictjson.Pointer(pointer, tag)
		if !languagePattern.MatchString(tag) {
			f.add("language_invalid", at, "Give language tags such as en, fr or pt-BR.")
		}
		check(f, &s, at, limit, true)
		t[tag] = s
	}
}

func (f *faults) alignments(list []badge.Alignment, pointer string) {
	f.atMost(len(list), maxList, pointer)
	for n := range list {
		al, at := &list[n], pointer+"/"+strconv.Itoa(n)
		al.Type = withType(al.Type, "Alignment")
		f.oneLine(&al.TargetName, at+"/targetName", 500, true)
		if !absoluteIRI(al.TargetURL) {
			f.add("url_invalid", at+"/targetUrl", "Give an absolute address.")
		}
		f.text(&al.TargetDescription, at+"/targetDescription", 2000, false)
		f.oneLine(&al.TargetFramework, at+"/targetFramework", 500, false)
		f.oneLine(&al.TargetCode, at+"/targetCode", 200, false)
		if t := al.TargetType; t != "" && !slices.Contains(alignmentTypes, t) && !extension.MatchString(t) {
			f.add("target_type_unknown", at+"/targetType", "Use a type of Open Badges 3.0, or one of your own that begins with ext:.")
		}
	}
}

func (f *faults) resultDescriptions(list []badge.ResultDescription) {
	f.atMost(len(list), maxList, "/resultDescription")
	seen := map[string]bool{}
	for n := range list {
		d, at := &list[n], "/resultDescription/"+strconv.Itoa(n)
		d.Type = withType(d.Type, "ResultDescription")
		if !absoluteIRI(d.ID) {
			f.add("relative_id", at+"/id", "Give an absolute address or a plain slug.")
		} else if seen[d.ID] {
			f.add("id_repeated", at+"/id", "Two result descriptions have the same id.")
		}
		seen[d.ID] = true
		f.oneLine(&d.Name, at+"/name", 200, true)
		if !slices.Contains(resultTypes, d.ResultType) && !extension.MatchString(d.ResultType) {
			f.add("result_type_unknown", at+"/resultType", "Use a result type of Open Badges 3.0, or one of your own that begins with ext:.")
		}
		f.requirements(d, at)
		f.levels(d, at+"/rubricCriterionLevel")
		f.alignments(d.Alignment, at+"/alignment")
	}
}

// requirements refuses a description that no result could meet.
func (f *faults) requirements(d *badge.ResultDescription, at string) {
	f.atMost(len(d.AllowedValue), maxList, at+"/allowedValue")
	for n := range d.AllowedValue {
		f.oneLine(&d.AllowedValue[n], at+"/allowedValue/"+strconv.Itoa(n), 200, true)
	}
	for _, b := range []struct {
		text *string
		name string
	}{{&d.ValueMin, "/valueMin"}, {&d.ValueMax, "/valueMax"}, {&d.RequiredValue, "/requiredValue"}} {
		f.oneLine(b.text, at+b.name, 200, false)
		if _, ok := decimal(*b.text); *b.text != "" && !ok && len(d.AllowedValue) == 0 {
			f.add("result_not_a_number", at+b.name, "Give a number as text, such as \"80\", or list the values that are allowed.")
		}
	}
	if len(d.AllowedValue) > 0 && d.RequiredValue != "" && !slices.Contains(d.AllowedValue, d.RequiredValue) {
		f.add("result_not_allowed", at+"/requiredValue", "The required value is none of those that are allowed.")
	}
}

func (f *faults) levels(d *badge.ResultDescription, pointer string) {
	f.atMost(len(d.RubricCriterionLevel), maxList, pointer)
	known := d.RequiredLevel == ""
	for m := range d.RubricCriterionLevel {
		l, at := &d.RubricCriterionLevel[m], pointer+"/"+strconv.Itoa(m)
		l.Type = withType(l.Type, "RubricCriterionLevel")
		if !absoluteIRI(l.ID) {
			f.add("relative_id", at+"/id", "Give an absolute address or a plain slug.")
		}
		f.oneLine(&l.Name, at+"/name", 200, true)
		f.text(&l.Description, at+"/description", 2000, false)
		f.oneLine(&l.Level, at+"/level", 200, false)
		f.oneLine(&l.Points, at+"/points", 200, false)
		f.alignments(l.Alignment, at+"/alignment")
		known = known || l.ID == d.RequiredLevel
	}
	if !known {
		f.add("level_unknown", strings.TrimSuffix(pointer, "/rubricCriterionLevel")+"/requiredLevel", "The required level is none of the levels.")
	}
}

// withType puts in the type that a member of this kind has to have.
func withType(given []string, name string) []string {
	if slices.Contains(given, name) {
		return given
	}
	return append(slices.Clone(given), name)
}
