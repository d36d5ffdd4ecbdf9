package verifier

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// isBadgeContext tells whether a context may be the second one of a badge (OB
// 3.0 B.1.1): the editions of that of Open Badges. The form is written out
// because every verification asks; TestBadgeContexts has it as a pattern.
func isBadgeContext(url string) bool {
	editions, ok := strings.CutPrefix(url, "https://purl.imsglobal.org/spec/ob/v3p0/context")
	if !ok {
		return false
	}
	editions, ok = strings.CutSuffix(editions, ".json")
	for ok && editions != "" {
		ok = len(editions) >= len("-3.0.0") && editions[:3] == "-3." && isDigit(editions[3]) && editions[4] == '.' && isDigit(editions[5])
		editions = editions[min(len(editions), len("-3.0.0")):]
	}
	return ok
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// checkFormat asks whether this is a credential of an edition that is read
// here, and in the shape of one (OB 3.0 section 9.1 step 1; OB 3.0 B.1).
func checkFormat(_ context.Context, s *subject) Finding {
	switch {
	case s.told != nil:
		return *s.told
	case s.doc == nil:
		return unreadable(s.unreadable)
	}
	root := s.doc.Root()
	if older(root) {
		return *olderKind("/@context")
	}
	if s.doc.JWS() != nil && s.doc.JWS().Payload.Get("vp").Exists() {
		return failed(Malformed, "/vp", "A credential has no claim vp.")
	}
	if root.Get("vc").Exists() && s.doc.JWS() != nil {
		return failed(Malformed, "/vc", "A vc claim holds a credential of VC data model 1.1, and nothing stands beside it.")
	}
	if f, ok := s.classify(root); !ok {
		return f
	}
	s.earlier = badge.FirstContext(root, badge.ContextCredentialsV1)
	if s.earlier && s.doc.JWS() != nil && !s.doc.JWS().Payload.Get("vc").Exists() {
		return failed(Malformed, "/@context/0", "A token with a credential of VC data model 1.1 has it in the claim vc.")
	}
	if err := s.envelope(root); err != nil {
		return malformed(err)
	}
	f := passed(OK)
	if s.kind != kindOther && !s.opts.Generic {
		f = s.badgeShape(root)
	}
	if s.earlier && f.Outcome == Passed {
		f.Code = VCDM11
	}
	return f
}

// envelope holds the credential to the data model that it is made by.
func (s *subject) envelope(root strictjson.Value) error {
	if s.earlier {
		return badge.CheckEarlierEnvelope(root)
	}
	return badge.CheckEnvelope(root)
}

func unreadable(err error) Finding {
	var e *badge.Error
	switch {
	case tooMany(err):
		return unknown(OverBudget, "", "%v", err)
	case errors.As(err, &e) && errors.Is(err, badge.ErrToken):
		return failed(MalformedToken, e.Pointer, "%s: %s", e.Rule, e.Detail)
	case errors.As(err, &e):
		return failed(Unreadable, e.Pointer, "%s: %s", e.Rule, e.Detail)
	case err == nil:
		return failed(Unreadable, "", "There is no document.")
	}
	return unknown(InternalFault, "", "%v", err)
}

// tooMany tells whether a document was not read because of its size alone.
func tooMany(err error) bool {
	var e *badge.Error
	return errors.As(err, &e) && e.Rule == badge.RuleTooMany
}

// malformed tells the first fault of a list.
func malformed(err error) Finding {
	var e *badge.Error
	if errors.As(err, &e) {
		return failed(Malformed, e.Pointer, "%s", e.Detail)
	}
	return failed(Malformed, "", "%v", err)
}

// older recognises what Open Badges 2 and before have, and the drafts of 3.0:
// their contexts, or, in the first edition without any, the members of an
// assertion.
func older(root strictjson.Value) bool {
	for _, c := range root.Get("@context").Each() {
		url := c.Text()
		for _, start := range olderContexts {
			if strings.HasPrefix(url, start) {
				return true
			}
		}
	}
	if root.Get("@context").Exists() || !root.Get("recipient").Exists() || !root.Get("badge").Exists() {
		return false
	}
	if root.Get("badge").Get("issuer").Get("origin").Exists() {
		return true // edition 0.5 has no word about its verification
	}
	return root.Get("verify").Exists() || root.Get("verification").Exists()
}

var olderContexts = []string{"https://w3id.org/openbadges/", "http://w3id.org/openbadges/", "https://purl.imsglobal.org/spec/ob/v2p",
	"https://openbadgespec.org/", "http://openbadges.org/", "https://openbadges.org/",
	// of the drafts
	"https://imsglobal.github.io/openbadges-specification/", "https://w3c-ccg.github.io/vc-ed/plugfest-",
	"https://purl.imsglobal.org/spec/ob/v3p0/context/"}

// olderKind says nothing about whether the badge is good.
func olderKind(ptr string) *Finding {
	f := unknown(UnsupportedEdition, ptr, "This is a badge of Open Badges 2 or older, or of a draft of 3.0, which is not checked here yet.")
	return &f
}

// typeCLR is the type of a Comprehensive Learner Record (CLR 2.0), which is a
// credential with badges in it.
const typeCLR = "ClrCredential"

// relatedKind says nothing about whether the record is good.
func relatedKind(ptr string) Finding {
	return unknown(UnsupportedKind, ptr, "This is a Comprehensive Learner Record, which is not checked here.")
}

// classify notes what kind of credential the types say it is. Without ok the
// finding tells why it is none.
func (s *subject) classify(root strictjson.Value) (f Finding, ok bool) {
	types := root.Get("type")
	switch {
	case badge.HasType(types, badge.TypeOpenBadge, badge.TypeAchievement):
		s.kind = kindBadge
	case badge.HasType(types, badge.TypeEndorsement):
		s.kind = kindEndorsement
	case s.opts.Generic:
		s.kind = kindOther
		s.others = !s.isList
	case badge.HasType(types, typeCLR) && badge.HasType(types, badge.TypeVerifiableCredential):
		return relatedKind("/type"), false
	case badge.HasType(types, badge.TypeVerifiableCredential):
		return failed(NotABadge, "/type", "This credential is no Open Badge."), false
	default:
		return failed(NotABadge, "", "This is no credential."), false
	}
	return Finding{}, true
}

// badgeShape adds what a badge or an endorsement has to have beyond any
// credential.
func (s *subject) badgeShape(root strictjson.Value) Finding {
	for i, c := range root.Get("@context").Elements() {
		held := s.v.canon.Holds(c.Text())
		switch {
		case i == 1 && !(held && isBadgeContext(c.Text())):
			return failed(Malformed, "/@context/1", "The second context is one of Open Badges 3.0.")
		case i > 1 && !held:
			return failed(UnknownContext, "/@context/"+strconv.Itoa(i), "This context is not among those that we hold.")
		}
	}
	if root.Get("@context").Len() < 2 {
		return failed(Malformed, "/@context", "A badge has the context of Open Badges 3.0 after that of credentials.")
	}
	if root.Get("id").Text() == "" {
		return failed(Malformed, "/id", "A badge has an id.")
	}
	subject := root.Get("credentialSubject")
	if subject.Kind() != strictjson.Object {
		return failed(Malformed, "/credentialSubject", "A badge has exactly one subject, not a list.")
	}
	if !identified(subject) {
		return failed(Malformed, "/credentialSubject", "The subject has an id or an identifier.")
	}
	return passed(OK)
}

// identified: a subject without id and identifier is nobody (OB 3.0 section
// 9.1 step 2).
func identified(subject strictjson.Value) bool {
	if subject.Get("id").Text() != "" {
		return true
	}
	for _, v := range subject.Get("identifier").Each() {
		if v.Kind() == strictjson.Object {
			return true
		}
	}
	return false
}
