package feed

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/store"
)

// Type says what happened. Types are for ever; there may come more of them.
type Type string

// The types of events.
const (
	CredentialIssued     Type = "credential.issued"
	CredentialRevoked    Type = "credential.revoked"
	CredentialSuspended  Type = "credential.suspended"
	CredentialReinstated Type = "credential.reinstated"
	CredentialReissued   Type = "credential.reissued" // corrected
	CredentialRenewed    Type = "credential.renewed"
	CredentialUpdated    Type = "credential.updated" // in what is not signed
	CredentialErased     Type = "credential.erased"  // and revoked by that
	CredentialHidden     Type = "credential.hidden"  // by its holder, from everybody but those who follow events
	CredentialShown      Type = "credential.shown"   // by its holder, again
	AchievementChanged   Type = "achievement.changed"
	ActivityChanged      Type = "activity.changed" // a course, workshop or event that awards something of the issuer's, or did
	IssuerChanged        Type = "issuer.changed"
	KeyPublished         Type = "key.published"
	KeyActivated         Type = "key.activated"
	KeyRetired           Type = "key.retired"
	KeyRevoked           Type = "key.revoked"

	ReviewOpened    Type = "review.opened" // a person must decide
	ReviewDecided   Type = "review.decided"
	EditionReleased Type = "edition.released"
	UploadReceived  Type = "upload.received" // a list of people
	UploadTakenBack Type = "upload.taken_back"

	EndorsementMade      Type = "endorsement.made" // of the issuer, or of something of the issuer's
	EndorsementWithdrawn Type = "endorsement.withdrawn"

	// HookTest is sent when it is asked for, and is in no feed.
	HookTest Type = "webhook.test"
)

// told has the type of each action of an audit record that others are told of,
// and the status that a credential has afterwards. What is in no row, such as a
// new token, is the operator's own business.
var told = map[string]struct {
	as     Type
	status issuer.Status
}{
	"credential.issue":      {CredentialIssued, issuer.Active},
	"credential.revoke":     {CredentialRevoked, issuer.Revoked},
	"credential.suspend":    {CredentialSuspended, issuer.Suspended},
	"credential.reinstate":  {CredentialReinstated, issuer.Active},
	"credential.reissue":    {CredentialReissued, issuer.Active},
	"credential.renew":      {CredentialRenewed, issuer.Active},
	"credential.register":   {CredentialUpdated, ""},
	"credential.erase":      {CredentialErased, issuer.Revoked},
	"credential.hide":       {CredentialHidden, ""},
	"credential.show":       {CredentialShown, ""},
	"review.open":           {ReviewOpened, ""},
	"review.same":           {ReviewDecided, ""},
	"review.different":      {ReviewDecided, ""},
	"review.keep":           {ReviewDecided, ""},
	"review.revoke":         {ReviewDecided, ""},
	"review.issue":          {ReviewDecided, ""},
	"review.refuse":         {ReviewDecided, ""},
	"edition.release":       {EditionReleased, ""},
	"upload.put":            {UploadReceived, ""},
	"upload.takeback":       {UploadTakenBack, ""},
	"achievement.put":       {AchievementChanged, ""},
	"achievement.image":     {AchievementChanged, ""},
	"activity.put":          {ActivityChanged, ""},
	"issuer.put":            {IssuerChanged, ""},
	"endorsement.made":      {EndorsementMade, ""},
	"endorsement.withdrawn": {EndorsementWithdrawn, ""},
	"key.publish":           {KeyPublished, ""},
	"key.activate":          {KeyActivated, ""},
	"key.retire":            {KeyRetired, ""},
	"key.revoke":            {KeyRevoked, ""},
}

// typeOf is the type of the event that an action makes; false where nobody is
// told.
func typeOf(action string) (Type, bool) {
	row, ok := told[action]
	return row.as, ok
}

