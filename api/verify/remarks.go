package verify

import (
	"context"
	"slices"
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
	return p.Parts(remarkWords[r.Code], i18n.Params{"Achievement": words.Name(r.In(p.Lang()), 200)})
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

// ours is what our records have of what was verified.
type ours struct {
	record  *issuer.Record // nil where it is no badge of ours
	remarks []programme.Remark
}

// telling reports whether there is anything to say of a badge that somebody
// sent, and that is not known by where it was found.
func (o ours) telling() bool {
	return o.record != nil && (o.record.Status != issuer.Active || len(o.remarks) > 0)
}

// known looks up what was verified. A badge that was found in our register is
// known by that, and a file that somebody has of one by its status entry, which
// is believed once the signature over it held and its list was found to be the
// issuer's. Of a person who was erased no more is said than that the badge is out
// of force, and of a badge that its holder hides nothing: the verdict is then
// about the document alone.
func (h *Handler) known(ctx context.Context, b *brought, report *verifier.Report) (o ours, err error) {
	if b.record != nil {
		o.record = b.record
		o.remarks, err = h.programme.Remarks(ctx, b.record)
		return o, err
	}
	standing, err := h.standing(ctx, report)
	if err != nil || standing == nil {
		return o, err
	}
	return ours{standing.Record, standing.Remarks}, nil
}

// entryCodes are what the check of revocation says of an entry that it has read.
var entryCodes = []verifier.Code{verifier.NotRevoked, verifier.UnderReview, verifier.PartRevoked, verifier.Revoked, verifier.Superseded}

// standing is what our records say of the badge that a status entry leads to; nil
// for one of others. What the verification went by is told, and nothing that is
// newer: the answer is about one moment.
func (h *Handler) standing(ctx context.Context, report *verifier.Report) (*programme.Standing, error) {
	list, index, ok := h.entryOf(report)
	if !ok {
		return nil, nil
	}
	if known, ok := report.Finding(verifier.CheckRevocation).Standing.(*programme.Standing); ok {
		return known, nil
	}
	return h.programme.Standing(ctx, list, index)
}

// entryOf is the entry of our lists of revocations that a proven badge was
// looked up by.
func (h *Handler) entryOf(report *verifier.Report) (list string, index int, ok bool) {
	f := report.Finding(verifier.CheckRevocation)
	list, ok = strings.CutPrefix(f.Params["list"], h.baseURL+"/status/")
	index, err := strconv.Atoi(f.Params["index"])
	return list, index, ok && err == nil && slices.Contains(entryCodes, f.Code) && words.Proven(report)
}
