package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/internal/bundle"
)

// home is a service under https, whose issuers are did:web, with what a command
// needs to reach it.
type home struct {
	*httptest.Server
	svc     *service
	asked   atomic.Int32
	environ []string
}

func newHome(t *testing.T, requests ...string) (h *home, badges []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h = &home{}
	folder := t.TempDir()
	data := filepath.Join(folder, "data")
	base := "https://" + listener.Addr().String()
	h.laurel(t, 0, "", "init", "--data", data, "--base-url", base, "--issuer", "city-academy", "--name", "City Academy")
	definitions := filepath.Join(folder, "definitions")
	if err := os.Mkdir(definitions, 0o700); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(definitions, "achievements.json"), []byte(`{"achievements":[{"slug":"first-aid","issuer":"city-academy","achievementType":"Badge",
"name":{"en":"First aid"},"description":{"en":"The holder can give first aid."},"criteria":{"en":"Attend the day."}}]}`))
	h.laurel(t, 0, "", "programme", "load", definitions, "--data", data)
	for _, request := range requests {
		var issued struct{ CredentialID string }
		if err := json.Unmarshal([]byte(h.laurel(t, 0, request, "issue", "--data", data, "-")), &issued); err != nil {
			t.Fatal(err)
		}
		badges = append(badges, issued.CredentialID+".json")
	}
	s := defaults()
	s.data = data
	svc, err := open(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h.svc = svc
	t.Cleanup(func() { _ = svc.store.Close() })
	if _, err := svc.audit.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	public, err := svc.handler()
	if err != nil {
		t.Fatal(err)
	}
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		public.ServeHTTP(w, r)
	}))
	if err := h.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	h.Listener = listener
	h.StartTLS()
	t.Cleanup(h.Close)
	roots := filepath.Join(folder, "roots.pem")
	save(t, roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}))
	h.environ = []string{"LAUREL_FETCH_ALLOW=" + listener.Addr().String(), "LAUREL_FETCH_CA=" + roots}
	return h, badges
}

// laurel runs a command and gives its standard output.
func (h *home) laurel(t *testing.T, want int, stdin string, args ...string) string {
	t.Helper()
	var out, said bytes.Buffer
	p := &program{stdin: strings.NewReader(stdin), stdout: &out, stderr: &said, environ: h.environ}
	if got := p.exit(context.WithoutCancel(t.Context()), args); got != want {
		t.Fatalf("laurel %s: exit %d, want %d: %s%s", strings.Join(args, " "), got, want, &out, &said)
	}
	return out.String()
}

