package pages_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"laurel/api/pages"
	"laurel/badge"
	"laurel/verifier"
	"laurel/verifier/words"
)

func TestHeadlines(t *testing.T) {
	w := newWorld(t)
	doc := document(t, participant)
	want := map[string]struct{ class, begins string }{
		"valid":                   {"valid", "Valid. Participant 01 was awarded “Urban Health Capacity Resource Kit Workshop – Participant” by Example Urban Health Learning Programme on 14 July 2025."},
		"valid, not listed":       {"valid", "Valid. Participant 01 was awarded “Urban Health Capacity Resource Kit Workshop – Participant” by Example Urban Health Learning Programme (badges.example) on 14 July 2025."},
		"trial":                   {"warning", "TEST: valid, but only a trial."},
		"remark":                  {"warning", "Valid, with a remark."},
		"tampered":                {"invalid", "Changed after signing."},
		"unsigned":                {"invalid", "Not signed."},
		"unknown term":            {"invalid", "Not valid. This document has parts"},
		"wrong key":               {"invalid", "Not valid. The key"},
		"revoked":                 {"invalid", "Revoked. Example Urban Health Learning Programme (badges.example) has withdrawn this badge, “Urban Health Capacity Resource Kit Workshop – Participant” for Participant 01."},
		"superseded":              {"invalid", "Replaced. Example Urban Health Learning Programme (badges.example) has replaced this badge, “Urban Health Capacity"},
		"suspended":               {"invalid", "Suspended. Example Urban Health Learning Programme (badges.example) has paused this badge, “Urban Health Capacity"},
		"expired":                 {"invalid", "Expired. This badge of Example Urban Health Learning Programme (badges.example), “Urban Health Capacity Resource Kit Workshop – Participant” for Participant 01, held until 15 January 2026."},
		"not yet valid":           {"invalid", "Not yet valid. This badge of Example Urban Health Learning Programme (badges.example), “Urban Health Capacity Resource Kit Workshop – Participant” for Participant 01, holds from 14 July 2025."},
		"status list unreachable": {"indeterminate", "Not fully checked."},
		"key unreachable":         {"indeterminate", "Could not be checked. We could not reach"},
		"endorsed":                {"valid", "Valid. Participant 01 was awarded"},
		"nothing":                 {"indeterminate", "Could not be checked. Not every check"},
	}
	glyphs := map[string]string{"valid": "#pass", "warning": "#warn", "invalid": "#fail", "indeterminate": "#unknown"}
	for state, r := range states(doc) {
		d := parsePage(t, w.verification(t, "en", r, nil))
		verdict := one(t, d.class("verdict"), "verdict")
		h1 := one(t, d.named("h1"), "h1")
		if classes := strings.Fields(verdict.attr("class")); !slices.Equal(classes, []string{"verdict", want[state].class}) {
			t.Errorf("%s: classes %v", state, classes)
		}
		if got := h1.text(); !strings.HasPrefix(got, want[state].begins) {
			t.Errorf("%s: says %q, want %q", state, got, want[state].begins)
		}
		if r != nil && h1.text() != words.Summary(w.catalog.For("en"), r) {
			t.Errorf("%s: the headline is not the summary: %q", state, h1.text())
		}
		uses := h1.named("use")
		if len(uses) == 0 || uses[len(uses)-1].attr("href") != glyphs[want[state].class] {
			t.Errorf("%s: the sign is not that of %s", state, want[state].class)
		}
	}
}

