package structure_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"laurel/badge/structure"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// tally counts verdicts, so that a test whose documents are all sound or all
// wrong does not pass for one that shows something.
type tally struct{ judged, accepted [2]atomic.Int64 }

// judge holds one document against a class in both families.
func (y *tally) judge(t testing.TB, text []byte, class string) {
	o := theSchemas(t)
	doc := parse(t, text)
	tree := plain(doc)
	for _, f := range families {
		y.judged[f].Add(1)
		if agree(t, o, doc, tree, class, f) {
			y.accepted[f].Add(1)
		}
	}
}

func (y *tally) expect(t testing.TB, atLeast int64) {
	t.Helper()
	for _, f := range families {
		judged, accepted := y.judged[f].Load(), y.accepted[f].Load()
		t.Logf("family %d: %d of %d accepted", f, accepted, judged)
		if judged < atLeast || accepted*8 < judged || accepted*8 > judged*7 {
			t.Errorf("family %d: %d of %d accepted; wanted %d, and both verdicts often", f, accepted, judged, atLeast)
		}
	}
}

func TestCorpusIsSound(t *testing.T) {
	for _, c := range corpus {
		for _, f := range families {
			if err := structure.Check(parse(t, corpusText(t, c.file)), c.class, f); err != nil {
				t.Errorf("%s: %v", c.file, err)
			}
		}
	}
}

// TestMutants changes every place of the corpus.
func TestMutants(t *testing.T) {
	t.Parallel()
	var y tally
	m := mutator{seen: map[string]bool{}}
	n := 0
	for _, c := range corpus {
		doc := tree(t, corpusText(t, c.file))
		m.judge = func() {
			if n++; raceEnabled && n%8 != 0 {
				return
			}
			y.judge(t, encode(t, doc), c.class)
		}
		m.mutate(doc, "")
	}
	if n < 5000 {
		t.Errorf("only %d mutants", n)
	}
	if raceEnabled {
		n /= 8
	}
	y.expect(t, int64(n))
}

// documents is how many random documents of each sort are judged. More can be
// had by the environment: STRUCTURE_DOCUMENTS=1000000.
func documents(t testing.TB, usual int) int {
	if s := os.Getenv("STRUCTURE_DOCUMENTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if raceEnabled { // which makes a verdict ten times as slow
		return usual / 10
	}
	return usual
}

// TestRandomDocuments writes documents of all classes.
func TestRandomDocuments(t *testing.T) {
	t.Parallel()
	var y tally
	r := rand.New(rand.NewPCG(30, 3))
	classes := schemas.Classes().Classes
	n := documents(t, 20_000)
	for i := range n {
		c := classes[i%len(classes)]
		y.judge(t, randomDocument(r, c), c.Name)
	}
	y.expect(t, int64(n))
}

// TestDisturbedDocuments changes the corpus at several places at once.
func TestDisturbedDocuments(t *testing.T) {
	t.Parallel()
	var y tally
	r := rand.New(rand.NewPCG(30, 5))
	n := documents(t, 1_000)
	for i := range n {
		c := corpus[i%len(corpus)]
		doc := disturb(r, tree(t, corpusText(t, c.file)), 1+r.IntN(4))
		y.judge(t, encode(t, doc), c.class)
	}
	y.expect(t, int64(n))
}

