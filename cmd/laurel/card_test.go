package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The code on a printed certificate is checked with the keys alone: nobody is
// asked, and a changed one is not genuine.
func TestCardOffPaper(t *testing.T) {
	for _, name := range []string{"pdftoppm", "zbarimg"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed", name)
			}
			t.Skipf("NOT TESTED: %s is not installed, so no code was read", name)
		}
	}
	h, badges := newHome(t, `{"achievement":"first-aid","recipient":{"name":"Ana Mora"},"awardedAt":"2025-07-11"}`)
	beside(t, func(ctx context.Context) { _ = h.svc.issuer.Run(ctx) }) // makes cards
	badge := strings.TrimSuffix(badges[0], ".json")
	folder := t.TempDir()
	keys, file, page := filepath.Join(folder, "keys.json"), filepath.Join(folder, "c.pdf"), filepath.Join(folder, "page")
	for address, name := range map[string]string{h.URL + "/.well-known/jwks.json": keys, badge + ".pdf?offline=1": file} {
		resp, err := h.Client().Get(address)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		if _ = resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %.300s %v", address, resp.StatusCode, raw, err)
		}
		save(t, name, raw)
	}
	if out, err := exec.Command("pdftoppm", "-r", "300", "-png", "-singlefile", file, page).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	read, err := exec.Command("zbarimg", "--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", page+".png").Output()
	if err != nil {
		t.Fatal(err)
	}
	var held string
	for _, line := range strings.Fields(string(read)) {
		if strings.Contains(line, "#o=") {
			held = line
		}
	}
	asked := h.asked.Load()
	var r cardReport
	if err := json.Unmarshal([]byte(h.laurel(t, 0, held, "verify", "--offline", "--json", "--keys", keys, "-")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Card != "genuine" || r.Revocation != "not_checked" || r.Signed == nil || r.Signed.Achievement != "First aid" {
		t.Errorf("%+v", r)
	}
	parts := strings.Split(held, ".")
	parts[len(parts)-1] = strings.Repeat("A", len(parts[len(parts)-1]))
	h.laurel(t, 1, strings.Join(parts, "."), "verify", "--offline", "--keys", keys, "-")
	if got := h.asked.Load(); got != asked {
		t.Errorf("the service was asked %d times", got-asked)
	}
}

// beside runs something beside a test, and ends it before the test does.
func beside(t *testing.T, work func(context.Context)) {
	ctx, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); work(ctx) }()
	t.Cleanup(func() { end(); <-done })
}
