package issuer

import (
	"strconv"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// follow yields the values at the end of a path of members, each one or a list
// (JSON-LD), with their pointers.
func follow(v strictjson.Value, at string, path []string, do func(at string, v strictjson.Value)) {
	if len(path) == 0 {
		do(at, v)
		return
	}
	list, at := v.Get(path[0]), strictjson.Pointer(at, path[0])
	for n, e := range list.Each() {
		here := at
		if list.Kind() == strictjson.Array {
			here += "/" + strconv.Itoa(n)
		}
		follow(e, here, path[1:], do)
	}
}

// checkResults holds each result against its description, as checkResults of
// an Award does. Nothing is completed here: ids are those of the descriptions,
// letter by letter.
func (f *foreign) checkResults(all *faults) {
	described := map[string]*badge.ResultDescription{}
	follow(f.root, "", []string{"credentialSubject", "achievement", "resultDescription"}, func(_ string, v strictjson.Value) {
		d := new(badge.ResultDescription)
		strictjson.View(v, d)
		described[d.ID] = d
	})
	follow(f.root, "", []string{"credentialSubject", "result"}, func(at string, v strictjson.Value) {
		var r badge.Result
		strictjson.View(v, &r)
		d := &badge.ResultDescription{} // a result may stand without one (OB 3.0 B.2)
		if v.Get("resultDescription").Exists() {
			if d = described[r.ResultDescription]; d == nil {
				all.add("result_unknown", at+"/resultDescription", "The achievement has no result of this id.")
				return
			}
		}
		all.foreignResult(&r, d, at)
	})
}

func (f *faults) foreignResult(r *badge.Result, d *badge.ResultDescription, at string) {
	level := r.AchievedLevel
	if level != "" && len(d.RubricCriterionLevel) == 0 { // there is nothing to hold it against
		if r.Value == "" && r.Status == "" {
			return
		}
		r.AchievedLevel = ""
	}
	f.result(r, d, at)
	if r.AchievedLevel != "" && r.AchievedLevel != level {
		f.add("level_unknown", at+"/achievedLevel", "Name the level by its whole id.")
	}
}

// foreignTexts are the texts of a badge with the bounds that they have in an
// Award and an Achievement, in characters.
var foreignTexts = []struct {
	path  []string
	limit int
	check func(f *faults, s *string, pointer string, limit int, required bool)
}{
	{[]string{"name"}, maxName, (*faults).oneLine},
	{[]string{"description"}, 4000, (*faults).text},
	{[]string{"credentialSubject", "narrative"}, maxNarrative, (*faults).text},
	{[]string{"credentialSubject", "role"}, 200, (*faults).oneLine},
	{[]string{"credentialSubject", "term"}, 100, (*faults).oneLine},
	{[]string{"credentialSubject", "result", "value"}, 200, (*faults).oneLine},
	{[]string{"credentialSubject", "identifier", "identityHash"}, maxName, (*faults).oneLine},
	{[]string{"credentialSubject", "achievement", "name"}, maxName, (*faults).oneLine},
	{[]string{"credentialSubject", "achievement", "description"}, 4000, (*faults).text},
	{[]string{"credentialSubject", "achievement", "criteria", "narrative"}, 8000, (*faults).text},
	{[]string{"credentialSubject", "achievement", "fieldOfStudy"}, 200, (*faults).oneLine},
	{[]string{"credentialSubject", "achievement", "humanCode"}, 200, (*faults).oneLine},
	{[]string{"credentialSubject", "achievement", "specialization"}, 200, (*faults).oneLine},
	{[]string{"credentialSubject", "achievement", "tag"}, 100, (*faults).oneLine},
	{[]string{"credentialSubject", "achievement", "resultDescription", "name"}, 200, (*faults).oneLine},
	{[]string{"evidence", "name"}, 500, (*faults).oneLine},
	{[]string{"evidence", "description"}, 2000, (*faults).text},
	{[]string{"evidence", "narrative"}, maxNarrative, (*faults).text},
	{[]string{"evidence", "genre"}, 200, (*faults).oneLine},
	{[]string{"evidence", "audience"}, 200, (*faults).oneLine},
}

// checkTexts bounds what will stand on a certificate. The texts themselves stay
// as they were written.
func (f *foreign) checkTexts(all *faults) {
	for _, t := range foreignTexts {
		follow(f.root, "", t.path, func(at string, v strictjson.Value) {
			s := v.Text()
			t.check(all, &s, at, t.limit, false)
		})
	}
	for _, l := range []struct {
		path  []string
		limit int
	}{{[]string{"evidence"}, maxEvidence}, {[]string{"credentialSubject", "result"}, maxResults}} {
		n := 0
		follow(f.root, "", l.path, func(string, strictjson.Value) { n++ })
		all.atMost(n, l.limit, strictjson.Pointer("", l.path...))
	}
}

// endorsements refuses an endorsementJwt, at any depth, that nobody could read
// as a credential. What is in embedded endorsements is the word of others.
func (f *faults) endorsements(v strictjson.Value, ptr string) {
	for name, m := range v.Members() {
		switch name {
		case "@context", "endorsement":
		case "endorsementJwt":
			follow(v, ptr, []string{name}, f.endorsement)
		default:
			f.endorsements(m, strictjson.Pointer(ptr, name))
		}
	}
	for n, e := range v.Elements() {
		f.endorsements(e, strictjson.Pointer(ptr, strconv.Itoa(n)))
	}
}

func (f *faults) endorsement(at string, v strictjson.Value) {
	doc, err := badge.Parse([]byte(v.Text()))
	if err != nil || doc.JWS() == nil {
		f.add("endorsement_invalid", at, "An endorsement of this kind is a compact JWS: three base64url parts with dots between, the first two of them JSON.")
	}
}
