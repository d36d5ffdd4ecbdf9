package badge

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"laurel/internal/jsonwriter"
	"laurel/internal/strictjson"
)

// What a credential may have at most, whatever its form. More says nothing
// about its worth.
const (
	MaxBytes  = 1 << 20
	MaxValues = 50_000 // values and names of members, together
)

// Document is one credential as exact bytes, parsed once. It is read-only and
// safe for concurrent use.
type Document struct {
	raw     []byte
	copying sync.Once // makes raw of the text that root was parsed from, if it is not there yet
	jws     *JWS

	written bool    // by NewDocument, and not parsed by it
	fields  []field // see Split

	parsing sync.Once // makes root, where the bytes are known to parse
	root    strictjson.Value

	viewing sync.Once // makes view: most readers never ask for it
	view    *Credential
}

// JWS is the envelope of a credential secured as a compact JWS (OB 3.0
// section 8.2; RFC 7515 section 7.1).
type JWS struct {
	Header       strictjson.Value // the protected header
	Payload      strictjson.Value // the claims; with the credential among them, or in vc
	SigningInput []byte           // what the signature covers
	Signature    []byte           // empty for a token that nobody signed
}

// Parse reads a credential in JSON or compact JWS form. The error is an
// *Error with ParsingError: nothing can be said about bytes that cannot be
// read.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > MaxBytes {
		return nil, &Error{ParsingError, "too_large", "", fmt.Sprintf("A credential has at most %d bytes.", MaxBytes)}
	}
	text := bytes.Trim(raw, " \t\r\n")
	if len(text) == 0 {
		return nil, &Error{ParsingError, "empty", "", "There is nothing in it. Send the credential's JSON or its compact JWS."}
	}
	if text[0] == '{' {
		root, err := parseObject(raw)
		if err != nil {
			return nil, err
		}
		return newDocument(nil, root, nil), nil
	}
	if bytes.Count(text, []byte(".")) == 2 {
		return parseJWS(bytes.Clone(raw), string(text))
	}
	return nil, &Error{ParsingError, "unknown_format", "", "This is neither a JSON object nor a compact JWS."}
}

// NewDocument writes a credential for the first and only time.
func NewDocument(c *Credential) (*Document, error) {
	e := encodeCredential(c)
	if e.Err != nil {
		return nil, fmt.Errorf("writing credential: %w", e.Err)
	}
	if len(e.B) > maxUnparsed || e.nested {
		return parseJSON(e.B)
	}
	// What the model can hold is within every limit, and is parsed when somebody
	// asks for it.
	return &Document{raw: e.B, written: true, fields: e.fields}, nil
}

// Split takes a document that NewDocument wrote apart: into the texts that
// differ from holder to holder (ids, dates, the name and what the person did),
// and all the rest, which is appended to dst with a NUL between the quotes of
// each. There are no texts where the document came in or is secured.
func (d *Document) Split(dst []byte) ([]byte, []string) {
	if len(d.fields) == 0 {
		return dst, nil
	}
	from, texts := 0, make([]string, 0, len(d.fields))
	for _, f := range d.fields {
		dst = append(append(dst, d.raw[from:f.start]...), 0)
		texts, from = append(texts, f.text), f.end
	}
	return append(dst, d.raw[from:]...), texts
}

// parseJSON reads bytes that are the document's from now on.
func parseJSON(raw []byte) (*Document, error) {
	root, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	return newDocument(raw, root, nil), nil
}

func newDocument(raw []byte, root strictjson.Value, jws *JWS) *Document {
	d := &Document{raw: raw, jws: jws}
	d.parsing.Do(func() { d.root = root })
	return d
}

func parseObject(raw []byte) (strictjson.Value, error) {
	if overcrowded(raw) {
		return strictjson.Value{}, errTooMany()
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: MaxBytes, Nodes: MaxValues})
	if err != nil {
		return v, syntaxError(err, len(raw))
	}
	if v.Kind() != strictjson.Object {
		return v, &Error{ParsingError, "not_an_object", "", "A credential is a JSON object."}
	}
	return v, nil
}

// RuleTooMany is the Rule of an Error where there are more than MaxValues.
const RuleTooMany = "too_many_values"

func errTooMany() *Error {
	return &Error{ParsingError, RuleTooMany, "", fmt.Sprintf("A credential has at most %d values and names of members, and there are more.", MaxValues)}
}

