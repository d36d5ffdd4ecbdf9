package issuer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"laurel/issuer"
	"laurel/store"
)

// rememberedTemplates: what an issuer decoded once does not outlive a change,
// whoever made it.
func rememberedTemplates(t *testing.T, p *place) {
	p.issue(t, award("first"))
	other := p.with(t, func(*issuer.Config) {}) // another replica
	changed := template(academy)
	changed.Version, changed.Name["en"] = "2", "Healthier Cities"
	if _, err := other.PutAchievement(t.Context(), changed, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.PutProfile(t.Context(), issuer.Profile{Slug: academy, Name: "The New Academy"}, "test"); err != nil {
		t.Fatal(err)
	}
	text := string(p.issue(t, award("second")).Record.Document)
	for _, want := range []string{`"Healthier Cities"`, `"The New Academy"`, `"version":"2"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the badge does not say %s:\n%s", want, text)
		}
	}
}

// rememberedDamage: a byte that changes on the disk is seen at the next award,
// in the template, the version and the profile alike.
func rememberedDamage(t *testing.T, p *place) {
	p.issue(t, award("first"))
	for _, k := range []string{"a/" + academy + "-course", "a/" + academy + "-course/1", "i/" + academy} {
		var good []byte
		change := func(f func(v []byte)) {
			err := p.Store.Update(t.Context(), func(tx store.Tx) error {
				v, err := tx.Get([]byte(k))
				if err != nil {
					return err
				}
				v = slices.Clone(v)
				f(v)
				return tx.Put([]byte(k), v)
			})
			if err != nil {
				t.Fatalf("%s: %v", k, err)
			}
		}
		change(func(v []byte) { good = slices.Clone(v); v[len(v)-2] ^= 1 })
		if _, err := p.Issue(t.Context(), award(k)); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: one byte was changed, and issuing said %v", k, err)
		}
		change(func(v []byte) { copy(v, good) })
		p.issue(t, award(k))
	}
}
