package issuer_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"laurel/issuer"
	"laurel/issuer/issuertest"
)

const codeCharacters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func TestPrintedCode(t *testing.T) {
	form := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`)
	for range 200 {
		id := (rand.Text() + "abcdef")[:22]
		code := issuer.PrintedCode(id)
		if !form.MatchString(code) || !issuer.IsPrintedCode(code) {
			t.Fatalf("%s has the code %q", id, code)
		}
	}
	for _, id := range []string{"", "short", "!!!!!!!!!!!!!!!!!!!!!!"} {
		if got := issuer.PrintedCode(id); got != "" {
			t.Errorf("%q has the code %q", id, got)
		}
	}
}

// TestMistypedCodes: every wrong character and every swap of two different ones
// is seen.
func TestMistypedCodes(t *testing.T) {
	code := strings.ReplaceAll(issuer.PrintedCode("Zm9vYmFyYmF6cXV4MTIzNA"), "-", "")
	tried := 0
	for at := range code {
		for _, other := range codeCharacters {
			wrong := code[:at] + string(other) + code[at+1:]
			if wrong != code && issuer.IsPrintedCode(wrong) {
				t.Errorf("%s passes for %s", wrong, code)
			}
			tried++
		}
		for second := at + 1; second < len(code); second++ {
			swapped := []byte(code)
			swapped[at], swapped[second] = swapped[second], swapped[at]
			if string(swapped) != code && issuer.IsPrintedCode(string(swapped)) {
				t.Errorf("%s passes for %s", swapped, code)
			}
		}
	}
	if tried != 16*32 {
		t.Fatalf("tried %d", tried)
	}
	for _, wrong := range []string{"", code[1:], code + "0", strings.Repeat("0", 100), "ÀÀÀÀÀÀÀÀÀÀÀÀÀÀÀÀ"} {
		if issuer.IsPrintedCode(wrong) {
			t.Errorf("%q is taken for a code", wrong)
		}
	}
}

func TestBadgeByPrintedCode(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	var ids []string
	for n := range 20 {
		ids = append(ids, p.issue(t, award(fmt.Sprintf("learner-%d", n))).Record.ID)
	}
	for _, id := range ids {
		code := issuer.PrintedCode(id)
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " "),
			strings.NewReplacer("0", "o", "1", "l").Replace(code)} {
			got, err := p.Issuer.ByPrintedCode(t.Context(), typed)
			if err != nil || got != id {
				t.Fatalf("%q leads to %q, %v; want %s", typed, got, err, id)
			}
		}
	}
	other := issuer.PrintedCode("Zm9vYmFyYmF6cXV4MTIzNA")
	if slices.Contains(ids, other) {
		t.Fatal("the id is taken")
	}
	for _, typed := range []string{other, other[:18] + "U", ""} {
		if got, err := p.Issuer.ByPrintedCode(t.Context(), typed); !errors.Is(err, issuer.ErrNotFound) || got != "" {
			t.Errorf("%q leads to %q, %v", typed, got, err)
		}
	}
}
