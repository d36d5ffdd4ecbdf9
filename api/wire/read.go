package wire

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"laurel/api/limit"
	"laurel/badge"
	"laurel/internal/strictjson"
)

// MediaType returns the content type of a request in lower case, without its
// parameters; "" where there is none or it cannot be read.
func MediaType(r *http.Request) string {
	mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mt
}

// ReadBody reads at most limit bytes, when there is room for them, and then waits
// for the turn of the request: what is made of a body takes the processor, and who
// sends slowly keeps nobody from it. The error is a Fault, or that of the room or
// the turn.
func ReadBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		Discard(w, r)
		return nil, tooLarge(most)
	}
	if err := Hold(w, r, most); err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	if r.ContentLength > 0 {
		raw.Grow(int(r.ContentLength) + bytes.MinRead) // else it would be copied again and again
	}
	_, err := raw.ReadFrom(http.MaxBytesReader(w, r.Body, most))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		Discard(w, r)
		return nil, tooLarge(most)
	} else if err != nil {
		return nil, &Fault{Code: MalformedBody, Detail: "The body could not be read to its end. Send it again."}
	}
	if err := limit.Await(r.Context()); err != nil {
		return nil, err
	}
	return raw.Bytes(), nil
}

// How much of a body that is refused is read all the same, and for how long.
const (
	maxDiscarded = 32 << 20
	discardTime  = 5 * time.Second
)

// Discard reads what is left of a body that is too large, within bounds. Many
// clients write all of it before they read: if the connection were closed on
// them, they would learn of a broken connection and not of the answer. It is
// not kept alive, and who asks before sending is told not to.
func Discard(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	asks := r.ContentLength >= 0 && r.Header.Get("Expect") != ""
	if r.ContentLength > maxDiscarded || asks {
		return
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(discardTime)); err != nil {
		return // without an end, it is better not begun
	}
	_, _ = io.CopyN(io.Discard, r.Body, maxDiscarded) // whatever stops it, the answer is the same
}

func tooLarge(limit int64) *Fault {
	return &Fault{Code: TooLarge, Detail: fmt.Sprintf("The body has more than %d bytes, which is the most that this call takes.", limit)}
}

// ReadJSON reads a JSON body within limits, strictly. The content type must say
// that it is JSON: a form of another site cannot send that.
func ReadJSON(w http.ResponseWriter, r *http.Request, lim strictjson.Limits) (strictjson.Value, error) {
	if MediaType(r) != "application/json" {
		return strictjson.Value{}, &Fault{Code: UnsupportedMediaType,
			Detail: "Send the body as JSON, with the header Content-Type: application/json."}
	}
	raw, err := ReadBody(w, r, int64(lim.Bytes))
	if err != nil {
		return strictjson.Value{}, err
	}
	return ParseJSON(raw, lim)
}

// ParseJSON parses a body strictly. Every error is a Fault.
func ParseJSON(raw []byte, lim strictjson.Limits) (strictjson.Value, error) {
	v, err := strictjson.Parse(raw, lim)
	var e *strictjson.Error
	if errors.As(err, &e) {
		return v, SyntaxFault(e)
	}
	return v, err
}

// SyntaxFault tells what is wrong with a text that is no JSON.
func SyntaxFault(e *strictjson.Error) *Fault {
	code := map[strictjson.Reason]Code{
		strictjson.Syntax: MalformedJSON, strictjson.Encoding: InvalidEncoding, strictjson.Duplicate: DuplicateMember,
		strictjson.TooLarge: TooManyValues, strictjson.TooDeep: TooDeep,
	}[e.Reason]
	return At(code, e.Pointer, fmt.Sprintf("The JSON cannot be taken: at byte %d, %s.", e.Offset, e.Detail))
}

// Decode copies a parsed object into a struct by its json tags. Members that
// are unknown or of the wrong type are a Fault.
func Decode(v strictjson.Value, into any) error {
	err := strictjson.Decode(v, into)
	var e *strictjson.MemberError
	if !errors.As(err, &e) {
		return err
	}
	return memberFault(e)
}