// TestRemarks: who the issuer is, and what is remarkable, stands beside the
// verdict, once, and never where the badge may not be relied on anyway.
func TestRemarks(t *testing.T) {
	w := newWorld(t)
	all := states(document(t, participant))
	for state, want := range map[string]string{
		"valid": "", "trial": "", "revoked": "", "tampered": "",
		"valid, not listed": "Example Urban Health Learning Programme (badges.example) is on no list that we know. The name is the issuer’s own word: judge by the address badges.example.",
		"remark":            "It has a signature of a kind that we cannot check. Ask the issuer how to check it.",
	} {
		got := ""
		for _, r := range parsePage(t, w.verification(t, "en", all[state], nil)).class("remark") {
			got += r.text()
		}
		if got != want {
			t.Errorf("%s: remarks %q, want %q", state, got, want)
		}
	}
	// Who borrows a name can also see to it that something stays open.
	borrowed := finding(verifier.CheckIssuerTrust, verifier.Warned, verifier.BorrowedName)
	for _, c := range []struct {
		more verifier.Finding
		told bool
	}{
		{finding(verifier.CheckRevocation, verifier.Unknown, verifier.StatusListUnreachable), true},
		{finding(verifier.CheckRevocation, verifier.Failed, verifier.Revoked), false},
		{finding(verifier.CheckIssuerKey, verifier.Unknown, verifier.KeyUnreachable), false}, // nobody's word
	} {
		page := w.verification(t, "en", report(document(t, participant), borrowed, c.more), nil)
		remarks := parsePage(t, page).class("remark")
		if told := len(remarks) == 1 && strings.Contains(remarks[0].text(), "has the same name"); told != c.told || !c.told && len(remarks) > 0 {
			t.Errorf("%s: %d remarks", c.more.Code, len(remarks))
		}
	}
}

// TestEveryCheckIsOnThePage: each with its name, a word, a sign and a sentence.
func TestEveryCheckIsOnThePage(t *testing.T) {
	w := newWorld(t)
	doc := document(t, participant)
	for _, lang := range w.catalog.Languages() {
		p := w.catalog.For(lang)
		for state, r := range states(doc) {
			if r == nil {
				continue
			}
			var items []dom
			for _, list := range parsePage(t, w.verification(t, lang, r, nil)).class("checks") {
				items = append(items, list.named("li")...)
			}
			if len(items) != len(r.Findings) || len(items) != len(order) {
				t.Fatalf("%s %s: %d checks on the page", lang, state, len(items))
			}
			told := slices.Clone(r.Findings) // what was found first, what was not needed folded behind it
			slices.SortStableFunc(told, func(a, b verifier.Finding) int { return idle(a) - idle(b) })
			for i, f := range told {
				item := items[i]
				sign := one(t, item.named("use"), "sign of a check").attr("href")
				if sign != "#"+f.Outcome.String() {
					t.Errorf("%s %s: %s has the sign %s", lang, state, f.Check, sign)
				}
				got := item.text()
				for _, want := range []string{words.Title(p, f.Check), words.Result(p, f), words.Sentence(p, r, f)} {
					want = strings.Join(strings.Fields(want), " ") // as text does
					if !strings.Contains(got, want) {
						t.Errorf("%s %s: %q lacks %q", lang, state, got, want)
					}
				}
			}
		}
	}
}

func idle(f verifier.Finding) int {
	if f.Outcome == verifier.Skipped {
		return 1
	}
	return 0
}

// scalars collects every scalar of a JSON text, read by another parser.
func scalars(t *testing.T, raw []byte, without string) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree map[string]any
	if err := dec.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	delete(tree, without)
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		default:
			out = append(out, strings.Join(strings.Fields(fmt.Sprint(v)), " "))
		}
	}
	walk(tree)
	slices.Sort(out)
	return out
}

// signedData returns what the list of all data shows, sorted.
func signedData(t *testing.T, d dom) []string {
	t.Helper()
	var out []string
	for _, cell := range one(t, d.class("all"), "table of all data").named("td") {
		out = append(out, cell.text())
	}
	slices.Sort(out)
	return out
}

const proofMember = `"proof":{"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","created":"2025-07-15T00:00:00Z",
	"verificationMethod":"did:web:x.example#k","proofPurpose":"assertionMethod","proofValue":"zNotSigned"},`

func TestEverySignedMemberIsShown(t *testing.T) {
	w := newWorld(t)
	for _, file := range []string{participant, planning, trainer} {
		raw := document(t, file).Raw()
		withProof := bytes.Replace(raw, []byte("{"), []byte("{"+proofMember), 1)
		doc := parse(t, string(withProof))
		for _, r := range []*verifier.Report{report(doc), tampered(doc)} {
			page := w.verification(t, "ar", r, own())
			got, want := signedData(t, parsePage(t, page)), scalars(t, withProof, "proof")
			if !slices.Equal(got, want) {
				t.Errorf("%s: all data are\n%q\nwant\n%q", file, got, want)
			}
			if strings.Contains(page, "zNotSigned") {
				t.Errorf("%s: the value of the proof is shown", file)
			}
		}
	}
}

