package verifier

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/mr-tron/base58"

	"laurel/internal/strictjson"
)

// maxResources bounds how many related resources are fetched for one badge.
const maxResources = 3

// hasResources: the question is put only where there may be an answer. Generic
// credentials are judged by their own words alone.
func hasResources(s *subject) bool {
	return !s.opts.Generic && s.doc.Root().Get("relatedResource").Exists()
}

// checkResources holds the documents that the badge relates to against the
// digests that are signed in it (VC data model section 5.3). One that has
// changed is no longer what the issuer meant; one that cannot be had leaves the
// question open.
func checkResources(ctx context.Context, s *subject) Finding {
	var found []Finding
	seen := map[string]bool{}
	member := s.doc.Root().Get("relatedResource")
	for i, v := range member.Each() {
		ptr := "/relatedResource"
		if member.Kind() == strictjson.Array {
			ptr = strictjson.Pointer(ptr, strconv.Itoa(i))
		}
		r, f := readResource(v, ptr)
		switch {
		case f.Outcome != Passed:
		case seen[r.url]:
			f = failed(ResourceInvalid, ptr+"/id", "A resource is named once.")
		case len(seen) >= maxResources:
			f = unknown(ResourceUnsupported, ptr, "More than %d related resources are not looked at.", maxResources)
		default:
			f = s.compareResource(ctx, r, ptr)
		}
		seen[r.url] = true
		found = append(found, f)
	}
	if len(found) == 0 {
		return failed(ResourceInvalid, "/relatedResource", "A related resource is an object.")
	}
	return gravest(found)
}

func (s *subject) compareResource(ctx context.Context, r resource, ptr string) Finding {
	params := map[string]string{"address": r.url}
	raw, err := s.errands.page(ctx, r.url)
	if err != nil {
		return Finding{Outcome: Unknown, Code: ResourceUnreachable, Pointer: ptr, Params: params, Cause: err,
			Detail: "The related resource could not be fetched."}
	}
	f := passed(ResourcesMatch)
	for _, d := range r.digests {
		if !d.matches(raw) {
			f = failed(ResourceChanged, ptr, "The related resource does not have the digest that is signed.")
		}
	}
	f.Params = params
	return f
}

// resourcesToFetch are the addresses of the resources that will be asked for.
func (s *subject) resourcesToFetch() []string {
	var urls []string
	for _, v := range s.doc.Root().Get("relatedResource").Each() {
		if r, f := readResource(v, ""); f.Outcome == Passed && len(urls) < maxResources {
			urls = append(urls, r.url)
		}
	}
	return urls
}

type resource struct {
	url     string
	digests []digest // every one has to match
}

func readResource(v strictjson.Value, ptr string) (resource, Finding) {
	r := resource{url: v.Get("id").Text()}
	if !isURL(r.url) {
		return r, unknown(ResourceUnsupported, ptr+"/id", "A related resource is found only by the address of a document.")
	}
	sri, hasSRI, errSRI := stringMember(v, "digestSRI")
	multibase, hasMultibase, errMultibase := stringMember(v, "digestMultibase")
	if errSRI != nil || errMultibase != nil || !hasSRI && !hasMultibase {
		return r, failed(ResourceInvalid, ptr, "A related resource has one digestSRI, one digestMultibase, or both.")
	}
	for _, c := range []struct {
		has  bool
		name string
		text string
		read func(string) (digest, bool)
	}{{hasSRI, "digestSRI", sri, readSRI}, {hasMultibase, "digestMultibase", multibase, readMultihash}} {
		if !c.has {
			continue
		}
		d, ok := c.read(c.text)
		if !ok {
			return r, unknown(ResourceUnsupported, ptr+"/"+c.name, "A digest of this kind is not read here.")
		}
		r.digests = append(r.digests, d)
	}
	return r, passed(OK)
}

// digest is a hash by its length in bits, and the values that it may have.
type digest struct {
	bits   int
	values []string // the raw bytes
}

func (d digest) matches(raw []byte) bool {
	var sum []byte
	switch d.bits {
	case 256:
		s := sha256.Sum256(raw)
		sum = s[:]
	case 384:
		s := sha512.Sum384(raw)
		sum = s[:]
	default:
		s := sha512.Sum512(raw)
		sum = s[:]
	}
	for _, v := range d.values {
		if v == string(sum) {
			return true
		}
	}
	return false
}

// readSRI reads integrity metadata (Subresource Integrity section 3.5): of
// several hashes the strongest kind counts, and of that kind any.
func readSRI(text string) (digest, bool) {
	var d digest
	for _, part := range strings.Fields(text) {
		name, value, _ := strings.Cut(part, "-")
		value, _, _ = strings.Cut(value, "?")
		bits := map[string]int{"sha256": 256, "sha384": 384, "sha512": 512}[name]
		raw, err := base64.StdEncoding.DecodeString(value)
		if bits == 0 || err != nil || len(raw) != bits/8 || bits < d.bits {
			continue
		}
		if bits > d.bits {
			d = digest{bits: bits}
		}
		d.values = append(d.values, string(raw))
	}
	return d, d.bits != 0
}

// maxDigest bounds a digest before it is decoded: base58 is quadratic.
const maxDigest = 128

// readMultihash reads a multihash of the SHA-2 family in base64url or base58
// (Controlled Identifiers sections 2.4 and 2.5).
func readMultihash(text string) (digest, bool) {
	if len(text) < 2 || len(text) > maxDigest {
		return digest{}, false
	}
	var raw []byte
	var err error
	switch text[0] {
	case 'u':
		raw, err = base64.RawURLEncoding.Strict().DecodeString(text[1:])
	case 'z':
		raw, err = base58.Decode(text[1:])
	default:
		return digest{}, false
	}
	if err != nil || len(raw) < 2 {
		return digest{}, false
	}
	bits := map[byte]int{0x12: 256, 0x20: 384, 0x13: 512}[raw[0]]
	if bits == 0 || int(raw[1]) != bits/8 || len(raw) != 2+bits/8 {
		return digest{}, false
	}
	return digest{bits, []string{string(raw[2:])}}, true
}
