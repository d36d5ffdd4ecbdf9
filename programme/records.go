package programme

import (
	"errors"
	"fmt"
	"time"

	"laurel/programme/facts"
	"laurel/store"
)

// Stored records, one line a kind; every value is sealed with a checksum. The
// activities stand at p/<activity>, as they were given, and all that is about
// people under P and a realm: of what test tokens report nothing mixes with
// what is real.
//
//	p/<activity>                                    definition, the current one
//	p/<activity>/<version>                          each definition that led to an award
//	P/<realm>/e/<source>/<digest of issuer and id>  event: digest of its body, answer
//	P/<realm>/l/<issuer>/<learner>                  learner
//	P/<realm>/i/<issuer>/<digest of source and id>  platform's id of a learner -> learner
//	P/<realm>/m/<issuer>/<digest of address>/<learner>  learners by address
//	P/<realm>/f/<learner>/<activity>/<edition>/<by> facts, as one source or list told them
//	P/<realm>/a/<learner>/<achievement>/<edition>   award
//	P/<realm>/c/<credential>                        credential -> award
//	P/<realm>/k/<credential>/<learner>/<achievement>/<edition>  award that rests on a credential
//	P/<realm>/v/<credential>                        mark of a badge that is to tell of a better result
//	P/<realm>/w/<activity>/<edition>/<achievement>/<learner>  award that waits for release
//	P/<realm>/g/<activity>/<edition>                release of an edition
//	P/<realm>/r/<issuer>/<review>                   review: what a person must decide
//	P/<realm>/n/<time>/<issuer>/<learner>           learner without a name, by the day of the first report
//	P/<realm>/u/<upload>                            list that was uploaded
//	P/<realm>/o/<upload>/<learner>                  who stood on it
//	P/<realm>/t/<issuer>/<credential>               tally: what is counted of a credential
//	P/<realm>/x/<issuer>/<digest of name and id>    present where somebody was erased
//	P/<realm>/s                                     snapshot of the public statistics
//	P/source/<source>                               platform: whether it may be believed about addresses, its hook
//
// An edition without a name is "-" in keys.

// Scattered is the first byte of the keys about people, which come in no order
// (bolt.Options).
const Scattered = "P"

// realm is "live" or "test".
type realm string

const (
	live realm = "live"
	test realm = "test"
)

func key(parts ...string) []byte { return within("", parts) }

// within is a key that begins with a prefix.
func within(prefix string, parts []string) []byte {
	size := len(prefix) + len(parts) // with the slashes
	for _, p := range parts {
		size += len(p)
	}
	k := append(make([]byte, 0, size), prefix...)
	for n, p := range parts {
		if n > 0 {
			k = append(k, '/')
		}
		k = append(k, p...)
	}
	return k
}

func (r realm) key(parts ...string) []byte {
	return within("P/"+string(r)+"/", parts)
}

// dash stands for what has no name.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// undash is dash undone.
func undash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

func activityKey(id string) []byte                { return key("p", id) }
func definitionKey(id, version string) []byte     { return key("p", id, version) }
func sourceKey(slug string) []byte                { return key("P", "source", slug) }
func (r realm) eventKey(source, id string) []byte { return r.key("e", source, id) }
func (r realm) learnerKey(issuer, id string) []byte {
	return r.key("l", issuer, id)
}
func (r realm) platformKey(issuer, digest string) []byte { return r.key("i", issuer, digest) }
func (r realm) addressKey(issuer, digest, learner string) []byte {
	return r.key("m", issuer, digest, learner)
}
func (r realm) factsKey(learner, activity, edition, by string) []byte {
	return r.key("f", learner, activity, dash(edition), by)
}
func (r realm) awardKey(learner, achievement, edition string) []byte {
	return r.key("a", learner, achievement, dash(edition))
}
func (r realm) partKey(part string, a *award) []byte {
	return r.key("k", part, a.Learner, a.Achievement, dash(a.Edition))
}
func (r realm) credentialKey(id string) []byte       { return r.key("c", id) }
func (r realm) improvedKey(credential string) []byte { return r.key("v", credential) }
func (r realm) waitingKey(activity, edition, achievement, learner string) []byte {
	return r.key("w", activity, dash(edition), achievement, learner)
}
func (r realm) gateKey(activity, edition string) []byte { return r.key("g", activity, dash(edition)) }
func (r realm) reviewKey(issuer, id string) []byte      { return r.key("r", issuer, id) }
func (r realm) namelessKey(day, issuer, learner string) []byte {
	return r.key("n", day, issuer, learner)
}
func (r realm) uploadKey(id string) []byte              { return r.key("u", id) }
func (r realm) listedKey(upload, learner string) []byte { return r.key("o", upload, learner) }
func (r realm) erasedKey(issuer, digest string) []byte  { return r.key("x", issuer, digest) }
func (r realm) tallyKey(issuer, id string) []byte       { return r.key("t", issuer, id) }