func TestTokensShowTheirPayload(t *testing.T) {
	w := newWorld(t)
	enc := base64.RawURLEncoding.EncodeToString
	payload := document(t, participant).Raw()
	doc := parse(t, enc([]byte(`{"alg":"EdDSA","kid":"did:key:zNotSignedHere","typ":"vc+jwt"}`))+"."+enc(payload)+"."+enc([]byte("signature")))
	d := parsePage(t, w.verification(t, "en", report(doc), nil))
	if got, want := signedData(t, d), scalars(t, payload, ""); !slices.Equal(got, want) {
		t.Errorf("all data are\n%q\nwant\n%q", got, want)
	}
	fields := one(t, d.class("fields"), "fields")
	if strings.Contains(fields.text(), "zNotSignedHere") || !strings.Contains(d.text(), "did:key:zNotSignedHere") {
		t.Error("the header belongs to the technical details, not to the signed fields")
	}
}

func TestFields(t *testing.T) {
	w := newWorld(t)
	field := func(file string, r func(*badge.Document) *verifier.Report) map[string]string {
		fields := one(t, parsePage(t, w.verification(t, "en", r(document(t, file)), nil)).class("fields"), "fields")
		out := map[string]string{}
		for n := range fields.Descendants() {
			if e := (dom{n}); n.Type == html.ElementNode && n.Data == "dt" {
				out[e.text()] += dom{n.Parent}.text() + "\n"
			}
		}
		return out
	}
	good := func(d *badge.Document) *verifier.Report { return report(d) }
	for file, want := range map[string]map[string][]string{
		participant: {
			"Holder": {"Participant 01"}, "Role": {"Participant"}, "Awarded on": {"14 July 2025"},
			"Began on": {"20 June 2025"}, "Ended on": {"11 July 2025"}, "Term": {"2025-1"},
			"How it is earned": {"Listed on the confirmed roster and present in at least one live session."},
			"Belongs to":       {"Partnership, participation and knowledge sharing", "D4", "Urban health capacity domains"},
			"Identifiers":      {"an e-mail address, hidden", "Participant 01"}, "Keywords": {"urban health", "workshop"},
			"Related editions": {"French", "Chinese"}, "Language": {"English"}, "Version": {"1"},
			"Where its status stands": {"withdrawal", "https://badges.example/status/1", "94567"},
			"Rules it follows":        {"ob_v3p0_achievementcredential_schema.json"},
			"Issuer":                  {"Example Urban Health Learning Programme", "https://urban-learning.example/", "badges@urban-learning.example"},
			"Holder’s identifier":     {"urn:uuid:6f1d0f3a-0c0e-5b1e-9f63-000000000101"},
			"Designed by":             {"Example Urban Health Learning Programme"},
		},
		planning: {
			"Credits earned":   {"29 (without unit: the badge names none)"},
			"Results":          {"Projet", "Compétent", "Séances en direct suivies", "10"},
			"Possible results": {"level of a rubric’s criterion", "Débutant", "0 to 12"}, "Language": {"French"},
		},
		trainer: {"In force until": {"15 January 2029"}},
	} {
		got := field(file, good)
		for label, values := range want {
			for _, v := range values {
				if !strings.Contains(got[label], v) {
					t.Errorf("%s: %q is %q, want %q in it", file, label, got[label], v)
				}
			}
		}
		if len(field(file, tampered)) != len(got) {
			t.Errorf("%s: an unproven page shows other fields", file)
		}
	}
}

func TestProvenLinksAndLanguage(t *testing.T) {
	w := newWorld(t)
	d := one(t, parsePage(t, w.verification(t, "en", report(document(t, planning)), nil)).class("fields"), "fields")
	if n := len(d.named("a")); n < 5 {
		t.Errorf("only %d links", n)
	}
	title := one(t, d.class("title"), "title")
	if title.attr("lang") != "fr" || title.text() != "Santé numérique : planifier un système national" {
		t.Errorf("title %q in %q", title.text(), title.attr("lang"))
	}
}

