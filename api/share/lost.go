package share

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/internal/smtp"
	"laurel/internal/strictjson"
)

// LostPath is where the page for lost links stands.
const LostPath = "/lost"

// Outbox sends the badges that are found by an address there; mail.Outbox is one.
type Outbox interface {
	Ask(ctx context.Context, address, lang string) error
}

// An address is sent its badges as often as this, and no more: whoever asks for
// somebody else's only fills their mailbox.
const (
	perAddress  = 3
	addressRest = 20 * time.Minute
	addresses   = 1 << 14 // how many are remembered
	maxLost     = 4 << 10 // bytes of a request
)

type lostBody struct {
	Email string `json:"email"`
}

// sentParam asks for what is said to who has sent the form, which is the same for
// everybody: so that it can be read in another language.
const sentParam = "sent"

// Lost answers GET /lost: a form for who has lost the links of their badges.
func (h *Handler) Lost(w http.ResponseWriter, r *http.Request) error {
	return h.lostPage(w, r, r.URL.Query().Has(sentParam))
}

func (h *Handler) lostPage(w http.ResponseWriter, r *http.Request, sent bool) error {
	p := wire.Printer(r, h.catalog)
	page := pages.LostPage{Frame: pages.Frame{Host: h.host, Languages: h.catalog.Languages(), Here: LostPath}, Action: LostPath, Sent: sent}
	if sent {
		page.Here += "?" + sentParam + "=1"
	}
	w.Header().Set("Cache-Control", wire.NoStore)
	wire.Vary(w, "Accept-Language")
	return wire.WritePage(w, p, http.StatusOK, func(w io.Writer) error { return h.pages.Lost(w, p, page) })
}

// SendLost answers POST /lost. The answer is the same whether the address is known,
// and so is what is done for it: it is written down that a letter is to be sent,
// and whether there is anything to say is looked up later. Of an address that was
// asked for too often nothing is written down, whether it is known or not.
func (h *Handler) SendLost(w http.ResponseWriter, r *http.Request) error {
	if err := h.ourOwn(r); err != nil {
		return err
	}
	if ok, wait := h.asking.Allow(r.RemoteAddr); !ok {
		return &wire.Fault{Code: wire.TooManyRequests, Retry: wait, Detail: "Many such requests have come from your address. Wait as long as Retry-After says."}
	}
	address, lang, form, err := h.lostFields(w, r)
	if err != nil {
		return err
	}
	if err := smtp.CheckAddress(address); err != nil {
		return wire.At(wire.InvalidIdentifier, "/email", "Give one e-mail address, such as ana@example.org.")
	}
	if lang != "" {
		r = r.Clone(r.Context())
		r.URL.RawQuery = url.Values{"lang": {lang}}.Encode()
	}
	if h.spares(address) {
		if err := h.outbox.Ask(r.Context(), address, wire.Printer(r, h.catalog).Lang()); err != nil {
			return err
		}
	}
	if form {
		return h.lostPage(w, r, true)
	}
	w.Header().Set("Cache-Control", wire.NoStore)
	return wire.WriteJSON(w, http.StatusAccepted, map[string]bool{"accepted": true})
}

// spares counts a request for an address.
func (h *Handler) spares(address string) bool {
	of := h.issuer.Digest("lost", strings.ToLower(address))
	return h.asked.GetOrMake(of, func() *rate.Limiter { return rate.NewLimiter(rate.Every(addressRest), perAddress) }).AllowN(h.now(), 1)
}

func (h *Handler) lostFields(w http.ResponseWriter, r *http.Request) (address, lang string, form bool, err error) {
	if wire.MediaType(r) != "application/x-www-form-urlencoded" {
		v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxLost})
		if err != nil {
			return "", "", false, err
		}
		var body lostBody
		err = wire.Decode(v, &body)
		return strings.TrimSpace(body.Email), "", false, err
	}
	raw, err := wire.ReadBody(w, r, maxLost)
	if err != nil {
		return "", "", true, err
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return "", "", true, &wire.Fault{Code: wire.MalformedBody, Detail: "The form cannot be read; encode its fields."}
	}
	lang = values.Get(pages.FieldLang)
	if lang != "" {
		lang = string(h.catalog.Match("", lang))
	}
	return strings.TrimSpace(values.Get(pages.FieldEmail)), lang, true, nil
}
