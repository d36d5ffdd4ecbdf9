package canon_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"laurel/badge/canon"
)

// TestDigests: these were first taken with another processor, json-gold under
// guard, by code that holds to the vectors of W3C and 1EdTech (package proof);
// the numbers of quads were also counted by others.
func TestDigests(t *testing.T) {
	for _, c := range []struct {
		file   string
		quads  int
		digest string
	}{
		{"badge-4.5KB.json", 115, "bfb94cc4874e26b86cf54d23926522ef47ead593fdb975c7556ac6118dd0dcfa"},
		{"badge-small.json", 15, "5801597e4667f30fbc027d9f99a626c9c0a4cf4269d18aa1349ffd8368cb46dd"},
	} {
		out, err := newCanonicalizer(t).Canonicalize(canon.Input{Node: parse(t, string(readTestdata(t, c.file))), Omit: []string{"proof"}})
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

// TestSpellingDoesNotMatter: neither white space, nor the order of members,
// nor escapes change the form.
func TestSpellingDoesNotMatter(t *testing.T) {
	const plain = `{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:uuid:1","type":["VerifiableCredential"],"name":"Zoë","description":"x"}`
	const other = "{ \"description\":\"\\u0078\",\n\"type\":\"VerifiableCredential\",\"name\":\"Zo\\u00eb\",\t\"id\":\"urn:uuid:1\",\"@context\":[\"https://www.w3.org/ns/credentials/v2\"]}"
	c := newCanonicalizer(t)
	a, errA := c.Canonicalize(canon.Input{Node: parse(t, plain)})
	b, errB := c.Canonicalize(canon.Input{Node: parse(t, other)})
	if errA != nil || errB != nil || !bytes.Equal(a, b) || len(a) == 0 {
		t.Errorf("%s\n%v\n%s\n%v", a, errA, b, errB)
	}
}

// TestFixtures compares two ordinary badges with json-gold, which is right
// about them.
func TestFixtures(t *testing.T) {
	c, g := newCanonicalizer(t), newGold(t)
	for _, name := range []string{"badge-4.5KB.json", "badge-small.json"} {
		raw := readTestdata(t, name)
		want, err := g.canonicalize(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Canonicalize(canon.Input{Node: parse(t, string(raw)), Omit: []string{"proof"}})
		if err != nil || string(got) != want || want == "" {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, want)
		}
	}
}
