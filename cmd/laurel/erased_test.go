package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestErasedLeavesNoByte: a badge lives through what badges live through and is
// erased. After a compaction neither the file of the store nor a backup nor the
// log nor the audit log has a byte that tells of its holder, while the
// neighbour's name is found by the same search; the index of the erased stays
// taken, and its copy is revoked.
func TestErasedLeavesNoByte(t *testing.T) {
	const neighbour = "Bartholomew Underhill-Penhaligon"
	r := serving(t, "--verify-rate", "0")
	token := r.token(t, "issue,read,revoke,manage")
	secrets := append([]string{"Wilhelmina", "wilhelmina", "Quisling", herAddress, herRef, "23456789"}, r.live(t, token)...)
	award := fmt.Sprintf(`{"achievement":"licence","recipient":{"name":%q},"awardedAt":"2025-07-11"}`, neighbour)
	if code, answer := r.ask(t, "POST", "/v1/credentials", token, award); code != 201 {
		t.Fatalf("%d %s", code, answer)
	}
	laurel := func(args ...string) string {
		t.Helper()
		said := &lockedBuffer{}
		p := &program{stdin: strings.NewReader(""), stdout: said, stderr: said}
		if code := p.exit(context.WithoutCancel(t.Context()), append(args, "--data", r.data)); code != exitOK {
			t.Fatalf("%v: exit %d: %s", args, code, said)
		}
		return said.String()
	}
	copied := filepath.Join(t.TempDir(), "copy")
	laurel("compact")
	laurel("backup", copied)
	laurel("check")
	trail := laurel("audit", "list")
	r.stop()
	kept := map[string]string{"the log": r.said.String(), "the audit log": trail}
	for what, root := range map[string]string{"the data folder": r.data, "the backup": copied} {
		kept[what] = everyByte(t, root)
		if !strings.Contains(kept[what], neighbour) {
			t.Errorf("the neighbour is not found in %s: does the test look at anything?", what)
		}
	}
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			for what, text := range kept {
				if at := strings.Index(text, form); at >= 0 {
					t.Errorf("%q is left in %s: %q", form, what, text[max(0, at-100):at+len(form)])
				}
			}
		}
	}
}

// everyByte is what all files under a folder hold, or one file.
func everyByte(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(name)
		all.Write(raw)
		return err
	})
	if err != nil || all.Len() == 0 {
		t.Fatalf("%s: %d bytes, %v", root, all.Len(), err)
	}
	return all.String()
}
