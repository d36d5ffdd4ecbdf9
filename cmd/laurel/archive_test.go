package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"laurel/issuer"
)

// kept is the index of an archive.
type kept struct {
	LaurelArchive int
	BaseURL       string
	Files         []archivedFile
}

func readKept(t *testing.T, folder string) (k kept, byAddress map[string]archivedFile) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, archiveIndex))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		t.Fatal(err)
	}
	byAddress = map[string]archivedFile{}
	for _, f := range k.Files {
		byAddress[f.Address] = f
	}
	return k, byAddress
}

// What keeps an archive from beginning is told before its first byte, behind which it
// could only be broken off.
func TestArchiveThatCannotBegin(t *testing.T) {
	h, _ := newHome(t)
	given, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	if err := writeArchive(given, h.svc, &out); err == nil || out.Len() > 0 || !strings.Contains(err.Error(), "audit log") {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}

// TestArchive makes an archive of a service that runs, which then is gone for
// good: a plain file server answers at its address, and badges verify by it.
func TestArchive(t *testing.T) {
	request := `{"achievement":"first-aid","recipient":{"name":"%s Example","email":"%[1]s@learner.example"},"awardedAt":"2025-07-11"}`
	h, badges := newHome(t, fmt.Sprintf(request, "ana"), fmt.Sprintf(request, "ben"), fmt.Sprintf(request, "hidden"), fmt.Sprintf(request, "erased"))
	ctx, mayTouch := t.Context(), func(string) bool { return true }
	ids := make([]string, len(badges))
	for n, address := range badges {
		ids[n] = strings.TrimSuffix(strings.TrimPrefix(address, h.URL+"/credentials/"), ".json")
	}
	if _, err := h.svc.issuer.Revoke(ctx, ids[1], "issued_in_error", "test", mayTouch); err != nil {
		t.Fatal(err)
	}
	hidden, err := h.svc.issuer.PublicEdition(ctx, ids[2], 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.issuer.Hide(ctx, h.svc.issuer.Claim(hidden), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.svc.issuer.Erase(ctx, issuer.Amendment{ID: ids[3], Actor: "test", MayTouch: mayTouch}); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "archive")
	stop := h.administered(t)
	h.laurel(t, 0, "", "archive", "--data", h.svc.settings.data, folder)
	if said := h.fails(t, "archive", "--data", h.svc.settings.data, folder); !strings.Contains(said, "is there already") {
		t.Error(said)
	}
	stop()

	index, at := readKept(t, folder)
	if index.LaurelArchive != 1 || index.BaseURL != h.URL {
		t.Errorf("%+v", index)
	}
	for _, address := range []string{"/credentials/" + ids[0], "/credentials/" + ids[0] + ".json", "/credentials/" + ids[0] + ".jwt", "/credentials/" + ids[0] + ".png",
		"/credentials/" + ids[0] + ".svg", "/credentials/" + ids[1], "/v/" + ids[0] + "?lang=en", "/v/" + ids[1] + "?lang=en", "/log/entries/" + ids[0], "/log/checkpoint", "/log/key",
		"/achievements/first-aid", "/achievements/first-aid/image.png", "/issuers/city-academy", "/issuers/city-academy/did.json", "/.well-known/jwks.json", "/status/city-academy-1"} {
		if at[address].Status != http.StatusOK {
			t.Errorf("%s: %+v", address, at[address])
		}
	}
	if gone := at["/credentials/"+ids[3]]; gone.Status != http.StatusGone || gone.File != "" {
		t.Errorf("who was erased: %+v", gone)
	}
	listed := wholeArchive(t, folder, index)
	for _, word := range []string{ids[2], "hidden Example", "hidden@", "erased Example", "@learner.example"} {
		if strings.Contains(listed, word) {
			t.Errorf("the archive holds %s", word)
		}
	}
	page, err := os.ReadFile(filepath.Join(folder, "v", ids[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"<form", "qr.png", "/embed", "?lang=de", "preview.png", ".pdf"} {
		if strings.Contains(string(page), word) {
			t.Errorf("the page offers %s", word)
		}
	}
	if !strings.Contains(string(page), "ana Example") {
		t.Errorf("%s", page)
	}

	// The service is gone.
	h.Config.Handler = http.FileServer(http.Dir(folder))
	for n, want := range []struct {
		exit int
		code string
	}{{0, "not_revoked"}, {1, "revoked"}} {
		var report told
		if err := json.Unmarshal([]byte(h.laurel(t, want.exit, "", "verify", "--json", badges[n])), &report); err != nil {
			t.Fatal(err)
		}
		if got := report.code("revocation"); got != want.code {
			t.Errorf("%s: %s %s", badges[n], report.Verdict, got)
		}
	}
	h.laurel(t, 0, "", "verify", filepath.Join(folder, "credentials", ids[0]+".png"))
	h.laurel(t, 0, "", "verify", filepath.Join(folder, "credentials", ids[0]+".jwt"))
	bundle := h.laurel(t, 0, "", "bundle", badges[0])
	h.laurel(t, 0, bundle, "verify", "--offline", "-")
	h.laurel(t, 2, "", "verify", badges[2]) // as any server answers that has no such file
}

// administered answers at the admin socket of a home, until stop.
func (h *home) administered(t *testing.T) (stop func()) {
	t.Helper()
	admin, err := h.svc.listenAdmin()
	if err != nil {
		t.Fatal(err)
	}
	work, end := context.WithCancel(t.Context())
	made := make(chan error, 1)
	go func() { made <- h.svc.issuer.Run(work) }()
	server := newServer(h.svc.adminHandler(), h.svc.log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(admin) }()
	return func() {
		end()
		_ = errors.Join(<-made, server.Close(), <-served) // all of them were ended
	}
}

// wholeArchive holds an archive against its index and its sums, and gives all
// that its files say.
func wholeArchive(t *testing.T, folder string, index kept) (said string) {
	t.Helper()
	var all, sums strings.Builder
	files := map[string]bool{archiveIndex: true, archiveSums: true}
	for _, f := range index.Files {
		all.WriteString(f.Address + "\n")
		if f.File == "" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(folder, f.File))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(raw)
		if got := hex.EncodeToString(sum[:]); got != f.SHA256 || int64(len(raw)) != f.Size || f.Type == "" || files[f.File] {
			t.Errorf("%+v has %s, %d bytes", f, got, len(raw))
		}
		files[f.File] = true
		fmt.Fprintf(&sums, "%s  %s\n", f.SHA256, f.File)
		all.Write(raw)
	}
	listed, err := os.ReadFile(filepath.Join(folder, archiveSums))
	if err != nil || string(listed) != sums.String() {
		t.Errorf("the sums are not those of the index: %v", err)
	}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(folder, path); err == nil && !d.IsDir() && !files[name] {
			t.Errorf("%s is not in the index", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestArchiveOfALife makes an archive where no service runs, and none where it
// breaks off.
func TestArchiveOfALife(t *testing.T) {
	data, h := lifetime(t, "http://localhost:8080")
	parent := t.TempDir()
	folder := filepath.Join(parent, "archive")
	h.laurel(t, 0, "", "archive", "--data", data, folder)
	index, _ := readKept(t, folder)
	if all := wholeArchive(t, folder, index); !strings.Contains(all, "Corrected Person") || strings.Contains(all, "Invented Person 2") || strings.Contains(all, "Invented Person 3") {
		t.Error("the archive does not show what the service does")
	}

	s := defaults()
	s.data = data
	stream, err := archiveStream(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{stderr: io.Discard}
	for _, n := range []int{0, 100, 1536, len(whole) / 2, len(whole) - 2048} {
		if _, err := p.unpackArchive(bytes.NewReader(whole[:n]), t.TempDir()); !errors.Is(err, errCutShort) {
			t.Errorf("cut short after %d bytes of %d: %v", n, len(whole), err)
		}
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}
