// Package canontest makes credentials to try canonicalisers on: ordinary Open
// Badges, and odd documents that use the corners of JSON and JSON-LD. The same
// seed makes the same document.
//
// The documents are invented and unsigned; some of the odd ones are faulty, so
// that what one processor refuses another must refuse too. Start at Ordinary
// and Odd.
package canontest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// The contexts that credentials name.
const (
	credentialsV1 = "https://www.w3.org/2018/credentials/v1"
	credentialsV2 = "https://www.w3.org/ns/credentials/v2"
	badges        = "https://purl.imsglobal.org/spec/ob/v3p0/context"
	extensions    = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
	dataIntegrity = "https://w3id.org/security/data-integrity/v2"
)

// generator makes one document.
type generator struct {
	*rand.Rand
	odd      bool // odd texts, numbers and shapes as well
	unnamed  bool // blank nodes may have names
	old      bool // built on credentials/v1
	contexts []any
}

// Ordinary returns a credential, sometimes a presentation of credentials, as
// issuers make them: results, endorsements with proofs of their own, texts in
// several languages, nodes without ids.
func Ordinary(seed uint64) []byte {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	g.unnamed = g.chance(10)
	return g.document().append(nil)
}

// Odd returns a credential with odd values in odd places. About one in five is
// faulty.
func Odd(seed uint64) []byte {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2)), odd: true}
	g.unnamed = g.chance(30)
	doc := g.document()
	for range 1 + g.IntN(4) {
		g.twist(doc)
	}
	if g.chance(20) {
		g.spoil(doc)
	}
	return doc.append(nil)
}

// chance is true in so many cases of a hundred.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *generator) document() *object {
	g.contexts = []any{credentialsV2, badges + pick(g, "-3.0.3.json", "-3.0.3.json", "-3.0.2.json")}
	switch {
	case g.chance(15):
		g.old = true
		g.contexts = []any{credentialsV1, badges + pick(g, "-3.0.3.json", "-3.0.2.json", "-3.0.1.json", ".json")}
		if g.chance(50) {
			g.contexts = append(g.contexts, dataIntegrity)
		}
	case g.chance(60):
		g.contexts = append(g.contexts, extensions)
	}
	if !g.old && g.chance(8) {
		return g.presentation()
	}
	return g.credential()
}

func (g *generator) presentation() *object {
	p := newObject("@context", []any{credentialsV2}, "type", "VerifiablePresentation")
	g.maybe(60, p, "id", g.urn)
	g.maybe(60, p, "holder", g.did)
	list := []any{g.credential()}
	if g.chance(40) {
		list = append(list, g.credential())
	}
	p.set("verifiableCredential", g.oneOrList(list))
	return p
}

func (g *generator) credential() *object {
	c := newObject("@context", g.contexts, "id", g.id("credentials"),
		"type", []any{"VerifiableCredential", pick(g, "OpenBadgeCredential", "AchievementCredential")})
	c.set("name", g.text())
	g.maybe(40, c, "description", g.text)
	c.set("issuer", g.issuer())
	if g.old {
		c.set("issuanceDate", g.time())
	} else {
		c.set("validFrom", g.time())
		g.maybe(30, c, "validUntil", g.time)
		g.maybe(30, c, "credentialSchema", g.schema)
	}
	g.maybe(20, c, "awardedDate", g.awarded)
	c.set("credentialSubject", g.subjects())
	g.maybe(30, c, "evidence", func() any { return g.some(3, g.evidence) })
	g.maybe(30, c, "credentialStatus", func() any { return g.oneOrList(g.some(2, g.status)) })
	g.maybe(25, c, "endorsement", func() any { return g.some(2, g.endorsement) })
	g.maybe(20, c, "image", g.image)
	return g.shuffled(c)
}

// awarded is left out of contexts that do not define the term.
func (g *generator) awarded() any {
	if g.contexts[1] == badges+"-3.0.3.json" || g.contexts[1] == badges+"-3.0.1.json" {
		return g.time()
	}
	return nil
}

func (g *generator) schema() any {
	if len(g.contexts) < 3 {
		return nil
	}
	return []any{newObject("id", "https://schemas.example/badge.json", "type", "1EdTechJsonSchemaValidator2019")}
}

func (g *generator) issuer() any {
	if g.chance(10) {
		return g.did()
	}
	return g.profile(2)
}

func (g *generator) profile(depth int) *object {
	p := newObject("type", []any{"Profile"})
	g.maybe(85, p, "id", func() any { return g.id("issuers") })
	p.set("name", g.text())
	g.maybe(30, p, "url", func() any { return "https://www.example.edu/" + g.word() })
	g.maybe(30, p, "email", func() any { return g.word() + "@example.edu" })
	g.maybe(30, p, "image", g.image)
	g.maybe(30, p, "address", g.address)
	g.maybe(20, p, "otherIdentifier", func() any { return g.some(3, g.identifierEntry) })
	g.maybe(20, p, "official", g.text)
	if depth > 0 {
		g.maybe(25, p, "parentOrg", func() any { return g.parent(depth - 1) })
	}
	return p
}

// parent is a node, but in the first edition's contexts a string.
func (g *generator) parent(depth int) any {
	if g.contexts[1] == badges+".json" {
		return g.word()
	}
	return g.profile(depth)
}

func (g *generator) address() any {
	a := newObject("type", []any{"Address"}, "addressCountry", g.text())
	g.maybe(50, a, "postalCode", func() any { return g.word() })
	g.maybe(30, a, "geo", func() any {
		return newObject("type", "GeoCoordinates", "latitude", g.number(), "longitude", g.number())
	})
	return a
}

