package verifier

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"laurel/badge"
	"laurel/badge/bake"
	"laurel/internal/strictjson"
)

// MaxBytes bounds what Open takes: the largest of its forms is a picture.
const MaxBytes = bake.MaxPicture

// Submission is what somebody brought to be verified, taken out of whatever it
// came in: a credential in JSON or as a compact JWS, by itself, in an envelope
// (EnvelopedVerifiableCredential), baked into a PNG or SVG, or attached to a PDF; or a presentation
// with credentials, in JSON or as a compact JWS, by itself or in an envelope.
type Submission struct {
	document *badge.Document
	// finding, where there is one, is all that can be said: it was recognised,
	// but no credential in it is looked at.
	finding *Finding
	// presentation is set where document is one.
	presentation *presentation
}

// Open finds out what bytes are. The error is a *badge.Error with ParsingError:
// nothing in them could be read. Its Rule is "too_large" where they are too
// many, and "no_badge_in_image" for a picture that is nothing but a picture, of
// whichever kind, or "no_badge_in_pdf".
func Open(raw []byte) (sub *Submission, err error) {
	defer caught(&err)
	if format, ok := bake.Sniff(raw); ok {
		return openFile(raw, format)
	}
	if otherPicture(raw) {
		return nil, &badge.Error{Code: badge.ParsingError, Rule: "no_badge_in_image", Detail: "There is no badge in this picture: badges travel in PNG and SVG alone. Send the file that the badge came as, unchanged, or the badge's JSON."}
	}
	return openText(raw)
}

// otherPicture tells by its first bytes a picture of a kind that has no place for a
// badge: what phones and programs make of one that they copy.
func otherPicture(raw []byte) bool {
	for _, start := range []string{"\xFF\xD8\xFF", "GIF8", "II*\x00", "MM\x00*", "BM"} { // JPEG, GIF, TIFF, BMP
		if bytes.HasPrefix(raw, []byte(start)) {
			return true
		}
	}
	if len(raw) < 12 {
		return false
	}
	brand := string(raw[8:12])
	return bytes.HasPrefix(raw, []byte("RIFF")) && brand == "WEBP" ||
		string(raw[4:8]) == "ftyp" && slices.Contains([]string{"heic", "heix", "mif1", "msf1", "avif"}, brand)
}

// parse is badge.Parse behind a net.
func parse(raw []byte) (d *badge.Document, err error) {
	defer caught(&err)
	return badge.Parse(raw)
}

// caught is the net: bytes of strangers never stop the process.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fault(r)
	}
}

// openFile takes the credential out of a picture (OB 3.0 section 5.3) or a PDF.
func openFile(raw []byte, format bake.Format) (*Submission, error) {
	baked, err := bake.Extract(raw)
	switch {
	case err == nil && baked.Edition == bake.OpenBadges2:
		return &Submission{finding: olderKind("")}, nil
	case err == nil && baked.Edition == bake.CLR2:
		return only(relatedKind("")), nil
	case err == nil:
		return openText(baked.Text)
	case errors.Is(err, bake.ErrSeveral) && format == bake.PDF:
		return only(failed(SeveralInPDF, "", "%v", err)), nil
	case errors.Is(err, bake.ErrSeveral):
		return only(failed(SeveralInImage, "", "%v", err)), nil
	case errors.Is(err, bake.ErrMisbaked):
		return only(failed(Misbaked, "", "%v", err)), nil
	}
	return nil, fileFault(err, format)
}

// Document is the credential or presentation that was brought; nil where none is
// looked at.
func (s *Submission) Document() *badge.Document { return s.document }

// IsPresentation tells whether there is a holder who presents it.
func (s *Submission) IsPresentation() bool { return s.presentation != nil }

func only(f Finding) *Submission { return &Submission{finding: &f} }

// fileRule is a fault of files that nothing can be read out of.
type fileRule struct {
	err          error
	rule, detail string
}

var pictureRules = []fileRule{
	{bake.ErrNone, "no_badge_in_image", "There is no badge in this picture. Send the picture that the badge came as, unchanged, or the badge's JSON."},
	{bake.ErrTooLarge, "too_large", "The picture is beyond what is looked at."},
	{bake.ErrUnsafe, "unsafe_image", "The picture has XML that is not read here."},
	{bake.ErrDamaged, "damaged_image", "The picture is damaged. Send it as it was made."},
	{bake.ErrNoPicture, "unknown_format", "This is neither a credential nor a picture (PNG, SVG) or PDF with one inside."},
}