// TestUnprovenPages: what no signature vouches for is never called valid,
// signed or the issuer's, and leads nowhere.
func TestUnprovenPages(t *testing.T) {
	w := newWorld(t)
	doc := document(t, participant)
	for _, state := range []string{"tampered", "unsigned", "unknown term", "wrong key", "key unreachable"} {
		page := w.verification(t, "en", states(doc)[state], own())
		d := parsePage(t, page)
		text := strings.ReplaceAll(strings.ToLower(d.text()), "not valid", "")
		if found := regexp.MustCompile(`\bvalid\b`).FindString(text); found != "" {
			t.Errorf("%s: the page says valid: %s", state, text)
		}
		for _, never := range []string{"What the issuer signed", "All signed data", "covered by the issuer"} {
			if strings.Contains(d.text(), never) {
				t.Errorf("%s: the page says %q", state, never)
			}
		}
		claims := one(t, d.class("claims"), "claims")
		if !strings.Contains(claims.text(), "Unproven Nothing below is confirmed.") || !strings.Contains(claims.text(), "Participant 01") {
			t.Errorf("%s: the claims are not shown as such", state)
		}
		if len(claims.named("a")) != 0 || len(claims.named("img")) != 0 {
			t.Errorf("%s: claims have links or pictures", state)
		}
		if strings.Contains(one(t, d.named("title"), "title").text(), "Urban") || strings.Contains(page, "og:") {
			t.Errorf("%s: a claim stands in the head", state)
		}
		ar := strings.ReplaceAll(parsePage(t, w.verification(t, "ar", states(doc)[state], nil)).text(), "غير صالحة", "")
		if strings.Contains(ar, "صالحة") {
			t.Errorf("%s: the Arabic page says valid: %s", state, ar)
		}
	}
}

// TestUnsignedStandsApart: the register's and the translator's words are not
// among the signed fields, and are marked.
func TestUnsignedStandsApart(t *testing.T) {
	w := newWorld(t)
	mine := own()
	mine.Register = &pages.Register{Since: time.Date(2026, 8, 2, 0, 0, 0, 0, time.UTC), Reason: "issued_in_error"}
	mine.Translation = &pages.Translation{Lang: "ar", Name: "مشاركة", Description: "وصف", Criteria: "**شروط**"}
	d := parsePage(t, w.verification(t, "en", states(document(t, participant))["revoked"], mine))
	fields := one(t, d.class("fields"), "fields").text()
	for _, unsigned := range []string{"مشاركة", "وصف", "شروط", "issued in error", mine.Code} {
		if strings.Contains(fields, unsigned) {
			t.Errorf("%q stands among the signed fields", unsigned)
		}
		if !strings.Contains(d.text(), unsigned) {
			t.Errorf("%q is not on the page", unsigned)
		}
	}
	register := one(t, d.class("register"), "register").text()
	if register != "From our register Withdrawn on 2 August 2026. Reason given: issued in error This is not part of the signed badge. It stands in the register of this service." {
		t.Errorf("register: %q", register)
	}
	translation := one(t, d.class("translation"), "translation")
	if !strings.Contains(translation.text(), "Translation for information; the signed text is in English.") || translation.attr("lang") != "ar" {
		t.Errorf("translation: %q", translation.text())
	}
}

func TestRegisterTakesOperatorsWords(t *testing.T) {
	w := newWorld(t)
	mine := own()
	mine.Register = &pages.Register{Reason: "left the <b>programme</b>"}
	d := parsePage(t, w.verification(t, "en", report(document(t, participant)), mine))
	if got := one(t, d.class("register"), "register").text(); !strings.Contains(got, "Reason given: left the <b>programme</b>") || strings.Contains(got, "Since") {
		t.Errorf("register: %q", got)
	}
}