// overcrowded tells, before anything is kept of a text, whether it has more
// values than the parser would take: each comma and each colon outside of
// strings is followed by one. It may miss some, which the parser then finds.
func overcrowded(raw []byte) bool {
	if len(raw) < MaxValues || bytes.Count(raw, []byte(","))+bytes.Count(raw, []byte(":")) < MaxValues {
		return false // as all but few
	}
	n := 0
	for i := 0; i < len(raw) && n < MaxValues; i++ {
		switch raw[i] {
		case ',', ':':
			n++
		case '"':
			i = stringEnd(raw, i+1)
		}
	}
	return n >= MaxValues
}

// stringEnd returns where the quotation mark stands that ends a string.
func stringEnd(raw []byte, i int) int {
	for i < len(raw) && raw[i] != '"' {
		if raw[i] == '\\' {
			i++
		}
		i++
	}
	return i
}

// syntaxError tells what is wrong with a text of a size.
func syntaxError(err error, size int) error {
	var e *strictjson.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Reason == strictjson.TooLarge && size <= MaxBytes {
		return errTooMany()
	}
	rules := map[strictjson.Reason]string{
		strictjson.Syntax: "malformed_json", strictjson.Encoding: "invalid_encoding",
		strictjson.Duplicate: "duplicate_member", strictjson.TooLarge: "too_large", strictjson.TooDeep: "too_deep",
	}
	return &Error{ParsingError, rules[e.Reason], e.Pointer, fmt.Sprintf("At byte %d: %s.", e.Offset, e.Detail)}
}

// ErrToken is beside the *Error of Parse where the fault lies in something that
// looks like a compact JWS.
var ErrToken = errors.New("no compact JWS of a credential")

func inToken(err error) error { return fmt.Errorf("%w: %w", ErrToken, err) }

// parseJWS takes only the compact serialisation with strict base64url, so
// that one signature has one spelling.
func parseJWS(raw []byte, text string) (*Document, error) {
	parts := strings.Split(text, ".")
	decoded := make([][]byte, 3)
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil || len(b) == 0 && i < 2 || strings.ContainsAny(p, "\r\n") {
			return nil, inToken(&Error{ParsingError, "malformed_jws", "", "A compact JWS is three base64url parts with dots between."})
		}
		decoded[i] = b
	}
	header, err := parseObject(decoded[0])
	if err != nil {
		return nil, fmt.Errorf("header: %w", inToken(err))
	}
	payload, err := parseObject(decoded[1])
	if err != nil {
		return nil, fmt.Errorf("payload: %w", inToken(err))
	}
	root, err := credentialClaim(payload)
	if err != nil {
		return nil, fmt.Errorf("payload: %w", inToken(err))
	}
	input := text[:len(parts[0])+1+len(parts[1])]
	return newDocument(raw, root, &JWS{Header: header, Payload: payload, SigningInput: []byte(input), Signature: decoded[2]}), nil
}

// Raw returns exactly what came in or goes out. The bytes are shared: do not
// change them.
func (d *Document) Raw() []byte {
	d.copying.Do(func() {
		if d.raw == nil { // the parser has the only copy so far
			d.raw = []byte(d.root.Source())
		}
	})
	return d.raw
}

// Root returns the parsed credential: the JSON text itself, or the payload of
// the JWS with its registered claims. Of VC data model 1.1 it is the credential
// in the claim vc, completed by what only the claims tell.
func (d *Document) Root() strictjson.Value {
	d.parsing.Do(func() { d.root, _ = parseObject(d.raw) }) // see WithProof
	return d.root
}

// Payload returns the credential's JSON as it stands within. The bytes are shared: do
// not change them.
func (d *Document) Payload() []byte {
	root := d.Root()
	if d.jws != nil {
		return []byte(root.Raw())
	}
	from, to := root.Offset(), root.Offset()+len(root.Raw())
	return d.Raw()[from:to:to]
}

// JWS returns the envelope, or nil for a credential in plain JSON.
func (d *Document) JWS() *JWS { return d.jws }

// View returns what could be read, for reading only; never marshal it.
func (d *Document) View() *Credential {
	d.viewing.Do(func() {
		d.view = new(Credential)
		strictjson.View(d.Root(), d.view)
	})
	return d.view
}

// IssuerID returns the id of the issuer, or "".
func (d *Document) IssuerID() string {
	issuer := d.Root().Get("issuer")
	if issuer.Kind() == strictjson.String {
		return issuer.Text()
	}
	return issuer.Get("id").Text()
}

// ValidFrom and ValidUntil return the two ends of the period of validity as
// written, by the names of either data model; "" where there is none.
func (d *Document) ValidFrom() string { return d.either("validFrom", "issuanceDate") }

// ValidUntil is the other end; see ValidFrom.
func (d *Document) ValidUntil() string { return d.either("validUntil", "expirationDate") }

func (d *Document) either(name, former string) string {
	if v := d.Root().Get(name); v.Exists() {
		return v.Text()
	}
	return d.Root().Get(former).Text()
}

