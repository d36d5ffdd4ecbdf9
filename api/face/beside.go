package face

import (
	"time"

	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/verifier/words"
)

// Beside is what the register of this service knows of a badge of its own. It is
// signed by nobody.
type Beside struct {
	Code   string // printed under the QR code
	Page   string // address of the badge, absolute
	Verify string // where its QR code leads, absolute
	Host   string // of these addresses: where a reader should be

	Since  time.Time // of the last change of status; zero for none
	Reason string    // of that, as ReasonOf gives it
}

// BesideOf is what the register says of a record. The base URL is that of the
// service.
func BesideOf(baseURL string, rec *issuer.Record) Beside {
	return Beside{Code: issuer.PrintedCode(rec.ID), Page: baseURL + "/credentials/" + rec.ID, Verify: baseURL + "/v/" + rec.ID,
		Host: hostOf(baseURL), Since: rec.StatusAt, Reason: ReasonOf(rec)}
}

// ReasonOf is why a status changed, as a code in common use or in the words of the
// operator, where everybody may read them; "" for no reason.
func ReasonOf(rec *issuer.Record) string {
	if rec.Status == issuer.Superseded {
		return "superseded_by_" + rec.ReplacedBy
	}
	return rec.PublicReason()
}

// reasons are the codes that there are words for.
var reasons = map[string]string{
	"issued_in_error":          "page.register.issued_in_error",
	"withdrawn_by_holder":      "page.register.withdrawn_by_holder",
	"superseded_by_correction": "page.register.superseded_by_correction",
	"superseded_by_renewal":    "page.register.superseded_by_renewal",
	"under_review":             "page.register.under_review",
}

// Reason puts a reason into the reader's language where it is a known code.
func Reason(p *i18n.Printer, reason string) string {
	if id := reasons[reason]; id != "" {
		return p.Text(id, nil)
	}
	return words.Visible(reason)
}