func (g *generator) identifierEntry() any {
	return newObject("type", "IdentifierEntry", "identifier", g.word(), "identifierType", pick[any](g, "isbn", "ext:x", "name"))
}

func (g *generator) subjects() any {
	if g.chance(10) {
		return []any{g.subject(), g.subject()}
	}
	return g.oneOrList([]any{g.subject()})
}

func (g *generator) subject() any {
	s := newObject("type", []any{"AchievementSubject"}, "achievement", g.achievement())
	g.maybe(80, s, "id", g.did)
	g.maybe(50, s, "identifier", func() any { return g.some(2, g.identity) })
	g.maybe(20, s, "creditsEarned", g.number)
	g.maybe(20, s, "activityStartDate", g.time)
	g.maybe(20, s, "role", g.text)
	g.maybe(40, s, "result", func() any { return g.some(4, g.result) })
	g.maybe(10, s, "source", func() any { return g.profile(0) })
	return g.shuffled(s)
}

func (g *generator) identity() any {
	i := newObject("type", "IdentityObject", "hashed", g.chance(50), "identityHash", g.text(), "identityType", "name")
	g.maybe(40, i, "salt", func() any { return g.word() })
	return i
}

func (g *generator) result() any {
	r := newObject("type", []any{"Result"})
	g.maybe(80, r, "value", func() any { return strconv.Itoa(g.IntN(3)) })
	g.maybe(50, r, "status", func() any { return pick(g, "Completed", "Enrolled") })
	g.maybe(40, r, "resultDescription", func() any { return "urn:uuid:result-" + strconv.Itoa(g.IntN(3)) })
	return r
}

func (g *generator) achievement() any {
	a := newObject("id", g.id("achievements"), "type", []any{"Achievement"}, "name", g.text(), "description", g.text())
	criteria := newObject("narrative", g.text())
	g.maybe(30, criteria, "id", func() any { return g.id("criteria") })
	a.set("criteria", criteria)
	g.maybe(30, a, "achievementType", func() any { return pick(g, "Badge", "Certificate", "ext:Other") })
	g.maybe(30, a, "tag", func() any { return g.some(4, func() any { return g.word() }) })
	g.maybe(30, a, "alignment", func() any { return g.some(3, g.alignment) })
	g.maybe(20, a, "creator", func() any { return g.profile(1) })
	g.maybe(20, a, "creditsAvailable", g.number)
	g.maybe(20, a, "image", g.image)
	g.maybe(30, a, "resultDescription", func() any { return g.some(3, g.resultDescription) })
	g.maybe(15, a, "related", func() any { return g.some(2, g.related) })
	g.maybe(10, a, "endorsement", func() any { return g.some(1, g.endorsement) })
	return g.shuffled(a)
}

func (g *generator) alignment() any {
	a := newObject("type", []any{"Alignment"}, "targetName", g.text(), "targetUrl", "https://frameworks.example/"+g.word())
	g.maybe(30, a, "targetCode", func() any { return g.word() })
	return a
}

func (g *generator) resultDescription() any {
	d := newObject("id", "urn:uuid:result-"+strconv.Itoa(g.IntN(3)), "type", []any{"ResultDescription"},
		"name", g.text(), "resultType", pick(g, "Percent", "Status"))
	g.maybe(40, d, "allowedValue", func() any { return g.some(4, func() any { return g.word() }) })
	g.maybe(40, d, "rubricCriterionLevel", func() any {
		return g.some(3, func() any {
			return newObject("id", g.urn(), "type", "RubricCriterionLevel", "name", g.text(), "level", g.word(), "points", "1")
		})
	})
	return d
}

func (g *generator) related() any {
	return newObject("id", g.id("achievements"), "type", []any{"Related"}, "version", g.word())
}

func (g *generator) evidence() any {
	e := newObject("type", []any{"Evidence"}, "narrative", g.text())
	g.maybe(60, e, "id", func() any { return g.id("evidence") })
	g.maybe(40, e, "genre", g.text)
	return e
}

func (g *generator) status() any {
	if g.old {
		return newObject("id", g.urn())
	}
	n := strconv.Itoa(g.IntN(100000))
	return newObject("id", "https://badges.example.edu/status/1#"+n, "type", "BitstringStatusListEntry", "statusPurpose", "revocation",
		"statusListIndex", n, "statusListCredential", "https://badges.example.edu/status/1")
}

func (g *generator) endorsement() any {
	e := newObject("id", g.urn(), "type", []any{"VerifiableCredential", "EndorsementCredential"}, "issuer", g.profile(0))
	if g.chance(60) {
		e.set("@context", g.contexts)
	}
	if g.old {
		e.set("issuanceDate", g.time())
	} else {
		e.set("validFrom", g.time())
	}
	e.set("credentialSubject", newObject("id", g.did(), "type", []any{"EndorsementSubject"}, "endorsementComment", g.text()))
	g.maybe(60, e, "proof", func() any { return g.oneOrList(g.some(2, g.proof)) })
	return e
}

// proof is left out where no context defines its type.
func (g *generator) proof() any {
	if g.old && len(g.contexts) < 3 {
		return newObject("type", "Ed25519Signature2018", "created", g.time(), "jws", g.word(),
			"proofPurpose", "assertionMethod", "verificationMethod", g.did())
	}
	return newObject("type", "DataIntegrityProof", "cryptosuite", "eddsa-rdfc-2022", "created", g.time(),
		"proofPurpose", pick(g, "assertionMethod", "authentication"), "verificationMethod", fmt.Sprint(g.did(), "#key"), "proofValue", "z"+g.word())
}

func (g *generator) image() any {
	i := newObject("id", "https://images.example/"+g.word()+".png", "type", "Image")
	g.maybe(50, i, "caption", g.text)
	return i
}