// Types lists every type that a webhook may ask for by name, in the order of
// the documentation.
func Types() []Type {
	return []Type{CredentialIssued, CredentialRevoked, CredentialSuspended, CredentialReinstated, CredentialReissued, CredentialRenewed,
		CredentialUpdated, CredentialErased, CredentialHidden, CredentialShown, ReviewOpened, ReviewDecided, EditionReleased, UploadReceived, UploadTakenBack, EndorsementMade, EndorsementWithdrawn, AchievementChanged, ActivityChanged, IssuerChanged, KeyPublished, KeyActivated, KeyRetired, KeyRevoked}
}

// Event is something that happened, as others are told of it.
type Event struct {
	ID      string    `json:"id"` // the same wherever the event is told of, and however often
	Type    Type      `json:"type"`
	At      time.Time `json:"at"`
	Issuer  string    `json:"issuer"`  // slug
	Subject string    `json:"subject"` // id of a credential, key or endorsement, slug of an achievement, activity or issuer
	Data    Data      `json:"data"`
}

// Data is what there is to tell of the subject. Empty members say nothing.
type Data struct {
	CredentialID string        `json:"credentialId,omitempty"` // address, as it is signed
	VerifyURL    string        `json:"verifyUrl,omitempty"`
	Achievement  string        `json:"achievement,omitempty"` // slug
	Activity     string        `json:"activity,omitempty"`    // slug
	Version      string        `json:"version,omitempty"`     // of the achievement or activity
	Edition      int           `json:"edition,omitempty"`     // of the credential, the first being 1
	Status       issuer.Status `json:"status,omitempty"`      // that this event led to
	Reason       string        `json:"reason,omitempty"`      // one of the common codes, or in_own_words
	ExternalRef  string        `json:"externalRef,omitempty"` // of the platform, as it is known now
	Endorsement  string        `json:"endorsement,omitempty"` // address of what was signed
}

// idPrefix stands before the sequence of an audit record and makes it the id of
// an event.
const idPrefix = "evt_"

var eventPattern = regexp.MustCompile(`^evt_[0-9a-f]{32}$`)

// IsEventID reports whether a text can be the id of an event.
func IsEventID(s string) bool { return eventPattern.MatchString(s) }

// event reads what an audit record tells; false where it tells nobody anything.
func (f *Feed) event(r store.Reader, seq string, e issuer.Event) (Event, error) {
	kind, _ := typeOf(e.Action)
	out := Event{ID: idPrefix + seq, Type: kind, At: e.At.UTC(), Issuer: e.Issuer, Subject: e.Subject, Data: Data{Reason: e.Reason}}
	switch {
	case strings.HasPrefix(e.Action, "credential."):
		return out, f.credential(r, &out, e)
	case kind == AchievementChanged:
		out.Subject, out.Data.Version, _ = strings.Cut(e.Subject, "/")
		out.Data.Achievement = out.Subject
	case kind == ActivityChanged:
		out.Subject, out.Data.Version, _ = strings.Cut(e.Subject, "/")
		out.Data.Activity = out.Subject
	case kind == EndorsementMade || kind == EndorsementWithdrawn:
		out.Data.Endorsement = f.issuer.EndorsementURL(e.Subject)
	case kind == IssuerChanged:
		out.Subject = e.Issuer
	}
	return out, nil
}

// credential adds what the register knows of a credential now; the edition and
// the status are those of the event.
func (f *Feed) credential(r store.Reader, out *Event, e issuer.Event) error {
	rec, err := f.issuer.CredentialIn(r, e.Subject)
	if err != nil {
		return fmt.Errorf("event %s: %w", out.ID, err)
	}
	out.Data = Data{CredentialID: f.issuer.CredentialURL(rec.ID), VerifyURL: f.baseURL + "/v/" + rec.ID, Achievement: rec.Achievement,
		Edition: e.Edition, Status: told[e.Action].status, Reason: e.Reason, ExternalRef: rec.ExternalRef}
	return nil
}

// eventOf reads the event of a sequence.
func (f *Feed) eventOf(r store.Reader, seq string) (Event, error) {
	entry, err := auditlog.Entry(r, seq)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", idPrefix+seq, err)
	}
	e, err := issuer.ReadEvent(entry)
	if err != nil {
		return Event{}, err
	}
	return f.event(r, seq, e)
}