func memberFault(e *strictjson.MemberError) *Fault {
	switch name := e.Pointer[strings.LastIndexByte(e.Pointer, '/')+1:]; {
	case e.Unknown && slices.Contains(ours, name):
		return At(UnknownMember, e.Pointer, "This is set by the service. Leave it out.")
	case e.Unknown:
		return At(UnknownMember, e.Pointer, "No such member is known here. Correct its name, or leave it out.")
	case e.Got == strictjson.Null:
		return At(WrongType, e.Pointer, fmt.Sprintf("This may not be null; give %s.", article(e.Want)))
	case e.Got == strictjson.String && e.Want == "number":
		return At(WrongType, e.Pointer, "This is a number: write it without quotation marks.")
	case e.Got == strictjson.Number && e.Want == "string":
		return At(WrongType, e.Pointer, "This is a text: write it in quotation marks.")
	}
	return At(WrongType, e.Pointer, fmt.Sprintf("This should be %s, not %s.", article(e.Want), article(e.Got.String())))
}

// article puts the right one before the name of a type.
func article(name string) string {
	if strings.ContainsRune("aeiou", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// ours are members of a credential that callers like to send and that only the
// service sets.
var ours = []string{"@context", "id", "type", "issuer", "proof", "credentialStatus", "credentialSchema", "credentialSubject",
	"status", "validFrom", "issuanceDate", "awardedDate", "issuedAt", "createdAt", "changedAt", "verificationMethod"}

// Digest sums a body up for the comparison of repeated requests: the same
// members with the same values, however they are laid out or ordered. Members
// named in omit do not count at the top level.
func Digest(v strictjson.Value, omit ...string) []byte {
	h := sha256.New()
	digest(h, v, omit)
	return h.Sum(nil)
}

func digest(h hash.Hash, v strictjson.Value, omit []string) {
	field := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	fmt.Fprintf(h, "%d(", v.Kind())
	switch v.Kind() {
	case strictjson.String:
		field(v.Text())
	case strictjson.Array:
		for _, e := range v.Elements() {
			digest(h, e, nil)
		}
	case strictjson.Object:
		var names []string
		for name := range v.Members() {
			if !slices.Contains(omit, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			field(name)
			digest(h, v.Get(name), nil)
		}
	default:
		field(v.Raw())
	}
	fmt.Fprint(h, ")")
}

// Query reads the parameters of a request. Each stands at most once, and only
// those named and lang may stand.
func Query(r *http.Request, names ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &Fault{Code: InvalidParameter, Detail: "The part of the address after ? cannot be read; encode its values."}
	}
	for name, values := range q {
		if name != "lang" && !slices.Contains(names, name) {
			return nil, &Fault{Code: UnknownParameter, Detail: fmt.Sprintf("The parameter %.40q is not known here. Correct its name, or leave it out.", name)}
		}
		if len(values) > 1 {
			return nil, &Fault{Code: InvalidParameter, Detail: fmt.Sprintf("The parameter %.40q stands more than once.", name)}
		}
	}
	return q, nil
}

// Flag reads a parameter that is true or false; false where it is missing.
func Flag(q url.Values, name string) (bool, error) {
	switch q.Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, &Fault{Code: InvalidParameter, Detail: fmt.Sprintf("The parameter %s is true or false.", name)}
}

// Number reads a parameter that is a whole number from least to most; the
// default where it is missing.
func Number(q url.Values, name string, byDefault, least, most int) (int, error) {
	if !q.Has(name) {
		return byDefault, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < least || n > most {
		return 0, &Fault{Code: InvalidParameter, Detail: fmt.Sprintf("The parameter %s is a whole number from %d to %d.", name, least, most)}
	}
	return n, nil
}

// Time reads a moment as callers write it: RFC 3339, or a day, which begins at
// midnight UTC.
func Time(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	return badge.ParseRFC3339(s)
}

// idPattern is what a public id can look like; anything else is not asked of
// the store.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{22,64}$`)

// IsID reports whether a text can be the id of a credential.
func IsID(s string) bool { return idPattern.MatchString(s) }

// maxKey is the longest Idempotency-Key, in bytes.
const maxKey = 255

// IdempotencyKey reads the header of a request that makes its retries safe; ""
// where there is none.
func IdempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 {
		return "", &Fault{Code: InvalidKey, Detail: "The header Idempotency-Key stands more than once."}
	}
	return values[0], CheckIdempotencyKey(values[0])
}

// CheckIdempotencyKey refuses what is no key. The error is a Fault.
func CheckIdempotencyKey(key string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if key == "" || len(key) > maxKey || strings.ContainsFunc(key, control) {
		return &Fault{Code: InvalidKey, Detail: fmt.Sprintf("An idempotency key has 1 to %d bytes and no control characters. A random UUID is a good one.", maxKey)}
	}
	return nil
}