// Proof is one embedded proof (Data Integrity section 2.1), as received.
type Proof struct {
	Object             strictjson.Value
	Pointer            string // where it stands in the document
	ID                 string
	Type               string
	Cryptosuite        string
	Created            string
	Expires            string
	VerificationMethod string
	ProofPurpose       string
	ProofValue         string
	PreviousProof      []string
	Domain             []string
	Challenge          string
}

// Proofs returns the embedded proofs in document order; none for a JWS, whose
// envelope is its proof.
func (d *Document) Proofs() []Proof {
	if d.jws != nil {
		return nil
	}
	member := d.Root().Get("proof")
	var out []Proof
	for i, v := range member.Each() {
		p := proofOf(v)
		p.Pointer = "/proof"
		if member.Kind() == strictjson.Array {
			p.Pointer = strictjson.Pointer("/proof", strconv.Itoa(i))
		}
		out = append(out, p)
	}
	return out
}

// proofOf reads what can be read of a proof; a text in its place is its id.
func proofOf(v strictjson.Value) Proof {
	if v.Kind() == strictjson.String {
		return Proof{Object: v, ID: v.Text()}
	}
	text := func(name string) string { return v.Get(name).Text() }
	return Proof{Object: v, ID: text("id"), Type: text("type"), Cryptosuite: text("cryptosuite"), Created: text("created"),
		Expires: text("expires"), VerificationMethod: text("verificationMethod"), ProofPurpose: text("proofPurpose"),
		ProofValue: text("proofValue"), PreviousProof: texts(v.Get("previousProof")), Domain: texts(v.Get("domain")), Challenge: text("challenge")}
}

// texts are the strings among one value or several.
func texts(v strictjson.Value) []string {
	var out []string
	for _, e := range v.Each() {
		if e.Kind() == strictjson.String {
			out = append(out, e.Text())
		}
	}
	return out
}

// WithProof returns the document with an embedded proof appended, which is a
// JSON object; the bytes of everything else stay as they are. It is for
// documents that have none.
func (d *Document) WithProof(proof []byte) (*Document, error) {
	value, err := parseObject(proof)
	if err != nil {
		return nil, fmt.Errorf("appending a proof: %w", err)
	}
	return d.with(proof, flat(value))
}

// Text is a member of an object that has a text for its value.
type Text struct{ Name, Value string }

// WithProofOf is WithProof for a proof that is nothing but texts, of different
// names. It is written here and need not be read, which every badge is spared.
func (d *Document) WithProofOf(members ...Text) (*Document, error) {
	e := &jsonwriter.Writer{B: make([]byte, 0, 512)}
	e.Open()
	for _, m := range members {
		e.Member(m.Name)
		e.Quote(m.Value)
	}
	e.Close()
	return d.with(e.B, true)
}

// with appends a proof, and tells of it whether anything is nested in it.
func (d *Document) with(proof []byte, flat bool) (*Document, error) {
	body, err := d.open()
	if err != nil {
		return nil, err
	}
	raw := make([]byte, 0, len(body)+len(proof)+len(`,"proof":[]}`))
	raw = append(raw, body...)
	if body[len(body)-1] != '{' {
		raw = append(raw, ',')
	}
	opening, closing := `"proof":`, "}"
	if d.written || HasType(d.Root().Get("type"), TypeOpenBadge, TypeAchievement) { // whose schema has a list
		opening, closing = `"proof":[`, "]}"
	}
	raw = append(append(append(raw, opening...), proof...), closing...)
	if len(raw) > maxUnparsed || !flat {
		return parseJSON(raw)
	}
	// An object with one more member that it had not is an object, and within
	// every limit. Whoever goes on with the bytes alone needs no second tree.
	return &Document{raw: raw}, nil
}

// open is the text of an object without a proof up to its last bracket.
func (d *Document) open() ([]byte, error) {
	if d.written { // which has no proof, and nothing behind the bracket
		return d.raw[:len(d.raw)-1], nil
	}
	root := d.Root()
	if d.jws != nil || root.Get("proof").Exists() {
		return nil, &Error{ProofGenerationError, "already_secured", "/proof", "The document is secured already."}
	}
	return []byte(strings.TrimRight(strings.TrimSuffix(root.Raw(), "}"), " \t\r\n")), nil
}

// maxUnparsed is a size below which no document has too many values, or is too
// large.
const maxUnparsed = MaxValues

// flat tells whether nothing is nested in an object.
func flat(object strictjson.Value) bool {
	for _, v := range object.Members() {
		if v.Kind() == strictjson.Object || v.Kind() == strictjson.Array {
			return false
		}
	}
	return true
}