// TestDeep nests profiles and endorsements as deep as the parser allows, sound
// and with a fault at the bottom.
func TestDeep(t *testing.T) {
	t.Parallel()
	const depth = 31
	profile := func(n int, name string) string {
		return strings.Repeat(`{"id":"urn:x","type":["Profile"],"parentOrg":`, n) + `{"id":"urn:x","type":["Profile"],"name":` + name + `}` + strings.Repeat("}", n)
	}
	endorsed := func(n int, name string) string {
		const head = `{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context.json"],"id":"urn:x",` +
			`"type":["VerifiableCredential","EndorsementCredential"],"name":"e","validFrom":"x","credentialSubject":{"id":"urn:x","type":["EndorsementSubject"]},"issuer":`
		s := profile(0, name)
		for range n {
			s = head + s + "}"
			s = `{"id":"urn:x","type":["Profile"],"endorsement":[` + s + `]}`
		}
		return s
	}
	o := theSchemas(t)
	for _, make := range []func(int, string) string{profile, endorsed} {
		for n := range depth {
			for name, sound := range map[string]bool{`"a"`: true, `7`: false} {
				if n > 20 && strings.Contains(make(1, name), "endorsement") {
					continue // three levels each
				}
				doc := parse(t, []byte(make(n, name)))
				for _, f := range families {
					if agree(t, o, doc, plain(doc), "Profile", f) != sound {
						t.Errorf("depth %d, family %d: sound is not %t", n, f, sound)
					}
				}
			}
		}
	}
}

const contexts = `"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context.json"]`

