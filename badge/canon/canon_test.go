package canon_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge/canon"
	"laurel/internal/strictjson"
)

var theOne = sync.OnceValues(canon.New)

func canonicalizer(t *testing.T) *canon.Canonicalizer {
	t.Helper()
	c, err := theOne()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t *testing.T, text string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	if err != nil {
		t.Fatalf("parsing %.200s: %v", text, err)
	}
	return v
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The digests were taken with the code that holds to the vectors of W3C and
// 1EdTech (package proof); the numbers of quads were also counted by others.
func TestDigests(t *testing.T) {
	for _, c := range []struct {
		file   string
		quads  int
		digest string
	}{
		{"badge.json", 115, "bfb94cc4874e26b86cf54d23926522ef47ead593fdb975c7556ac6118dd0dcfa"},
		{"small.json", 15, "5801597e4667f30fbc027d9f99a626c9c0a4cf4269d18aa1349ffd8368cb46dd"},
	} {
		out, err := canonicalizer(t).Canonicalize(canon.Input{Node: parse(t, fixture(t, c.file)), Omit: []string{"proof"}})
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		sum := sha256.Sum256(out)
		if quads, digest := bytes.Count(out, []byte("\n")), hex.EncodeToString(sum[:]); quads != c.quads || digest != c.digest {
			t.Errorf("%s: %d quads, digest %s; want %d, %s", c.file, quads, digest, c.quads, c.digest)
		}
	}
}

// Neither white space, nor the order of members, nor escapes change the form.
func TestSpellingDoesNotMatter(t *testing.T) {
	const plain = `{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:uuid:1","type":["VerifiableCredential"],"name":"Zoë","description":"x"}`
	const other = "{ \"description\":\"\\u0078\",\n\"type\":\"VerifiableCredential\",\"name\":\"Zo\\u00eb\",\t\"id\":\"urn:uuid:1\",\"@context\":[\"https://www.w3.org/ns/credentials/v2\"]}"
	a, errA := canonicalizer(t).Canonicalize(canon.Input{Node: parse(t, plain)})
	b, errB := canonicalizer(t).Canonicalize(canon.Input{Node: parse(t, other)})
	if errA != nil || errB != nil || !bytes.Equal(a, b) || len(a) == 0 {
		t.Errorf("%s\n%v\n%s\n%v", a, errA, b, errB)
	}
}

const (
	contexts = `"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]`
	head     = `{` + contexts + `,"id":"urn:uuid:1","type":["VerifiableCredential","OpenBadgeCredential"]`
)

func refusal(t *testing.T, in canon.Input) *canon.Error {
	t.Helper()
	out, err := canonicalizer(t).Canonicalize(in)
	var e *canon.Error
	if !errors.As(err, &e) {
		t.Fatalf("accepted, or refused without a kind: %v\n%s", err, out)
	}
	if out != nil {
		t.Errorf("a form beside the error: %s", out)
	}
	return e
}

func TestRefusals(t *testing.T) {
	subject := func(members string) string { return head + `,"credentialSubject":{` + members + `}}` }
	for _, c := range []struct {
		name, text string
		kind       canon.Kind
		pointer    string
	}{
		{"not an object", `["x"]`, canon.DataLoss, ""},
		{"no context", `{"id":"urn:uuid:1"}`, canon.UndefinedTerm, "/@context"},
		{"unknown context", `{"@context":["https://www.w3.org/ns/credentials/v2","https://example.org/ctx"],"id":"urn:x"}`, canon.UnknownContext, "/@context/1"},
		{"context as a file", `{"@context":["/etc/passwd"],"id":"urn:x"}`, canon.UnknownContext, "/@context/0"},
		{"inline context", `{"@context":["https://www.w3.org/ns/credentials/v2",{"a":"urn:a"}],"id":"urn:x"}`, canon.UnknownContext, "/@context/1"},
		{"null context", `{"@context":[null],"id":"urn:x"}`, canon.UnknownContext, "/@context/0"},
		{"nested inline context", subject(`"@context":{"name":null},"id":"urn:s"`), canon.UnknownContext, "/credentialSubject/@context/0"},
		{"undefined term", head + `,"salary":1}`, canon.UndefinedTerm, "/salary"},
		{"undefined term below", subject(`"id":"urn:s","type":["AchievementSubject"],"achievement":{"id":"urn:a","type":["Achievement"],"wage":1}`), canon.UndefinedTerm, "/credentialSubject/achievement/wage"},
		{"term of another case", head + `,"Name":"x"}`, canon.UndefinedTerm, "/Name"},
		{"term outside of its type", head + `,"statusListIndex":"1"}`, canon.UndefinedTerm, ""},
		{"blank property", head + `,"_:p":"x"}`, canon.InvalidIRI, ""},
		{"undefined type", `{` + contexts + `,"id":"urn:x","type":["VerifiableCredential","Diploma"]}`, canon.UndefinedType, "/type/1"},
		{"relative id", head + `,"evidence":[{"id":"ev/1","type":["Evidence"]}]}`, canon.RelativeIRI, "/evidence/0/id"},
		{"empty id", head + `,"evidence":[{"id":"","type":["Evidence"]}]}`, canon.RelativeIRI, "/evidence/0/id"},
		{"e-mail as an id", subject(`"id":"a@example.org"`), canon.RelativeIRI, "/credentialSubject/id"},
		{"path before a colon", subject(`"id":"a/b:c"`), canon.RelativeIRI, "/credentialSubject/id"},
		{"blank in an id", subject(`"id":"urn:a b"`), canon.InvalidIRI, "/credentialSubject/id"},
		{"quads in an id", subject(`"id":"urn:a> <urn:b> <urn:c> .\n<urn:d"`), canon.InvalidIRI, "/credentialSubject/id"},
		{"braces in an id", subject(`"id":"urn:{a}"`), canon.InvalidIRI, "/credentialSubject/id"},
		{"null", head + `,"name":null}`, canon.Null, "/name"},
		{"null in an array", head + `,"name":["x",null]}`, canon.Null, "/name/1"},
		{"null in a list", subject(`"id":"urn:s","type":["AchievementSubject"],"achievement":{"id":"urn:a","type":["Achievement"],"resultDescription":[{"id":"urn:r","type":["ResultDescription"],"allowedValue":["a",null]}]}`), canon.Null,
			"/credentialSubject/achievement/resultDescription/0/allowedValue/1"},
		{"direction", head + `,"name":{"@value":"x","@direction":"rtl"}}`, canon.Unsigned, "/name/@direction"},
		{"index", head + `,"evidence":[{"@index":"x","id":"urn:e"}]}`, canon.Unsigned, "/evidence/0/@index"},
		{"reverse", head + `,"@reverse":{"issuer":"urn:y"}}`, canon.Unsigned, "/@reverse"},
		{"graph", head + `,"@graph":[{"id":"urn:y"}]}`, canon.Unsigned, "/@graph"},
		{"included", head + `,"@included":[{"id":"urn:y"}]}`, canon.Unsigned, "/@included"},
		{"a bad language", head + `,"name":{"@value":"x","@language":"en us"}}`, canon.InvalidIRI, ""},
		{"the id twice", head + `,"@id":"urn:uuid:2"}`, canon.ContextFault, ""},
		{"large integer", head + `,"name":{"@value":9007199254740993}}`, canon.Unsupported, "/name/@value"},
		{"control character", head + `,"name":"\u0001"}`, canon.Unsupported, "/name"},
		{"blank node name", subject(`"id":"_:b0"`), canon.Unsupported, "/credentialSubject/id"},
		{"an address that the library drops", subject(`"id":"https://a..b/"`), canon.Unsupported, "/credentialSubject/id"},
		{"an address that the library drops for its length", subject(`"id":"https://example.org/` + strings.Repeat("x", 2100) + `"`), canon.Unsupported, "/credentialSubject/id"},
		{"JSON literal", head + `,"credentialSchema":[{"id":"urn:s","type":"JsonSchema","jsonSchema":[1,2]}]}`, canon.Unsupported, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := refusal(t, canon.Input{Node: parse(t, c.text)})
			if e.Kind != c.kind || e.Pointer != c.pointer {
				t.Errorf("%s at %q (%s), want %s at %q", e.Kind, e.Pointer, e.Detail, c.kind, c.pointer)
			}
			if open := c.kind == canon.Unsupported || c.kind == canon.OverBudget; canon.Inconclusive(e) != open {
				t.Errorf("Inconclusive is %t", !open)
			}
		})
	}
}

