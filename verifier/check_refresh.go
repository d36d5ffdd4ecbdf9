package verifier

import (
	"bytes"
	"context"
	"time"

	"laurel/badge"
)

// refreshTypes are the services of which a newer edition is had by asking
// their address. Others want to be asked by the holder.
var refreshTypes = []string{"1EdTechCredentialRefresh", "VerifiableCredentialRefreshService2021"}

// checkRefresh looks for a newer edition where the credential declares a place
// for it, once and one step far, and takes account of a status that announces
// one (OB 3.0 section 9.1 step 7; Bitstring Status List section 2.1). What is
// found there never takes anything away from this edition, and neither does a
// place that cannot be reached: OB 3.0 goes on with the original.
func checkRefresh(ctx context.Context, s *subject) Finding {
	found := s.announced(ctx)
	if s.doc.Root().Get("refreshService").Exists() {
		found = append(found, s.askRefreshService(ctx))
	}
	if len(found) == 0 {
		return skipped(NoRefresh)
	}
	return gravest(found)
}

// announced are the answers of status entries of the purpose "refresh". They
// do not decide, so nothing about them is worse than a remark.
func (s *subject) announced(ctx context.Context) []Finding {
	var all []Finding
	for _, f := range s.examine(ctx).refresh {
		switch f.Outcome {
		case Failed:
			f.Outcome, f.Code = Warned, RefreshInvalid
		case Unknown:
			f.Outcome, f.Code = Warned, RefreshUnreachable
		}
		all = append(all, f)
	}
	return all
}

// refreshAddress is where a newer edition is to be asked for, "" for nowhere.
func refreshAddress(d *badge.Document) string {
	for _, v := range d.Root().Get("refreshService").Each() {
		if !badge.HasType(v.Get("type"), refreshTypes...) {
			continue
		}
		if url := firstText(v.Get("id"), v.Get("url")); isURL(url) {
			return url
		}
	}
	return ""
}

func (s *subject) askRefreshService(ctx context.Context) Finding {
	const ptr = "/refreshService"
	url := refreshAddress(s.doc)
	if url == "" || s.v.pages == nil {
		return Finding{Outcome: Skipped, Code: NotRefreshed, Pointer: ptr}
	}
	params := map[string]string{"address": url}
	raw, err := s.errands.page(ctx, url)
	if err != nil {
		return Finding{Outcome: Warned, Code: RefreshUnreachable, Pointer: ptr, Params: params, Cause: err,
			Detail: "The place for newer editions could not be asked."}
	}
	f := s.compareEdition(ctx, raw)
	f.Pointer = ptr
	f.Params = withParams(f.Params, "address", url)
	return f
}

// compareEdition tells what another edition is to this one. Only one that
// would be found good itself, of the same issuer and under the same id, is a
// newer edition.
func (s *subject) compareEdition(ctx context.Context, raw []byte) Finding {
	not := func(detail string) Finding { return Finding{Outcome: Warned, Code: RefreshInvalid, Detail: detail} }
	if bytes.Equal(bytes.TrimSpace(raw), bytes.TrimSpace(s.doc.Raw())) {
		return passed(NoNewerEdition)
	}
	d, err := badge.Parse(raw)
	if err != nil {
		return not("What is found there cannot be read.")
	}
	switch root := d.Root(); {
	case d.IssuerID() != s.issuerID():
		return not("What is found there is of another issuer.")
	case root.Get("id").Text() != s.doc.Root().Get("id").Text():
		return not("What is found there has another id.")
	}
	ours, theirs := beginning(s.doc), beginning(d)
	if !theirs.After(ours) || theirs.After(s.now) {
		return passed(NoNewerEdition)
	}
	if r := s.within(ctx, d, editionChecks); !r.Verified() {
		worst := r.Decisive()
		return not("What is found there is not good: its " + string(worst.Check) + " is " + string(worst.Code) + ".")
	}
	return Finding{Outcome: Warned, Code: NewerEdition, Params: map[string]string{"since": theirs.UTC().Format(time.RFC3339)}}
}

// beginning is when an edition begins, which tells editions apart.
func beginning(d *badge.Document) time.Time {
	at, err := badge.ParseTime(firstText(d.Root().Get("validFrom"), d.Root().Get("issuanceDate")))
	if err != nil {
		return time.Time{}
	}
	return at
}