// TestFaults pins where a fault is told, and as what.
func TestFaults(t *testing.T) {
	both := []schemas.Family{schemas.Strict, schemas.Tolerant}
	for _, c := range []struct {
		class, doc string
		families   []schemas.Family
		pointer    string
		rule       structure.Rule
		detail     string
	}{
		{"Profile", `7`, both, "", structure.RuleType, "A value of type number stands where an object (Profile) belongs."},
		{"Profile", `null`, both, "", structure.RuleType, "null"},
		{"Profile", `{}`, both, "", structure.RuleRequired, "Missing in Profile: id, type."},
		{"Profile", `{"id":"x","type":[]}`, both, "/type", structure.RuleMinItems, "1 values are needed at least, and there are 0."},
		{"Profile", `{"id":"x","type":["Person"]}`, both, "/type", structure.RuleContains, "Profile"},
		{"Profile", `{"id":"x","type":["Profile",null]}`, both, "/type/1", structure.RuleType, "null"},
		{"Profile", `{"id":"x","type":"Profile"}`, both[:1], "/type", structure.RuleType, "an array"},
		{"Profile", `{"name":1,"id":"x"}`, both, "", structure.RuleRequired, "type"}, // of itself before what is within
		{"Profile", `{"email":2,"name":1,"id":"x","type":["Profile"]}`, both, "/email", structure.RuleType, "number"},
		{"Profile", `{"name":{"en":"a"},"id":"x","type":["Profile"]}`, both[:1], "/name", structure.RuleType, "a string"},
		{"Profile", `{"name":{"en":1,"eng":"b"},"id":"x","type":["Profile"]}`, both[1:], "/name", structure.RulePropertyNames, `"eng" is no language`},
		{"Profile", `{"name":{"en":"a","de-AT":["b"]},"id":"x","type":["Profile"]}`, both[1:], "/name/de-AT", structure.RuleType, "array"},
		{"Profile", `{"parentOrg":{"id":"x","type":["Profile"],"address":{"type":["Address"],"geo":{"type":"Geo","latitude":"1","longitude":1}}},"id":"x","type":["Profile"]}`,
			both, "/parentOrg/address/geo/type", structure.RuleEnum, "GeoCoordinates"},
		{"Profile", `{"endorsementJwt":["a.b.c","a.b"],"id":"x","type":["Profile"]}`, both, "/endorsementJwt/1", structure.RulePattern, "[a-zA-Z0-9_-]"},
		{"Image", `{"id":"x","type":"Image","a/b":1,"caption":2}`, both, "", structure.RuleAdditionalProperties, `There is no member "a/b" in Image.`},
		{"Image", `{"caption":2,"id":"x","type":"Image","` + strings.Repeat("é", 100) + `":1}`, both, "", structure.RuleAdditionalProperties, strings.Repeat("é", 30) + `…"`},
		{"Result", `{"type":["Result"],"status":"Done"}`, both, "/status", structure.RuleEnum, "Completed, Enrolled"},
		{"Result", `{"type":["Result"],"status":{"en":"Completed"}}`, both, "/status", structure.RuleType, "a string"},
		{"IdentityObject", `{"type":"IdentityObject","hashed":"true","identityHash":"x","identityType":"ext:a"}`, both, "/hashed", structure.RuleType, "true or false"},
		{"AchievementSubject", `{"creditsEarned":"1","type":["AchievementSubject"],"achievement":"urn:x"}`, both, "/creditsEarned", structure.RuleType, "a number"},
		{"AchievementSubject", `{"activityEndDate":{"en":"2026"},"type":["AchievementSubject"],"achievement":"urn:x"}`, both, "/activityEndDate", structure.RuleType, "a string"},
		{"EndorsementCredential", `{` + contexts + `,"id":"x","type":["VerifiableCredential","EndorsementCredential"],"name":"x","validFrom":"x","credentialSubject":{"id":"x","type":["EndorsementSubject"]},"issuer":{"id":"x"}}`,
			both[:1], "/issuer", structure.RuleRequired, "type"}, // in the tolerant family a language map: "id" is Indonesian
		{"EndorsementCredential", strings.Replace(endorsementText, `"urn:x"`, `{"id":"x","url":"y"}`, 1), both, "/issuer", structure.RuleRequired, "type"},
		{"EndorsementCredential", `{` + contexts + `,"id":"x","type":["VerifiableCredential","EndorsementCredential"],"name":"x","validFrom":"x","credentialSubject":{"id":"x","type":["EndorsementSubject"]},"issuer":["urn:x"]}`,
			both, "/issuer", structure.RuleType, "a string or an object (Profile)"},
		{"EndorsementCredential", `{"@context":["https://www.w3.org/ns/credentials/v2"]}`, both, "", structure.RuleRequired, "id, type, credentialSubject, issuer, name, validFrom"},
		{"EndorsementCredential", strings.Replace(endorsementText, contexts, `"@context":["https://www.w3.org/2018/credentials/v1",{}]`, 1), both, "/@context/0", structure.RuleEnum, "credentials/v2"},
		{"EndorsementCredential", strings.Replace(endorsementText, contexts, `"@context":["https://www.w3.org/ns/credentials/v2",{}]`, 1), both, "/@context/1", structure.RuleType, "object"},
		{"EndorsementCredential", strings.Replace(endorsementText, contexts, `"@context":["https://www.w3.org/ns/credentials/v2","x",3]`, 1), both, "/@context/1", structure.RulePattern, "purl"},
		{"EndorsementCredential", strings.Replace(endorsementText, `.json"]`, `.json",3]`, 1), both, "/@context/2", structure.RuleType, "a string or an object"},
	} {
		for _, family := range c.families {
			err := structure.Check(parse(t, []byte(c.doc)), c.class, family)
			var f *structure.Fault
			if !errors.As(err, &f) {
				t.Errorf("%s: %v:\n%s", c.class, err, c.doc)
				continue
			}
			if f.Pointer != c.pointer || f.Rule != c.rule || !strings.Contains(f.Detail, c.detail) {
				t.Errorf("%s, family %d: %q %s %q:\n%s", c.class, family, f.Pointer, f.Rule, f.Detail, c.doc)
			}
		}
	}
}

const endorsementText = `{` + contexts + `,"id":"x","type":["VerifiableCredential","EndorsementCredential"],"name":"x","validFrom":"x",` +
	`"credentialSubject":{"id":"x","type":["EndorsementSubject"]},"issuer":"urn:x"}`

