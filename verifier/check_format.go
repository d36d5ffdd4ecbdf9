package verifier

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// badgeContext is the form of the contexts that may be the second one of a
// badge (OB 3.0 B.1.1): the editions of that of Open Badges.
var badgeContext = regexp.MustCompile(`^https://purl\.imsglobal\.org/spec/ob/v3p0/context(-3\.\d\.\d)*\.json$`)

// checkFormat asks whether this is a credential of an edition that is read
// here, and in the shape of one (OB 3.0 section 9.1 step 1; OB 3.0 B.1).
func checkFormat(_ context.Context, s *subject) Finding {
	if s.doc == nil {
		return unreadable(s.unreadable)
	}
	root := s.doc.Root()
	if edition := otherEdition(s.doc); edition != "" {
		return unknown(UnsupportedEdition, "/@context", "This is %s, which is not read here.", edition)
	}
	if f, ok := s.classify(root); !ok {
		return f
	}
	if err := badge.CheckEnvelope(root); err != nil {
		return malformed(err)
	}
	if root.Get("vc").Exists() && s.doc.JWS() != nil {
		return failed(Malformed, "/vc", "A vc claim stands beside the credential.")
	}
	if s.kind == kindOther || s.opts.Generic {
		return passed(OK)
	}
	return s.badgeShape(root)
}

func unreadable(err error) Finding {
	var e *badge.Error
	switch {
	case tooMany(err):
		return unknown(OverBudget, "", "%v", err)
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

// otherEdition names a known edition that is read elsewhere, or "".
func otherEdition(d *badge.Document) string {
	root := d.Root()
	ctx := root.Get("@context")
	if !ctx.Exists() && d.JWS() != nil {
		ctx = root.Get("vc").Get("@context") // VC-JWT of data model 1.1
	}
	for i, c := range ctx.Each() {
		text := c.Text()
		switch {
		case i == 0 && text == badge.ContextCredentialsV1:
			return "a credential of VC data model 1.1"
		case strings.HasPrefix(text, "https://w3id.org/openbadges/"), strings.HasPrefix(text, "https://purl.imsglobal.org/spec/ob/v2p"):
			return "a badge of Open Badges 2 or older"
		}
	}
	return ""
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
		switch at := "/@context/" + strconv.Itoa(i); {
		case i == 1 && !(held && badgeContext.MatchString(c.Text())):
			return failed(Malformed, at, "The second context is one of Open Badges 3.0.")
		case i > 1 && !held:
			return failed(UnknownContext, at, "This context is not among those that we hold.")
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
