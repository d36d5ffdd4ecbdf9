package mail_test

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"laurel/internal/i18n"
	"laurel/internal/smtp"
	"laurel/internal/smtp/smtptest"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/mail"
	"laurel/store/bolt"
)

const academy, course = "academy", "academy-course"

// post is an issuer whose holders are told, and the mail server that tells them.
type post struct {
	*issuertest.Service
	server *smtptest.Server
	outbox *mail.Outbox
	log    *bytes.Buffer
}

func newPost(t *testing.T) *post {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "laurel.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := &post{Service: issuertest.New(t, db, issuertest.Options{Issuers: []string{academy}}), server: smtptest.New(t, smtptest.Options{Implicit: true}), log: new(bytes.Buffer)}
	sender, err := smtp.New(smtp.Config{URL: "smtps://" + smtptest.User + "@" + p.server.Address, Password: smtptest.Password,
		From: "badges@school.example", RootCAs: p.server.Roots, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.PutAchievement(t.Context(), issuer.Achievement{Slug: course, Issuer: academy, Name: issuer.Text{"en": "Course"}, Description: issuer.Text{"en": "Took the course."},
		Criteria: issuer.Text{"en": "Take it."}}, "test"); err != nil {
		t.Fatal(err)
	}
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	p.outbox, err = mail.New(mail.Config{Store: p.Store, Issuer: p.Issuer, Seal: p.Ring, Sender: sender, Catalog: catalog, BaseURL: issuertest.BaseURL,
		Now: p.Clock.Now, Log: slog.New(slog.NewTextHandler(p.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	p.Issuer.Observe(p.outbox.Observe)
	p.Issuer.Observe(mail.Forget)
	return p
}

func (p *post) notify(t *testing.T, who issuer.Notify) {
	t.Helper()
	profile, err := p.Profile(t.Context(), academy)
	if err != nil {
		t.Fatal(err)
	}
	changed := *profile
	changed.Notify = who
	if _, err := p.PutProfile(t.Context(), changed, "test"); err != nil {
		t.Fatal(err)
	}
}

func (p *post) issue(t *testing.T, person, lang string) *issuer.Record {
	t.Helper()
	issued, err := p.Issue(t.Context(), issuer.Award{Achievement: course, AwardedAt: p.Clock.Now().Add(-time.Hour), Language: lang, Actor: "test",
		Recipient: issuer.Recipient{Name: "Person " + person, Email: person + "@learner.example"}})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Record
}

func (p *post) deliver(t *testing.T, reached bool) []smtptest.Mail {
	t.Helper()
	got, err := p.outbox.Deliver(t.Context())
	if err != nil || got != reached {
		t.Fatalf("reached: %t, %v", got, err)
	}
	return p.server.Got()
}

// waiting are the letters in the store.
func (p *post) waiting(t *testing.T) (n int) {
	t.Helper()
	for k, v := range issuertest.Snapshot(t, p.Store) {
		if strings.HasPrefix(k, "ml/") {
			n++
			if strings.Contains(v, "learner.example") {
				t.Errorf("%s has an address that anybody can read", k)
			}
		}
	}
	if err := mail.Check(t.Context(), p.Store, func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
	return n
}

// Whoever is issued a badge is told once, in their language, with both links; and
// then nothing is left of their address.
func TestEarned(t *testing.T) {
	p := newPost(t)
	p.issue(t, "early", "en")
	if n := p.waiting(t); n != 0 {
		t.Fatalf("%d letters, and the issuer wants none", n)
	}
	p.notify(t, issuer.NotifyHolder)
	rec := p.issue(t, "ana", "fr")
	p.issue(t, "ana", "fr") // she holds it already
	if n := p.waiting(t); n != 1 {
		t.Fatalf("%d letters", n)
	}
	got := p.deliver(t, true)
	if len(got) != 1 || got[0].To != "ana@learner.example" || !got[0].Encrypted {
		t.Fatalf("%+v", got)
	}
	text := strings.ReplaceAll(got[0].Data, "=\n", "")
	for _, want := range []string{"/c/" + p.Claim(rec), "/credentials/" + rec.ID, "Auto-Submitted: auto-generated", "Content-Language: fr", "Message-ID: <", "lang=3D\"fr\""} {
		if !strings.Contains(text, want) {
			t.Errorf("the letter lacks %q:\n%s", want, got[0].Data)
		}
	}
	if strings.Contains(text, "List-Unsubscribe") || p.waiting(t) != 0 || len(p.deliver(t, true)) != 1 {
		t.Error("it is not over")
	}
	if strings.Contains(p.log.String(), "learner.example") {
		t.Errorf("%s", p.log)
	}
}

// A server that is away, or takes nothing now, is tried again, under the same
// number; one that refuses a person is not.
func TestTriedAgain(t *testing.T) {
	p := newPost(t)
	p.notify(t, issuer.NotifyHolder)
	p.issue(t, "ana", "en")
	p.server.Refuse(func(string) error { return smtptest.Said(451, "later, ana@learner.example") })
	p.deliver(t, true)
	if p.waiting(t) != 1 {
		t.Fatal("it was given up")
	}
	p.deliver(t, true)
	p.server.Refuse(nil)
	p.Clock.Advance(10 * time.Second)
	if got := p.deliver(t, true); len(got) != 1 || p.waiting(t) != 0 {
		t.Fatalf("%+v", got)
	}
	p.issue(t, "bo", "en")
	p.server.Refuse(func(string) error { return smtptest.Said(550, "no such person bo@learner.example") })
	p.deliver(t, true)
	if p.waiting(t) != 0 || !strings.Contains(p.log.String(), "given up") || strings.Contains(p.log.String(), "learner.example") {
		t.Errorf("%s", p.log)
	}
	p.server.Refuse(func(string) error { return smtptest.Said(451, "never") })
	p.issue(t, "cy", "en")
	for range 40 {
		p.deliver(t, true)
		p.Clock.Advance(18 * time.Hour)
	}
	if p.waiting(t) != 0 {
		t.Error("it is tried for ever")
	}
}

// A person who is erased is told nothing any more, and what waits goes at once.
func TestErasedBeforeTheyAreTold(t *testing.T) {
	p := newPost(t)
	p.notify(t, issuer.NotifyHolder)
	gone, stays := p.issue(t, "ana", "en"), p.issue(t, "bo", "en")
	if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: gone.ID, Actor: "test", MayTouch: func(string) bool { return true }}); err != nil {
		t.Fatal(err)
	}
	if n := p.waiting(t); n != 1 {
		t.Errorf("%d letters wait", n)
	}
	if got := p.deliver(t, true); len(got) != 1 || !strings.Contains(strings.ReplaceAll(got[0].Data, "=\n", ""), stays.ID) {
		t.Errorf("%+v", got)
	}
}

// A letter that waits goes nowhere once the address was corrected: the claim in it
// would be somebody else's.
func TestCorrectedBeforeTheyAreTold(t *testing.T) {
	p := newPost(t)
	p.notify(t, issuer.NotifyHolder)
	rec, stays := p.issue(t, "anna", "en"), p.issue(t, "bo", "en")
	right := "ana@learner.example"
	if _, err := p.ChangeRegister(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: func(string) bool { return true }}, issuer.Register{Email: &right}); err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, m := range p.deliver(t, true) {
		told[m.To] = strings.ReplaceAll(m.Data, "=\n", "")
	}
	now, err := p.Credential(t.Context(), rec.ID)
	if err != nil || !strings.Contains(told[right], "/c/"+p.Claim(now)) || p.Claim(now) == p.Claim(rec) {
		t.Errorf("%v %s", err, told[right])
	}
	if told["anna@learner.example"] != "" || !strings.Contains(told["bo@learner.example"], stays.ID) || p.waiting(t) != 0 {
		t.Errorf("%v", told)
	}
}

// Who has lost the links is sent all of them, hidden badges too; nobody else is
// sent anything, and what is written down is of the same size.
func TestAskedFor(t *testing.T) {
	p := newPost(t)
	shown, hidden := p.issue(t, "ana", "en"), p.issue(t, "bo", "en")
	if _, err := p.Hide(t.Context(), p.Claim(hidden), nil); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"ana@learner.example", "bo@learner.example", "nobody@learner.example"} {
		if err := p.outbox.Ask(t.Context(), address, "ar"); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.waiting(t); n != 3 {
		t.Fatalf("%d letters", n)
	}
	to := map[string]string{}
	for _, m := range p.deliver(t, true) {
		to[m.To] = strings.ReplaceAll(m.Data, "=\n", "")
	}
	if len(to) != 2 || p.waiting(t) != 0 {
		t.Fatalf("%v", to)
	}
	if m := to["ana@learner.example"]; !strings.Contains(m, "/c/"+p.Claim(shown)) || !strings.Contains(m, "/credentials/"+shown.ID) || strings.Contains(m, hidden.ID) || !strings.Contains(m, "Content-Language: ar") {
		t.Errorf("%s", m)
	}
	if m := to["bo@learner.example"]; !strings.Contains(m, "/c/"+p.Claim(hidden)) || strings.Contains(m, "/credentials/"+hidden.ID) {
		t.Errorf("%s", m)
	}
	for _, address := range []string{"", "ana", "ana@learner.example\r\nBcc: eve@evil.example"} {
		if err := p.outbox.Ask(t.Context(), address, "en"); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

// A mail server that cannot be used costs no letter.
func TestServerAway(t *testing.T) {
	p := newPost(t)
	p.notify(t, issuer.NotifyHolder)
	rec := p.issue(t, "ana", "en")
	away, err := smtp.New(smtp.Config{URL: "smtps://127.0.0.1:1", From: "badges@school.example", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	alone, err := mail.New(mail.Config{Store: p.Store, Issuer: p.Issuer, Seal: p.Ring, Sender: away, Catalog: catalog, BaseURL: issuertest.BaseURL, Now: p.Clock.Now,
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if reached, err := alone.Deliver(t.Context()); err != nil || reached || p.waiting(t) != 1 {
		t.Fatalf("%t %v", reached, err)
	}
	if !strings.Contains(log.String(), "no connection") {
		t.Errorf("whoever is on call is not told what is in the way: %s", &log)
	}
	p.Clock.Advance(time.Minute)
	if got := p.deliver(t, true); len(got) != 1 || !strings.Contains(strings.ReplaceAll(got[0].Data, "=\n", ""), rec.ID) {
		t.Errorf("%+v", got)
	}
	// What nobody sends any more does not lie about for ever.
	p.issue(t, "bo", "en")
	for _, after := range []time.Duration{time.Hour, 5 * 24 * time.Hour} {
		if err := mail.Drop(t.Context(), p.Store, p.Clock.Now().Add(after)); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 1, false: 0}[after == time.Hour]; p.waiting(t) != want {
			t.Errorf("after %v there are not %d", after, want)
		}
	}
	if _, err := mail.New(mail.Config{}); err == nil || errors.Is(err, smtp.ErrRefused) {
		t.Error("an outbox of nothing")
	}
}