// TestSeveral: the first item of an array stands for all, at the root only.
func TestSeveral(t *testing.T) {
	with := func(status string) string { return endorsementText[:len(endorsementText)-1] + status + "}" }
	const good, bad = `{"id":"urn:x","type":"a"}`, `{"id":"urn:x","type":["a"]}`
	nested := strings.Replace(endorsementText, `"issuer":"urn:x"`, fmt.Sprintf(
		`"issuer":{"id":"x","type":["Profile"],"endorsement":[%s]}`, with(`,"credentialStatus":[`+good+`]`)), 1)
	for _, c := range []struct{ doc, pointer string }{
		{endorsementText, ""},
		{with(`,"credentialStatus":` + good), ""},
		{with(`,"credentialStatus":[` + good + `]`), ""},
		{with(`,"credentialStatus":[` + good + `,7]`), ""},
		{with(`,"credentialStatus":[` + bad + `,` + good + `]`), "/credentialStatus/0/type"},
		{with(`,"credentialStatus":[[` + good + `]]`), "/credentialStatus/0"},
		{with(`,"credentialStatus":[]`), "/credentialStatus"},
		{with(`,"refreshService":[` + good + `]`), "/refreshService"},
		{nested, "/issuer/endorsement/0/credentialStatus"},
	} {
		for _, family := range families {
			err := structure.Check(parse(t, []byte(c.doc)), "EndorsementCredential", family, "credentialStatus")
			pointer := ""
			var f *structure.Fault
			if errors.As(err, &f) {
				pointer = f.Pointer
			}
			if pointer != c.pointer || (err == nil) != (c.pointer == "") {
				t.Errorf("family %d: %v, want a fault at %q:\n%s", family, err, c.pointer, c.doc)
			}
		}
	}
	if err := structure.Check(parse(t, []byte(with(`,"credentialStatus":[`+good+`]`))), "EndorsementCredential", schemas.Tolerant); err == nil {
		t.Error("an array of statuses passes unasked")
	}
}

func TestNoClass(t *testing.T) {
	doc := parse(t, corpusText(t, "profile.json"))
	for _, c := range []struct {
		class  string
		family schemas.Family
	}{{"", schemas.Strict}, {"profile", schemas.Tolerant}, {"Profile", schemas.Earlier + 1}, {"Profile", -1}} {
		if err := structure.Check(doc, c.class, c.family); !errors.Is(err, structure.ErrNoClass) {
			t.Errorf("%q, family %d: %v", c.class, c.family, err)
		}
	}
	var f *structure.Fault
	if err := structure.Check(strictjson.Value{}, "Profile", schemas.Strict); !errors.As(err, &f) || f.Rule != structure.RuleType {
		t.Errorf("no document at all: %v", err)
	}
}

// TestWordsOrExtension shows why word need not ask whether a value is a listed
// word and an extension at once, which the schemas refuse.
func TestWordsOrExtension(t *testing.T) {
	extensible := 0
	for _, c := range schemas.Classes().Classes {
		for _, p := range c.Properties {
			if p.Type.Kind != schemas.Word || p.Type.Pattern == nil {
				continue
			}
			extensible++
			for _, word := range p.Type.Words {
				if p.Type.Pattern.MatchString(word) {
					t.Errorf("%s.%s: %q is both", c.Name, p.Name, word)
				}
			}
		}
	}
	if extensible < 4 {
		t.Errorf("only %d properties of extensible words", extensible)
	}
}

func FuzzCheck(f *testing.F) {
	o := theSchemas(f)
	classes := schemas.Classes().Classes
	seeds := 0
	for i, class := range classes {
		for _, c := range corpus {
			if c.class == class.Name {
				f.Add(corpusText(f, c.file), uint8(i))
				seeds++
			}
		}
		f.Add(randomDocument(rand.New(rand.NewPCG(1, uint64(i))), class), uint8(i))
	}
	if seeds != len(corpus) {
		f.Fatalf("%d of %d documents are seeds", seeds, len(corpus))
	}
	f.Fuzz(func(t *testing.T, raw []byte, class uint8) {
		doc, err := strictjson.Parse(raw, strictjson.Limits{Bytes: 1 << 15})
		if err != nil {
			return
		}
		tree := plain(doc)
		for _, family := range families {
			agree(t, o, doc, tree, classes[int(class)%len(classes)].Name, family)
		}
	})
}
