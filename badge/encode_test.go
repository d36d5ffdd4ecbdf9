package badge_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"laurel/badge"
	"laurel/internal/jsonwriter/jsonwritertest"
)

// written is what encoding/json makes of a value, without HTML escapes.
func written(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// TestCredentialIsWrittenAsEncodingJSONDoes holds the encoder to encoding/json,
// byte for byte, with the achievement and the issuer kept beforehand and not.
func TestCredentialIsWrittenAsEncodingJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c badge.Credential
		jsonwritertest.Fill(t, &c, 5)
		want, err := written(&c)
		if err != nil {
			if _, err := badge.NewDocument(&c); err == nil {
				t.Fatal("encoding/json refuses this credential")
			}
			return
		}
		same(t, &c, want)
		if s := c.CredentialSubject; s != nil && s.Achievement != nil {
			keep(t, s.Achievement)
		}
		if c.Issuer != nil {
			keep(t, c.Issuer)
		}
		same(t, &c, want)
	})
}

func keep(t *rapid.T, part interface{ Keep() error }) {
	if err := part.Keep(); err != nil {
		t.Fatal(err)
	}
}

func same(t *rapid.T, c *badge.Credential, want []byte) {
	t.Helper()
	d, err := badge.NewDocument(c)
	if err != nil {
		t.Fatal(err)
	}
	if rest, texts := d.Split(nil); len(texts) > 0 {
		for _, text := range texts {
			quoted, err := written(text)
			if err != nil {
				t.Fatal(err)
			}
			rest = bytes.Replace(rest, []byte{0}, quoted[1:len(quoted)-1], 1)
		}
		if !bytes.Equal(rest, want) {
			t.Fatalf("put together again:\n%s\nencoding/json:\n%s", rest, want)
		}
	}
	if !d.Root().Exists() {
		t.Fatalf("this cannot be read: %s", d.Raw())
	}
	if !bytes.Equal(d.Raw(), want) {
		t.Fatalf("written:\n%s\nencoding/json:\n%s", d.Raw(), want)
	}
}

// TestKeptPartsAreOfTheirValueAlone: a copy that was changed is written as it
// is, not as what it was copied from.
func TestKeptPartsAreOfTheirValueAlone(t *testing.T) {
	a, p := &badge.Achievement{Name: "First aid"}, &badge.Profile{Name: "City Academy"}
	if err := a.Keep(); err != nil {
		t.Fatal(err)
	}
	if err := p.Keep(); err != nil {
		t.Fatal(err)
	}
	a2, p2 := *a, *p
	a2.Name, p2.Name = "Second aid", "Town Academy"
	d, err := badge.NewDocument(&badge.Credential{Issuer: &p2, CredentialSubject: &badge.AchievementSubject{Achievement: &a2}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Second aid", "Town Academy"} {
		if !strings.Contains(string(d.Raw()), name) {
			t.Errorf("%s is not in %s", name, d.Raw())
		}
	}
}
