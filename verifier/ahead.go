package verifier

import (
	"context"
	"net/url"
	"strings"

	"laurel/badge"
)

// sendAhead starts what is going to be asked of other hosts, so that the
// answers are on their way together and a verification takes as long as the
// slowest of them, not as their sum. What they mean is looked at in the order
// of the checks all the same.
//
// It is called when the form of the document is known to be in order. Where
// the issuer's key has to be fetched, that is before the proof was checked, and
// the key itself is fetched by that check; otherwise the proof costs nothing
// and comes first, so that a forged badge makes nobody ask anything.
func (s *subject) sendAhead(ctx context.Context, authentic bool) {
	if s.opts.ProofOnly || !s.held(CheckFormat) || !s.held(CheckTerms) {
		return
	}
	keep := 0
	if !authentic {
		if keep = price(s.issuerID()); keep == 0 || s.v.atHand(s.issuerID()) {
			return
		}
	}
	if authentic && s.asksOneThing() {
		return // it is asked for at once anyway
	}
	tasks := s.tasks(authentic)
	host, busy := hostOf(s.issuerID()), false
	for _, t := range tasks {
		// A host is asked for two things at once, and the key is one of them.
		if !authentic && hostOf(t.name) == host {
			if busy {
				continue
			}
			busy = true
		}
		s.errands.begin(ctx, t, keep)
	}
}

// hostOf is the host, with its port, of an address or a did:web.
func hostOf(id string) string {
	if rest, ok := strings.CutPrefix(id, "did:web:"); ok {
		host, _, _ := strings.Cut(rest, ":")
		host, _, _ = strings.Cut(host, "#")
		if plain, err := url.PathUnescape(host); err == nil {
			return strings.ToLower(plain)
		}
		return strings.ToLower(host)
	}
	u, err := url.Parse(id)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// atHand tells whether keys of an issuer cost no request.
func (v *Verifier) atHand(issuerID string) bool {
	k, ok := v.keys.(interface{ AtHand(issuerID string) bool })
	return ok && k.AtHand(issuerID)
}

// asksOneThing tells of most badges that they name nothing but one status list.
func (s *subject) asksOneThing() bool {
	root := s.doc.Root()
	return values(root.Get("credentialStatus")) <= 1 && len(s.foreign) == 0 && s.countEndorsements() == 0 &&
		!root.Get("relatedResource").Exists() && !root.Get("refreshService").Exists()
}

// tasks are the errands that the document gives rise to, what decides first.
// For a newer edition nobody is asked on behalf of a document that is not
// authentic.
func (s *subject) tasks(authentic bool) []task {
	tasks := s.listTasks(nil, s.doc)
	if s.v.pages != nil && !s.opts.Generic {
		for _, url := range s.foreign {
			tasks = append(tasks, s.errands.pageTask(url))
		}
		for _, url := range s.resourcesToFetch() {
			tasks = append(tasks, s.errands.pageTask(url))
		}
	}
	if url := refreshAddress(s.doc); authentic && url != "" && s.v.pages != nil {
		tasks = append(tasks, s.errands.pageTask(url))
	}
	for _, c := range s.carriedEndorsements() {
		if c.err == nil {
			tasks = s.keyTasks(tasks, c.doc)
			tasks = s.listTasks(tasks, c.doc)
		}
	}
	return tasks
}

// listTasks are the status lists that a credential names.
func (s *subject) listTasks(tasks []task, d *badge.Document) []task {
	if s.v.status == nil || values(d.Root().Get("credentialStatus")) > maxStatuses {
		return tasks
	}
	for _, v := range d.Root().Get("credentialStatus").Each() {
		url := v.Get("statusListCredential").Text()
		if badge.HasType(v.Get("type"), typeRevocationList) {
			url = v.Get("id").Text()
		}
		if isURL(url) {
			tasks = append(tasks, s.errands.listTask(url))
		}
	}
	return tasks
}

// keyTasks are the keys that the proofs of an endorsement name, as namedKey
// will ask for them: those that may be its issuer's.
func (s *subject) keyTasks(tasks []task, d *badge.Document) []task {
	issuer := d.IssuerID()
	ids := []string{}
	if jws := d.JWS(); jws != nil {
		ids = append(ids, jws.Header.Get("kid").Text())
	}
	for _, p := range d.Proofs() {
		ids = append(ids, p.VerificationMethod)
	}
	for _, id := range ids {
		owner, _, _ := strings.Cut(id, "#")
		switch {
		case id == "" || price(issuer) == 0:
		case owner == issuer && isDID(issuer):
			tasks = append(tasks, s.errands.keyTask(id))
		case !isDID(owner) && !isDID(issuer) && sameHost(owner, issuer):
			tasks = append(tasks, s.errands.issuerKeyTask(id, issuer))
		}
	}
	return tasks
}