// learner is one person, as far as an issuer's programmes need to tell people
// apart. It is the one place where names and addresses stand.
type learner struct {
	ID        string               `json:"id"`
	Issuer    string               `json:"issuer"`
	Name      string               `json:"name,omitempty"`
	Email     string               `json:"email,omitempty"`     // the one told last
	Addresses []string             `json:"addresses,omitempty"` // digests of all that were told
	Platforms map[string][]string  `json:"platforms,omitempty"` // source -> its ids of the person; of one that tells of people without ids, none
	Language  string               `json:"language,omitempty"`
	Country   string               `json:"country,omitempty"`
	Sector    string               `json:"sector,omitempty"`
	Trusted   []string             `json:"trusted,omitempty"` // of the addresses, those that a source told that may be believed
	Doubt     string               `json:"doubt,omitempty"`   // review that must settle who this is
	ToldAt    time.Time            `json:"toldAt"`            // when the latest report was made that says who this is
	Since     time.Time            `json:"since"`             // when we first heard
	Dropped   map[string]time.Time `json:"dropped,omitempty"` // source/activity/edition -> until when its platform took everything back

	// news says that something about the person changed just now by which what
	// was known before may earn more: the name was told, or two were joined.
	news bool
}

// known reports whether a badge can be issued to the person.
func (l *learner) known() bool { return l.Name != "" }

// State is where an award stands.
type State string

// The states.
const (
	StateIssued  State = "issued"
	StateWaiting State = "pending_release"
	StateRevoked State = "revoked"
)

// revoker is who took an award back, by which it is earned again or not.
type revoker string

const (
	byPerson   revoker = "person"   // who did not say how it may be earned again
	byPlatform revoker = "platform" // that told what it rests on: of that nothing counts up to then
	pardoned   revoker = "pardoned" // by a person, and another has said since that it may be earned again
)

// award is what somebody earned: one achievement in one edition.
type award struct {
	Learner     string       `json:"learner"`
	Issuer      string       `json:"issuer"` // whose learner it is
	Achievement string       `json:"achievement"`
	Activity    string       `json:"activity,omitempty"`
	Edition     string       `json:"edition,omitempty"`
	State       State        `json:"state"`
	EarnedAt    time.Time    `json:"earnedAt"`
	Credential  string       `json:"credential,omitempty"`
	Before      []string     `json:"before,omitempty"` // credentials that were revoked since
	Parts       []string     `json:"parts,omitempty"`  // credentials that it rests on
	RevokedAt   time.Time    `json:"revokedAt,omitzero"`
	RevokedBy   revoker      `json:"revokedBy,omitempty"`
	Rules       string       `json:"rules,omitempty"` // version of the definition that decided
	Facts       *facts.Facts `json:"facts,omitempty"` // that led to it
	Upload      string       `json:"upload,omitempty"`
	Review      string       `json:"review,omitempty"` // open review
	Found       bool         `json:"found,omitempty"`  // the badge was there already, issued directly: what takes the award back leaves it alone
}

func get(r store.Reader, k []byte, into any) (found bool, err error) {
	v, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("%s: %w", k, err)
	}
	return true, store.UnsealJSON(k, v, into)
}

// scan reads all records under a prefix.
func scan[T any](r store.Reader, prefix []byte, f func(k []byte, v *T) error) error {
	return r.Scan(prefix, nil, func(k, v []byte) error {
		record := new(T)
		if err := store.UnsealJSON(k, v, record); err != nil {
			return err
		}
		return f(k, record)
	})
}