var pdfRules = []fileRule{
	{bake.ErrNone, "no_badge_in_pdf", "No badge is attached to this PDF. What is printed on it proves nothing: send the certificate as it came, not a scan or a copy that was printed anew, or type the code that stands on it."},
	{bake.ErrLocked, "encrypted_pdf", "This PDF is encrypted, so it cannot be read here. Send it without a password, or the badge's JSON."},
	{bake.ErrTooLarge, "too_large", "The PDF is beyond what is looked at."},
	{bake.ErrUnread, "unread_pdf", "This PDF is packed in a way that is not read here. Send the badge's JSON, or the PDF as it was made."},
	{bake.ErrDamaged, "damaged_pdf", "The PDF is damaged. Send it as it was made."},
}

// fileFault tells why nothing could be read.
func fileFault(err error, format bake.Format) *badge.Error {
	rules := pictureRules
	if format == bake.PDF {
		rules = pdfRules
	}
	for _, r := range rules {
		if errors.Is(err, r.err) {
			return &badge.Error{Code: badge.ParsingError, Rule: r.rule, Detail: r.detail + " (" + clip(err.Error(), 200) + ")"}
		}
	}
	return &badge.Error{Code: badge.ParsingError, Rule: "unknown_format", Detail: clip(err.Error(), 200)}
}

// openText reads what is a credential, or has one in it.
func openText(raw []byte) (*Submission, error) {
	d, err := badge.Parse(plainText(raw))
	if err != nil {
		return nil, err
	}
	return Submit(d), nil
}

// plainText takes off what some programs put around a text: a byte order mark,
// which a reader of JSON may pass over (RFC 8259 section 8.1), and of a token the
// quotation marks of a JSON text.
func plainText(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if text := bytes.TrimSpace(raw); len(text) > 0 && text[0] == '"' {
		v, err := strictjson.Parse(text, strictjson.Limits{Bytes: badge.MaxBytes})
		if err == nil && v.Kind() == strictjson.String {
			return []byte(v.Text())
		}
	}
	return raw
}

// envelopes are the media types of compact JWS with a credential: that of
// VC-JOSE-COSE and one from its drafts.
var envelopes = []string{"application/vc+jwt", "application/vc+ld+json+jwt", "application/jwt"}

// openEnvelope reads a credential that is the address of its own bytes (VC data
// model 2.0 section 4.13).
func openEnvelope(root strictjson.Value) *Submission {
	d, told := openData(root, "application/vc", envelopes)
	if told != nil {
		return &Submission{finding: told}
	}
	return &Submission{document: d}
}

// hasContext tells whether an object names a context.
func hasContext(v strictjson.Value, url string) bool {
	for _, c := range v.Get("@context").Each() {
		if c.Text() == url {
			return true
		}
	}
	return false
}

// Submit makes a Submission of a document that was parsed already.
func Submit(d *badge.Document) *Submission {
	if d.JWS() == nil && badge.HasType(d.Root().Get("type"), badge.TypeEnvelopedPresentation) {
		return openEnvelopedPresentation(d.Root())
	}
	if body, ok := isPresentation(d); ok {
		return openPresentation(d, body)
	}
	return submit(d)
}

// submit is Submit for what is no presentation.
func submit(d *badge.Document) *Submission {
	if d.JWS() == nil && badge.HasType(d.Root().Get("type"), badge.TypeEnveloped) {
		return openEnvelope(d.Root())
	}
	return &Submission{document: d}
}

// VerifySubmission verifies what was brought.
func (v *Verifier) VerifySubmission(ctx context.Context, sub *Submission, opts Options) *Report {
	if sub.presentation != nil {
		return v.verifyPresentation(ctx, sub.presentation, opts)
	}
	s := v.subject(sub.document, opts)
	s.told = sub.finding
	r := s.report(ctx)
	if sub.finding == nil && opts.asksHolder() {
		f := failed(HolderUnproven, "", "This is no presentation, so nobody has proven to hold it.")
		f.Check = CheckHolder
		r.Findings = append(r.Findings, f)
	}
	return r
}