func TestWhatWasNotChecked(t *testing.T) {
	w := newWorld(t)
	doc := document(t, participant)
	get := func(r *verifier.Report) string {
		d := parsePage(t, w.verification(t, "en", r, nil))
		for _, s := range d.named("section") {
			if s.attr("aria-labelledby") == "nottold" {
				return s.text()
			}
		}
		return ""
	}
	if got := get(report(doc)); !strings.Contains(got, "Whether the issuer is right.") || !strings.HasSuffix(got, "Not looked at here: Holder.") {
		t.Errorf("valid: %q", got)
	}
	if got := get(states(doc)["status list unreachable"]); !strings.HasSuffix(got, "Not looked at here: Withdrawal · Holder.") {
		t.Errorf("unreachable: %q", got)
	}
	if got := get(tampered(doc)); !strings.Contains(got, "Issuer · Dates · Withdrawal") {
		t.Errorf("tampered: %q", got)
	}
	d := parsePage(t, w.verification(t, "en", report(doc), nil))
	checked := one(t, d.class("checked"), "time of the check").text()
	if checked != "Checked on 21 November 2026, 10:00 UTC." {
		t.Errorf("checked: %q", checked)
	}
	place := one(t, d.class("place"), "where one should be").text()
	if place != "This page belongs to badges.example. If the address bar of your browser shows anything else, do not trust it." {
		t.Errorf("place: %q", place)
	}
}

func TestOwnBadge(t *testing.T) {
	w := newWorld(t)
	page := w.verification(t, "en", report(document(t, participant)), own())
	d := parsePage(t, page)
	meta := map[string]string{}
	for _, m := range d.named("meta") {
		meta[m.attr("property")+m.attr("name")] = m.attr("content")
	}
	for name, want := range map[string]string{
		"og:title":       "Valid – Urban Health Capacity Resource Kit Workshop – Participant",
		"og:description": "Valid. Participant 01 was awarded “Urban Health Capacity Resource Kit Workshop – Participant” by Example Urban Health Learning Programme (badges.example) on 14 July 2025.",
		"og:url":         "https://badges.example/credentials/abc",
		"og:image":       "https://badges.example/preview.png", "twitter:card": "summary_large_image", "robots": "noindex",
	} {
		if meta[name] != want {
			t.Errorf("%s is %q, want %q", name, meta[name], want)
		}
	}
	var hrefs []string
	for _, a := range one(t, d.class("copies"), "copies").named("a") {
		hrefs = append(hrefs, a.attr("href"))
	}
	l := own().Links
	if want := []string{l.JSON, l.PNG, l.SVG, l.PDF + "?lang=en", l.JWT, l.Verify}; !slices.Equal(hrefs, want) {
		t.Errorf("copies lead to %v, want %v", hrefs, want)
	}
	form := one(t, d.named("form"), "form")
	if form.attr("action") != l.Match+"#match" || form.attr("method") != "post" || len(form.all(func(n *html.Node) bool { return dom{n}.attr("name") == pages.FieldIdentifier })) != 1 {
		t.Error("the form for comparing is not there")
	}
	if brought := w.verification(t, "en", report(document(t, participant)), nil); strings.Contains(brought, "<form") || strings.Contains(brought, "og:") || strings.Contains(brought, "download") {
		t.Error("a badge that was brought is offered as ours")
	}
}

// TestPictureAndSecondOpinion: the picture stands beside the verdict of a badge
// that is in force and nowhere else, one alone; every page of ours leads to a
// verifier of others, with the badge's address whole.
func TestPictureAndSecondOpinion(t *testing.T) {
	w := newWorld(t)
	mine := own()
	mine.Links.Second = "https://verifierplus.org/#verify?vc=https%3A%2F%2Fbadges.example%2Fcredentials%2Fabc.json%3Fedition%3D1"
	for state, r := range states(document(t, participant)) {
		page := w.verification(t, "en", r, mine)
		d := parsePage(t, page)
		var eager []string
		for _, img := range d.named("img") {
			if img.attr("loading") != "lazy" {
				eager = append(eager, img.attr("src"))
			}
		}
		if good := r.Verified(); good != slices.Equal(eager, []string{mine.Links.Image}) || !good && len(eager) > 0 {
			t.Errorf("%s: pictures %q", state, eager)
		}
		if !strings.Contains(page, `href="`+mine.Links.Second+`"`) {
			t.Errorf("%s: no second opinion is offered", state)
		}
	}
	if brought := w.verification(t, "en", report(document(t, participant)), nil); strings.Contains(brought, "<img") || strings.Contains(brought, "verifierplus") {
		t.Error("a badge that was brought has pictures of ours, or its content goes elsewhere")
	}
}

