package verify

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/programme"
	"laurel/verifier"
	"laurel/verifier/words"
)

// remarkWords are what the remarks of our records say.
var remarkWords = map[programme.RemarkCode]string{
	programme.UnderReview:    "page.register.held",
	programme.RestsOnRevoked: "page.register.part_revoked",
	programme.HigherStep:     "page.register.higher_step",
	programme.NewerVersion:   "page.register.newer_version",
}

// sentence puts a remark into the reader's language.
func sentence(p *i18n.Printer, r programme.Remark) []i18n.Part {
	return p.Parts(remarkWords[r.Code], i18n.Params{"Achievement": words.Line(r.In(p.Lang()), 200)})
}

func remarksOf(p *i18n.Printer, list []programme.Remark) (all []Remark) {
	for _, r := range list {
		message := ""
		for _, part := range sentence(p, r) {
			message += part.Text
		}
		all = append(all, Remark{Code: string(r.Code), Message: message, Achievement: r.Achievement, Name: r.In(p.Lang())})
	}
	return all
}

// recordOf is the record of what was verified: that by which it was found, or
// for a file that somebody has of a badge of ours, the one that its status entry
// leads to. nil where there is none that everybody may see. An entry is believed
// once the signature over it held and the list said that it is this issuer's.
func (h *Handler) recordOf(ctx context.Context, b *brought, report *verifier.Report) (*issuer.Record, error) {
	if b.record != nil {
		return b.record, nil
	}
	list, index, ok := h.entryOf(report)
	if !ok {
		return nil, nil
	}
	rec, err := h.issuer.Listed(ctx, list, index)
	if err == nil {
		rec, err = h.issuer.PublicEdition(ctx, rec.ID, 0)
	}
	if errors.Is(err, issuer.ErrNotFound) || errors.Is(err, issuer.ErrErased) {
		return nil, nil
	}
	return rec, err
}

// entryOf is the entry of our lists of revocations that a badge is good by.
func (h *Handler) entryOf(report *verifier.Report) (list string, index int, ok bool) {
	f := report.Finding(verifier.CheckRevocation)
	list, ok = strings.CutPrefix(f.Params["list"], h.baseURL+"/status/")
	index, err := strconv.Atoi(f.Params["index"])
	return list, index, ok && err == nil && (f.Outcome == verifier.Passed || f.Outcome == verifier.Warned) && words.Proven(report)
}

// remarks are what our records say of what was verified, and the record.
func (h *Handler) remarks(ctx context.Context, b *brought, report *verifier.Report) (*issuer.Record, []programme.Remark, error) {
	rec, err := h.recordOf(ctx, b, report)
	if err != nil || rec == nil {
		return nil, nil, err
	}
	all, err := h.programme.Remarks(ctx, rec)
	return rec, all, err
}
