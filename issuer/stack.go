package issuer

import (
	"slices"
	"strconv"

	"laurel/store"
)

// Requires says which other achievements one rests on: all of some, any one of
// some, or so many of some. It is a rule of this service and not signed: Open
// Badges 3.0 has no word for it; the criteria say it in words.
type Requires struct {
	All []string `json:"all,omitempty"` // slugs
	Any []string `json:"any,omitempty"`
	NOf *NOf     `json:"n_of,omitempty"`
}

// NOf is so many of some achievements.
type NOf struct {
	N  int      `json:"n"`
	Of []string `json:"of"`
}

// Parts are the achievements that are named, each once.
func (r *Requires) Parts() []string {
	if r == nil {
		return nil
	}
	all := slices.Concat(r.All, r.Any)
	if r.NOf != nil {
		all = append(all, r.NOf.Of...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (a *Achievement) checkRequires(f *faults) {
	r := a.Requires
	if r == nil {
		return
	}
	ways := 0
	for _, given := range []bool{len(r.All) > 0, len(r.Any) > 0, r.NOf != nil} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		f.add("requires_invalid", "/requires", "Say one of all, any and n_of, with the achievements that it is about.")
	}
	if n := r.NOf; n != nil && (n.N < 1 || n.N > len(n.Of)) {
		f.add("requires_invalid", "/requires/n_of/n", "Give a number from 1 to "+strconv.Itoa(len(n.Of))+", as many as there are achievements.")
	}
	f.atMost(len(r.Parts()), maxList, "/requires")
	a.checkParts(f, r.All, "/requires/all")
	a.checkParts(f, r.Any, "/requires/any")
	if r.NOf != nil {
		a.checkParts(f, r.NOf.Of, "/requires/n_of/of")
	}
}

func (a *Achievement) checkParts(f *faults, parts []string, pointer string) {
	for n, part := range parts {
		if CheckSlug(part) != nil || part == a.Slug {
			f.add("achievement_unknown", pointer+"/"+strconv.Itoa(n), "Name other achievements by their slugs.")
		} else if slices.Contains(parts[:n], part) {
			f.add("repeated", pointer+"/"+strconv.Itoa(n), "This stands here twice; name it once.")
		}
	}
}

// PartError refuses an achievement that is to rest on one of an issuer for which
// the caller does not act: it would tell who holds that. It is an ErrForbidden.
type PartError struct{ Part string } // slug

// Error implements error.
func (e *PartError) Error() string { return "issuer: it may not rest on " + e.Part }

// Is makes a PartError an ErrForbidden.
func (e *PartError) Is(target error) bool { return target == ErrForbidden }

// AnyIssuer stands for the issuer of what is not defined, which may come to be
// anybody's: who acts for all issuers acts for it.
const AnyIssuer = "*"

// mayRest holds the parts of an achievement that it had not before to what a
// caller acts for.
func (a *Achievement) mayRest(r store.Reader, old *Achievement, mayIssue func(issuer string) bool) error {
	had := old.Requires.Parts()
	for _, slug := range a.Requires.Parts() {
		if slices.Contains(had, slug) {
			continue
		}
		part := Achievement{Issuer: AnyIssuer}
		if _, err := find(r, achievementKey(slug), &part); err != nil {
			return err
		}
		if !mayIssue(part.Issuer) {
			return &PartError{slug}
		}
	}
	return nil
}

// restsOnItself refuses a circle, by way of others too: whoever was issued one
// achievement of it would have all of them.
func (a *Achievement) restsOnItself(r store.Reader) error {
	seen := map[string]bool{}
	for _, part := range a.Requires.Parts() {
		on, err := restsOn(r, part, a.Slug, seen)
		if err != nil {
			return err
		}
		if on {
			return fault("circular", a.Requires.pointer(part), part+" rests on this one already, itself or by way of others. Take one of the two out.")
		}
	}
	return nil
}

// restsOn tells whether an achievement is another one or rests on it. Those that
// were seen are not.
func restsOn(r store.Reader, slug, on string, seen map[string]bool) (bool, error) {
	if slug == on || seen[slug] {
		return slug == on, nil
	}
	seen[slug] = true
	var a Achievement
	if _, err := find(r, achievementKey(slug), &a); err != nil {
		return false, err
	}
	for _, part := range a.Requires.Parts() {
		if found, err := restsOn(r, part, on, seen); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// pointer is where a part is named, of which each is once.
func (r *Requires) pointer(part string) string {
	var of []string
	if r.NOf != nil {
		of = r.NOf.Of
	}
	for at, list := range map[string][]string{"all": r.All, "any": r.Any, "n_of/of": of} {
		if n := slices.Index(list, part); n >= 0 {
			return "/requires/" + at + "/" + strconv.Itoa(n)
		}
	}
	return "/requires"
}

// stackKey leads from a part to a whole that may rest on it.
func stackKey(part, whole string) []byte { return key("S", part, whole) }

// putStack writes what leads to an achievement from its parts, instead of what
// led there before.
func putStack(tx store.Tx, old, now *Achievement) error {
	for _, part := range old.Requires.Parts() {
		if err := tx.Delete(stackKey(part, old.Slug)); err != nil {
			return err
		}
	}
	for _, part := range now.Requires.Parts() {
		if err := putMark(tx, stackKey(part, now.Slug), ""); err != nil {
			return err
		}
	}
	return nil
}

// Wholes are the slugs of the achievements that may rest on one.
func (i *Issuer) Wholes(r store.Reader, part string) (slugs []string, err error) {
	err = r.Scan(key("S", part, ""), nil, func(k, _ []byte) error {
		slugs = append(slugs, lastPart(k))
		return nil
	})
	return slugs, err
}

// Template is Achievement within a transaction. What it returns is shared: it
// must not be changed. ErrNotFound.
func (i *Issuer) Template(r store.Reader, slug string) (*Achievement, error) {
	t, err := getShared[template](&i.decoded, r, achievementKey(slug))
	if err != nil {
		return nil, err
	}
	return &t.Achievement, nil
}

// HeldByAddress is the first badge of an achievement that stands under an
// address, of a holder whose signed name is theirs; nil for none. It is for what
// was issued by others than the caller, which knows its own.
func (i *Issuer) HeldByAddress(r store.Reader, issuer, achievement, email string, theirs func(name string) bool) (first *Record, err error) {
	err = r.Scan(findKey("email", issuer, i.digest("email", normalEmail(email)), ""), nil, func(k, _ []byte) error {
		rec, err := recordAt(r, issuer, lastPart(k))
		if err != nil || rec.Achievement != achievement || rec.Status != Active || first != nil && !rec.AwardedAt.Before(first.AwardedAt) {
			return err
		}
		d, err := rec.View()
		if err == nil && theirs(d.View().CredentialSubject.HolderName()) {
			first = rec
		}
		return err
	})
	return first, err
}