// TestIsThisThePerson: the answer stands in its box with a word and a sign, and
// the verdict is what it would be without the question.
func TestIsThisThePerson(t *testing.T) {
	w := newWorld(t)
	r := report(document(t, participant))
	for _, c := range []struct {
		outcome    verifier.Outcome
		code       verifier.Code
		class, say string
	}{
		{verifier.Passed, verifier.RecipientMatches, "pass", "Yes. What you typed belongs to the holder of this badge."},
		{verifier.Warned, verifier.RecipientMatchesWeakly, "warn", "Perhaps. What you typed fits the holder"},
		{verifier.Failed, verifier.RecipientDiffers, "fail", "No. What you typed does not belong to the holder"},
		{verifier.Unknown, verifier.RecipientUnstated, "unknown", "We cannot tell. The badge holds nothing"},
		{verifier.Skipped, verifier.NotRun, "unknown", "We cannot tell. Not looked at"},
	} {
		f := finding(verifier.CheckRecipient, c.outcome, c.code)
		var b bytes.Buffer
		if err := w.pages.Verification(&b, w.catalog.For("en"), pages.VerificationPage{Frame: w.frame(), Report: r, Own: own(), Match: &f}); err != nil {
			t.Fatal(err)
		}
		d := hold(t, string(c.code), b.String(), "en", "ltr")
		answer := one(t, d.class("answer"), "answer")
		if answer.attr("class") != "answer "+c.class || !strings.HasPrefix(answer.text(), c.say) || one(t, answer.named("use"), "sign").attr("href") != "#"+c.class {
			t.Errorf("%s: %s %q", c.code, answer.attr("class"), answer.text())
		}
		if one(t, d.class("verdict"), "verdict").attr("class") != "verdict valid" {
			t.Errorf("%s: the verdict is another", c.code)
		}
	}
}

// TestArabic: the page runs from right to left, names find their own
// direction, codes and dates in digits run from left to right.
func TestArabic(t *testing.T) {
	w := newWorld(t)
	d := hold(t, "ar", w.verification(t, "ar", report(document(t, participant)), own()), "ar", "rtl")
	for _, e := range d.class("code") {
		if e.attr("dir") != "ltr" {
			t.Errorf("%q does not run from left to right", e.text())
		}
	}
	found := map[string]bool{}
	for _, e := range d.named("bdi") {
		found[e.text()] = true
	}
	for _, want := range []string{"Participant 01", "14 يوليو 2025", "badges.example", "K7QF-2M9X-TR4W"} {
		if !found[want] {
			t.Errorf("%q is not set apart from the direction of the page", want)
		}
	}
	days := d.named("time")
	if len(days) == 0 || days[0].text() != "14 يوليو 2025" || days[0].attr("datetime") != "2025-07-14T08:00:00Z" || !found["(2025-07-14)"] {
		t.Errorf("dates in digits: %v", len(days))
	}
}

func TestLanguageSwitch(t *testing.T) {
	w := newWorld(t)
	d := parsePage(t, w.verification(t, "ar", report(document(t, participant)), nil))
	links := one(t, d.named("nav"), "nav").named("a")
	if len(links) != len(w.catalog.Languages()) || links[0].attr("href") != "?lang=en" || links[0].text() != "English" {
		t.Fatalf("%d links", len(links))
	}
	for _, l := range links {
		if current := l.attr("aria-current") == "true"; current != (l.attr("lang") == "ar") {
			t.Errorf("%s is marked as current: %v", l.attr("lang"), current)
		}
	}
	var b bytes.Buffer
	if err := w.pages.Gone(&b, w.catalog.For("ar"), pages.GonePage{Frame: pages.Frame{Home: "/start?x=1"}}); err != nil {
		t.Fatal(err)
	}
	d = parsePage(t, b.String())
	if len(d.named("nav")) != 0 {
		t.Error("languages are offered where there is no address to come back to")
	}
	if home := one(t, d.class("brand"), "brand").attr("href"); home != "/start?lang=ar&x=1" {
		t.Errorf("home is %q: the choice of language is lost", home)
	}
}