func TestInlineContexts(t *testing.T) {
	const text = `{"@context":["https://www.w3.org/ns/credentials/v2",%s],"id":"urn:x","type":["VerifiableCredential"],"size":{"of":"x"}}`
	for inline, want := range map[string]canon.Kind{
		`{"size":"https://example.org/size","of":"https://example.org/of"}`:                0,
		`{"@vocab":"https://example.org/"}`:                                                0,
		`{"size":{"@id":"https://example.org/size","@context":{"of":"https://e.org/of"}}}`: 0,
		`{"size":"https://example.org/size"}`:                                              canon.UndefinedTerm,
		`{"@vocab":"https://example.org/","name":null}`:                                    canon.ContextFault,
		`{"@vocab":"https://example.org/","size":{"@context":{"name":null}}}`:              canon.ContextFault,
		`{"@import":"https://example.org/ctx"}`:                                            canon.ContextFault,
		`{"@vocab":"https://example.org/","name":"https://example.org/other"}`:             canon.ContextFault,
		`null`: canon.UnknownContext,
		`["https://www.w3.org/ns/credentials/v2"]`: canon.UnknownContext,
	} {
		in := canon.Input{Node: parse(t, fmt.Sprintf(text, inline)), InlineContexts: true}
		out, err := canonicalizer(t).Canonicalize(in)
		var e *canon.Error
		switch {
		case want == 0 && (err != nil || !bytes.Contains(out, []byte("/size> _:c14n0 ."))):
			t.Errorf("%s: %v\n%s", inline, err, out)
		case want != 0 && (!errors.As(err, &e) || e.Kind != want):
			t.Errorf("%s: %v, want %s\n%s", inline, err, want, out)
		}
	}
}