func save(t *testing.T, name string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// told is what verify --json says of a bundle.
type told struct {
	Verdict string
	Bundle  toldBundle
	Checks  []struct{ ID, Result, Code string }
}

func (r told) code(check string) string {
	for _, c := range r.Checks {
		if c.ID == check {
			return c.Code
		}
	}
	return ""
}

// A bundle of a did:web issuer is verified without a request, and its reader is
// told whose word the key is.
func TestBundleOfADidWebIssuer(t *testing.T) {
	h, badges := newHome(t,
		`{"achievement":"first-aid","recipient":{"name":"Ana Example","email":"ana@learner.example"},"awardedAt":"2025-07-11"}`)
	whole := h.laurel(t, 0, "", "bundle", badges[0])
	ending := h.ending(t)
	b, err := bundle.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if b.Badge.Address != badges[0] || !strings.HasPrefix(b.Badge.MediaType, "application/") {
		t.Errorf("the badge is of %q, %q", b.Badge.Address, b.Badge.MediaType)
	}
	for use, path := range map[bundle.Use]string{bundle.Key: "/issuers/city-academy/did.json", bundle.Status: "/status/city-academy-1", bundle.Log: "/log/key"} {
		if d, ok := b.Find(use, h.URL+path); !ok || d.MediaType == "" || d.FetchedAt.Before(b.CollectedAt) || time.Since(d.FetchedAt) > time.Minute {
			t.Errorf("%s: %+v, %t", path, d, ok)
		}
	}
	h.Close()
	asked := h.asked.Load()

	offline := func(want int, raw string) (r told) {
		t.Helper()
		if err := json.Unmarshal([]byte(h.laurel(t, want, raw, "verify", "--offline", "--json", "-")), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := offline(0, whole)
	if r.Verdict != "valid" && r.Verdict != "warning" || r.Bundle.IssuerKey != "as_collected" || r.Bundle.Ended == nil || *r.Bundle.Ended {
		t.Errorf("%+v", r)
	}
	if l := r.Bundle.AuditLog; len(l) != 1 || l[0].Result != "pass" || l[0].Size < 2 {
		t.Errorf("the audit log: %+v", l)
	}
	if text := h.laurel(t, 0, whole, "verify", "--offline", "-"); !strings.HasPrefix(text, "As of "+r.Bundle.AsOf+",") || !strings.Contains(text, "only as trustworthy as whoever made this bundle") {
		t.Error(text)
	}

	without := func(use bundle.Use) string {
		less := *b
		less.Documents = slices.DeleteFunc(slices.Clone(b.Documents), func(d bundle.Document) bool { return d.Use == use })
		return remade(t, &less)
	}
	if r := offline(2, without(bundle.Key)); r.Verdict != "indeterminate" || r.code("issuer_key") != "key_unreachable" || r.Bundle.Ended != nil {
		t.Errorf("without the key: %+v", r)
	}
	if r := offline(2, without(bundle.Status)); r.Verdict != "indeterminate" || r.code("revocation") != "status_list_unreachable" {
		t.Errorf("without the list: %+v", r)
	}

	// A document serves the use alone that it was fetched for.
	misused := *b
	misused.Documents = slices.Clone(b.Documents)
	for n := range misused.Documents {
		if misused.Documents[n].Use == bundle.Key {
			misused.Documents[n].Use = bundle.Page
		}
	}
	if r := offline(2, remade(t, &misused)); r.code("issuer_key") != "key_unreachable" {
		t.Errorf("a page was taken for keys: %+v", r)
	}

	// As of another date, the same things mean something else.
	early := *b
	early.CollectedAt = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	if r := offline(1, remade(t, &early)); r.Verdict != "invalid" {
		t.Errorf("before it began: %+v", r)
	}

	ended, err := bundle.Parse([]byte(ending))
	if err != nil {
		t.Fatal(err)
	}
	var signed struct{ ValidUntil time.Time }
	if err := json.Unmarshal(ended.Badge.Bytes, &signed); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(signed.ValidUntil) + 10*time.Millisecond)
	ended.CollectedAt = signed.ValidUntil.Add(-time.Second)
	until := signed.ValidUntil.Format(time.RFC3339)
	if r := offline(0, remade(t, ended)); r.Bundle.Ended == nil || !*r.Bundle.Ended || r.Bundle.Until != until {
		t.Errorf("after its end: %+v", r)
	}
	if text := h.laurel(t, 0, remade(t, ended), "verify", "--offline", "-"); !strings.Contains(text, "The validity has ended since, on "+until) {
		t.Error(text)
	}
	ended.CollectedAt = signed.ValidUntil.Add(time.Second)
	if r := offline(1, remade(t, ended)); r.code("validity") != "expired" || r.Bundle.Ended != nil {
		t.Errorf("collected after its end: %+v", r)
	}
	if h.asked.Load() != asked {
		t.Error("something was asked for")
	}
}

// ending is the bundle of a badge that is collected before it ends, a little.
func (h *home) ending(t *testing.T) (raw string) {
	t.Helper()
	_, token, err := h.svc.tokens.Create(t.Context(), auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Source: auth.Any})
	if err != nil {
		t.Fatal(err)
	}
	l := &lived{h, token}
	soon(t, func(end time.Time) bool {
		var b livedBadge
		if l.call(t, "POST", "/v1/credentials", fmt.Sprintf(`{"achievement":"first-aid","recipient":{"name":"Ben Example %d","email":"ben@learner.example"},"awardedAt":"2025-07-12","validUntil":%q}`,
			end.Unix(), end.Format(time.RFC3339)), &b) != http.StatusCreated {
			return false
		}
		raw = h.laurel(t, 0, "", "bundle", h.URL+"/credentials/"+b.ID+".json")
		return time.Now().Before(end)
	})
	return raw
}

func remade(t *testing.T, b *bundle.Bundle) string {
	t.Helper()
	raw, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A presentation of several badges takes the lists and records of all of them.
func TestBundleOfAPresentation(t *testing.T) {
	request := `{"achievement":"first-aid","recipient":{"name":"%s Example","email":"%[1]s@learner.example"},"awardedAt":"2025-07-11"}`
	h, badges := newHome(t, fmt.Sprintf(request, "ana"), fmt.Sprintf(request, "ben"))
	var texts []string
	for _, address := range badges {
		b, err := bundle.Parse([]byte(h.laurel(t, 0, "", "bundle", address)))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b.Badge.Bytes))
	}
	whole := h.laurel(t, 0, `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[`+
		strings.Join(texts, ",")+`]}`, "bundle", "-")
	h.Close()
	var r told
	if err := json.Unmarshal([]byte(h.laurel(t, 0, whole, "verify", "--offline", "--json", "-")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Bundle.IssuerKey != "as_collected" || r.Bundle.Ended == nil || *r.Bundle.Ended || len(r.Bundle.AuditLog) != 2 {
		t.Fatalf("%+v", r)
	}
	for _, l := range r.Bundle.AuditLog {
		if l.Result != "pass" {
			t.Errorf("%+v", l)
		}
	}
}

// What is larger than a bundle may be is not read.
func TestBundleBeyondItsBounds(t *testing.T) {
	p := &program{stdin: io.MultiReader(strings.NewReader(`{"laurelBundle":1`), strings.NewReader(strings.Repeat(" ", bundle.MaxBytes))), stdout: io.Discard, stderr: io.Discard}
	if got := p.exit(t.Context(), []string{"verify", "--offline", "-"}); got != exitUsage {
		t.Errorf("exit %d", got)
	}
}