func TestCheckForm(t *testing.T) {
	w := newWorld(t)
	var b bytes.Buffer
	if err := w.pages.Home(&b, w.catalog.For("ar"), pages.HomePage{Frame: w.frame()}); err != nil {
		t.Fatal(err)
	}
	form := one(t, parsePage(t, b.String()).named("form"), "form")
	if form.attr("action") != pages.DefaultAction || form.attr("method") != "post" || form.attr("enctype") != "multipart/form-data" {
		t.Errorf("the form leads to %s %s as %s", form.attr("method"), form.attr("action"), form.attr("enctype"))
	}
	var names []string
	for _, e := range form.all(func(n *html.Node) bool { return n.Data == "input" || n.Data == "textarea" }) {
		names = append(names, e.attr("name"))
	}
	if want := []string{pages.FieldFile, pages.FieldAddress, pages.FieldDocument, pages.FieldLang}; !slices.Equal(names, want) {
		t.Errorf("fields %v, want %v", names, want)
	}
	b.Reset()
	if err := w.pages.Home(&b, w.catalog.For("en"), pages.HomePage{Action: "/elsewhere"}); err != nil {
		t.Fatal(err)
	}
	if form := one(t, parsePage(t, b.String()).named("form"), "form"); form.attr("action") != "/elsewhere" {
		t.Errorf("the form leads to %s", form.attr("action"))
	}
}

func TestMessages(t *testing.T) {
	w := newWorld(t)
	seen := map[string]string{}
	for name, page := range soundPages(t, w, "en") {
		if strings.HasPrefix(name, "unreadable") || strings.HasPrefix(name, "problem") || strings.HasPrefix(name, "no") || name == "gone" {
			lead := one(t, parsePage(t, page).class("lead"), "lead").text()
			if other := seen[lead]; other != "" {
				t.Errorf("%s and %s say the same: %s", name, other, lead)
			}
			seen[lead] = name
		}
	}
	if len(seen) != 17 {
		t.Errorf("%d messages", len(seen))
	}
}