// Members left out and a context from elsewhere: what a proof needs.
func TestOmitAndContext(t *testing.T) {
	doc := parse(t, head+`,"name":"x","proof":{"salary":1},"iss":"urn:y"}`)
	out, err := canonicalizer(t).Canonicalize(canon.Input{Node: doc, Omit: []string{"proof", "iss"}})
	if err != nil || bytes.Contains(out, []byte("urn:y")) {
		t.Errorf("%v\n%s", err, out)
	}
	if e := refusal(t, canon.Input{Node: doc, Omit: []string{"iss"}}); e.Kind != canon.UndefinedTerm || e.Pointer != "/proof/salary" {
		t.Error(e)
	}
	options := parse(t, `{"type":"DataIntegrityProof","created":"2026-11-21T10:00:00Z"}`)
	if e := refusal(t, canon.Input{Node: options}); e.Kind != canon.UndefinedTerm {
		t.Error(e)
	}
	out, err = canonicalizer(t).Canonicalize(canon.Input{Node: options, Context: doc.Get("@context")})
	if err != nil || bytes.Count(out, []byte("\n")) != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}

// Hostile documents are refused in little time, and honest large ones are not
// refused.
func TestBudget(t *testing.T) {
	many := func(n int, each string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = strings.ReplaceAll(each, "%d", fmt.Sprint(i))
		}
		return strings.Join(items, ",")
	}
	for _, c := range []struct {
		name, text string
		refused    bool
	}{
		{"300 results", head + `,"credentialSubject":{"id":"urn:s","type":["AchievementSubject"],"result":[` + many(300, `{"type":["Result"],"value":"%d"}`) + `]}}`, false},
		{"profiles in profiles", head + `,"issuer":` + strings.Repeat(`{"id":"urn:p","type":["Profile"],"parentOrg":`, 5) + `{"id":"urn:q"}` + strings.Repeat("}", 6), false},
		{"blank profiles in blank profiles", head + `,"issuer":` + strings.Repeat(`{"type":["Profile"],"parentOrg":`, 55) + `{"type":["Profile"]}` + strings.Repeat("}", 56), true},
		{"400 blank nodes that look alike", head + `,"evidence":[` + many(400, `{"type":["Evidence"]}`) + `]}`, true},
		{"19,000 tags", head + `,"credentialSubject":{"type":["AchievementSubject"],"achievement":{"id":"urn:a","type":["Achievement"],"tag":[` + many(19_000, `"%d"`) + `]}}}`, true},
		{"150,000 empty objects", head + `,"evidence":[` + many(150_000, `{}`) + `]}`, true},
		{"2,900 objects that differ", head + `,"evidence":[` + many(2_900, `{"name":"%d"}`) + `]}`, false},
		{"60,000 empty arrays", head + `,"evidence":[` + many(60_000, `[[]]`) + `]}`, true},
		{"10,000 inline definitions", `{"@context":["https://www.w3.org/ns/credentials/v2",{` + many(10_000, `"t%d":"urn:t:%d"`) + `}],"id":"urn:x"}`, true},
		{"900 kB", head + `,"evidence":[` + many(9_000, `{"id":"urn:e:%d","type":["Evidence"],"name":"`+strings.Repeat("x", 60)+`"}`) + `]}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := canonicalizer(t).Canonicalize(canon.Input{Node: parse(t, c.text), InlineContexts: true})
			var e *canon.Error
			if refused := errors.As(err, &e) && e.Kind == canon.OverBudget; refused != c.refused || err != nil && !refused {
				t.Errorf("%v", err)
			}
			// A generous bound: unbounded, each of these takes minutes.
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("it took %s", d)
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	doc := parse(t, fixture(t, "small.json"))
	want, err := canonicalizer(t).Canonicalize(canon.Input{Node: doc})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			got, err := canonicalizer(t).Canonicalize(canon.Input{Node: doc})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v\n%s", err, got)
			}
		})
	}
	wait.Wait()
}