// TestManyMembers: what is beyond the bound is counted, not passed over.
func TestManyMembers(t *testing.T) {
	w := newWorld(t)
	doc := parse(t, `{"issuer":"https://x.example/","many":[`+strings.Repeat(`"m",`, 2_500)+`"m"]}`)
	d := parsePage(t, w.verification(t, "en", report(doc), nil))
	if n := len(signedData(t, d)); n != 2_000 {
		t.Errorf("%d entries", n)
	}
	for _, want := range []string{"All signed data (2,502 entries)", "502 further entries are too much for this page; they stand in the file itself."} {
		if !strings.Contains(d.text(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestOddDocuments: documents that are no badges still make a page.
func TestOddDocuments(t *testing.T) {
	w := newWorld(t)
	for _, raw := range []string{`{}`, `{"issuer":null,"credentialSubject":[]}`, `{"credentialSubject":{"achievement":{}}}`,
		`{"issuer":{"name":7},"validFrom":"never","credentialSubject":{"achievement":{"criteria":"x","result":[{}]},"result":[{"resultDescription":"x"}]}}`} {
		doc := parse(t, raw)
		for state, r := range states(doc) {
			hold(t, raw+" "+state, w.verification(t, "en", r, own()), "en", "ltr")
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorsAreTold(t *testing.T) {
	w := newWorld(t)
	if err := w.pages.Gone(brokenWriter{}, w.catalog.For("en"), pages.GonePage{}); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if _, err := pages.New(nil); err == nil {
		t.Error("pages without a catalogue")
	}
}

// squeezed is how large a page is that is sent compressed.
func squeezed(t *testing.T, page string) int {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(page)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// TestFirstAnswerIsSmall holds the promise of 14 KB for a full badge, style
// sheet included, in every language, with everything that is in it.
func TestFirstAnswerIsSmall(t *testing.T) {
	w := newWorld(t)
	badges := map[string]*badge.Document{"overfull": overfull(t)}
	for _, file := range []string{participant, planning, trainer} {
		badges[file] = document(t, file)
	}
	for _, lang := range w.catalog.Languages() {
		for file, doc := range badges {
			page := w.verification(t, lang, report(doc), own())
			// With its headers it is to fit into the ten segments of 1,460 bytes that a
			// server may send before it hears anything (RFC 6928).
			if n := squeezed(t, page); n > 10*1460-headers {
				t.Errorf("%s %s: %d bytes", lang, file, n)
			}
			if !strings.Contains(page, ".verdict {") || strings.Contains(page, ".console") {
				t.Errorf("%s %s: the rules within are not those of the page", lang, file)
			}
			if short := w.catalog.For(lang).Text("page.short", nil); file != "overfull" && strings.Contains(page, short) {
				t.Errorf("%s %s: not everything is shown", lang, file)
			}
		}
	}
}

// headers is room for those of a page, in bytes; api holds them to it.
const headers = 1000

// overfull is a badge with more alignments than any honest one.
func overfull(t *testing.T) *badge.Document {
	t.Helper()
	var all []string
	for i := range 40 {
		all = append(all, fmt.Sprintf(`{"type":["Alignment"],"targetName":"Skill %d: %x","targetUrl":"https://skills.example/%x/%d","targetFramework":"Example skills","targetCode":"S%d.%d"}`,
			i, i*7919*104729, i*1299709*15485863, i, i*31, i*17))
	}
	raw := string(document(t, planning).Raw())
	full := strings.Replace(raw, `"alignment": [`, `"alignment": [`+strings.Join(all, ",")+",", 1)
	doc, err := badge.Parse([]byte(full))
	if err != nil || full == raw {
		t.Fatal("it is no fuller", err)
	}
	return doc
}

func TestAssets(t *testing.T) {
	w := newWorld(t)
	cssName, css := w.pages.Stylesheet()
	iconName, icon := w.pages.Icon()
	var b bytes.Buffer
	if err := w.pages.Home(&b, w.catalog.For("en"), pages.HomePage{}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, name := range []string{cssName, iconName} {
		if !regexp.MustCompile(`^laurel-[0-9a-f]{12}\.(css|svg)$`).MatchString(name) || !strings.Contains(page, `href="`+pages.AssetPath+name+`"`) {
			t.Errorf("%q is not what pages link to", name)
		}
	}
	for _, active := range []string{"url(", "@import", "@font-face", "expression", "http:", "https:"} {
		if bytes.Contains(css, []byte(active)) {
			t.Errorf("the style sheet has %q", active)
		}
	}
	if bytes.Contains(icon, []byte("script")) || bytes.Contains(icon, []byte("style")) {
		t.Error("the icon is active")
	}
	css[0] ^= 1
	if _, again := w.pages.Stylesheet(); bytes.Equal(css, again) {
		t.Error("a caller can change the style sheet")
	}
}

// TestContrast holds the colours to WCAG 2.2 AA: 4.5 to 1 for text (1.4.3),
// 3 to 1 for the bounds of fields and for signs (1.4.11).
func TestContrast(t *testing.T) {
	_, css := newWorld(t).pages.Stylesheet()
	declared := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	light, dark, found := strings.Cut(string(css), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "}\n}")
	var pairs [][2]string
	for _, ground := range []string{"paper", "card", "pass-bg", "warn-bg", "fail-bg", "unknown-bg"} {
		for _, text := range []string{"ink", "soft", "link"} {
			pairs = append(pairs, [2]string{text, ground})
		}
	}
	for _, tone := range []string{"pass", "warn", "fail", "unknown"} {
		pairs = append(pairs, [2]string{tone, tone + "-bg"}, [2]string{tone, "paper"})
	}
	pairs = append(pairs, [2]string{"skipped", "paper"}, [2]string{"gold", "paper"}, [2]string{"gold", "card"}, [2]string{"paper", "link"})
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		colour := map[string]string{}
		for _, m := range declared.FindAllStringSubmatch(text, -1) {
			if colour[m[1]] == "" {
				colour[m[1]] = m[2]
			}
		}
		for _, p := range pairs {
			if colour[p[0]] == "" || colour[p[1]] == "" {
				t.Fatalf("%s: no colour %s or %s", scheme, p[0], p[1])
			}
			if c := contrast(t, colour[p[0]], colour[p[1]]); c < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, p[0], p[1], c)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
