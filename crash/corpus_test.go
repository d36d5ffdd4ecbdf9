//go:build linux && !race

package crash

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	bigendian "encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	credential "laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/keys"
	"laurel/keys/keyring"
)

// hostile is a request that is costly to those who believe it.
type hostile struct {
	name, path, kind string
	body             []byte
	packed           string // Content-Encoding
}

// stranger is somebody who signs badges of his own.
type stranger struct {
	did    string
	method string
	signer keys.Signer
	suite  proof.EdDSARDFC2022
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	did, err := keys.DIDKey(public)
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{did: did, method: did + "#" + strings.TrimPrefix(did, "did:key:")}
	processor, err := canon.New()
	if err != nil {
		t.Fatal(err)
	}
	s.suite = proof.EdDSARDFC2022{Canon: processor}
	s.signer, err = keyring.NewSigner(keys.VerificationMethod{ID: s.method, Controller: did, Public: public}, private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	contextOfVC = `"https://www.w3.org/ns/credentials/v2"`
	contextOfOB = `"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"`
)

// badge is one of the stranger's, with more members, unsigned.
func (s *stranger) badge(more string) string {
	return `{"@context":[` + contextOfVC + `,` + contextOfOB + `],"id":"urn:uuid:5f4c2a1e-0000-4000-8000-000000000001","type":["VerifiableCredential","OpenBadgeCredential"],
"issuer":{"id":"` + s.did + `","type":["Profile"],"name":"Stranger"},"validFrom":"2025-01-01T00:00:00Z","name":"A badge",
"credentialSubject":{"type":["AchievementSubject"],"id":"did:example:holder","achievement":{"id":"urn:uuid:5f4c2a1e-0000-4000-8000-000000000002","type":["Achievement"],
"name":"A badge","description":"A badge.","criteria":{"narrative":"Come."}}}` + more + `}`
}

func (s *stranger) signed(t *testing.T, text string) []byte {
	t.Helper()
	d, err := credential.Parse([]byte(text))
	if err == nil {
		d, err = s.suite.Secure(context.Background(), d, s.signer, time.Now().Add(-time.Minute))
	}
	if err != nil {
		t.Fatal(err)
	}
	return d.Raw()
}

// unproven is a badge with a proof that is not right, which nobody can tell
// before its canonical form is made.
func (s *stranger) unproven(name, more string) hostile {
	return hostile{name: name, path: verifyPath, kind: "application/json", body: []byte(s.badge(more + `,"proof":{"type":"DataIntegrityProof",
"cryptosuite":"eddsa-rdfc-2022","created":"2025-01-01T00:00:00Z","verificationMethod":"` + s.method + `","proofPurpose":"assertionMethod",
"proofValue":"z` + strings.Repeat("1", 64) + `"}`))}
}

// tangle is a badge with blank nodes of which each leads to every other.
func (s *stranger) tangle(nodes int) hostile {
	var all []string
	for n := range nodes {
		var others []string
		for m := range nodes {
			if m != n {
				others = append(others, fmt.Sprintf(`{"id":"_:n%d"}`, m))
			}
		}
		all = append(all, fmt.Sprintf(`{"id":"_:n%d","type":["Evidence"],"https://stranger.example/likes":[%s]}`, n, strings.Join(others, ",")))
	}
	return s.unproven(fmt.Sprint("a tangle of ", nodes), `,"evidence":[`+strings.Join(all, ",")+`]`)
}

// alike is a badge with as many blank nodes that are all the same as it may have
// values, in trees that are all the same.
func (s *stranger) alike() hostile {
	leaf := `{"type":["Evidence"],"name":"a"}`
	return s.unproven("all alike", `,"evidence":[`+strings.Repeat(leaf+",", credential.MaxValues/8)+leaf+`]`)
}

const verifyPath = "/v1/verify"

// zeros are what a bomb holds.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// packed packs so many zeros.
func packed(t *testing.T, size int64, packer func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var out bytes.Buffer
	w := packer(&out)
	_, err := io.CopyN(w, zeros{}, size)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(w io.Writer) io.WriteCloser  { return gzip.NewWriter(w) }
func deflated(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

// workbook is one whose sheet and texts are large when they are unpacked.
func workbook(t *testing.T, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>`,
		"xl/sharedStrings.xml":       `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>`,
	} {
		part, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(part, text)
		}
		if err == nil && strings.HasSuffix(text, "<t>") {
			_, err = io.CopyN(part, zeros{}, size)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func picture(chunks ...[]byte) []byte {
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), slices.Concat(chunks...))
}

// chunk is one of PNG: its length, kind, data and checksum.
func chunk(kind string, data ...byte) []byte {
	b := append(bigendian.BigEndian.AppendUint32(nil, uint32(len(data))), kind...)
	b = append(b, data...)
	return bigendian.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// texts are documents that are nested, wide or long without measure.
func texts() map[string]string {
	const mb = 1 << 20
	return map[string]string{
		"arrays, nested": strings.Repeat("[", mb), "objects, nested": strings.Repeat(`{"a":`, 200_000),
		"many members": `{"a":1` + manyMembers(60_000) + `}`, "many values": "[" + strings.Repeat("[],", 349_000) + "1]",
		"a long text": `{"a":"` + strings.Repeat("a", mb-20) + `"}`, "escapes": `{"a":"` + strings.Repeat(`\u00e9`, 170_000) + `"}`,
		"halves": `{"a":"` + strings.Repeat(`\ud800`, 170_000) + `"}`, "a long number": strings.Repeat("9", mb), "a long name": `{"` + strings.Repeat("a", mb-10) + `":1}`,
		"blanks": strings.Repeat(" ", mb), "one member twice": `{"a":1,"a":2}`, "a large power": `{"a":1e` + strings.Repeat("9", 1_000_000) + `}`,
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return b.String()
}

// corpus is all of it. Its lists and addresses lead to a host of the stranger's,
// which packs so much.
func (s *stranger) corpus(t *testing.T, host string, size int64) (all []hostile) {
	t.Helper()
	gz, z := packed(t, size, gzipped), packed(t, size, deflated)
	huge := []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 6, 0, 0, 0}
	small := []byte{0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0}
	text := "openbadgecredential\x00\x01\x00\x00\x00"
	laughs := `<!DOCTYPE svg [<!ENTITY a0 "ha">`
	for n := range 12 {
		laughs += fmt.Sprintf(`<!ENTITY a%d "%s">`, n+1, strings.Repeat(fmt.Sprintf("&a%d;", n), 10))
	}
	pdf := fmt.Sprintf("%%PDF-1.7\n1 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>", len(z), z)
	const js, png, svg = "application/json", "image/png", "image/svg+xml"
	jws := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","zip":"DEF"}`)) + "." + base64.RawURLEncoding.EncodeToString(z[:min(len(z), 500_000)]) + ".AAAA"
	all = []hostile{
		{name: "a packed body", kind: js, body: gz, packed: "gzip"},
		{name: "a packed file", kind: "application/gzip", body: gz},
		{name: "a packed JWS", kind: "application/vc+jwt", body: []byte(jws)},
		{name: "PNG, huge sides", kind: png, body: picture(chunk("IHDR", huge...), chunk("IDAT", z...), chunk("IEND"))},
		{name: "PNG, a packed text", kind: png, body: picture(chunk("IHDR", small...), chunk("iTXt", append([]byte(text), z...)...), chunk("IEND"))},
		{name: "SVG, laughs", kind: svg, body: []byte(laughs + `]><svg xmlns="http://www.w3.org/2000/svg">&a12;</svg>`)},
		{name: "SVG, deep", kind: svg, body: []byte(`<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat("<g>", 900_000))},
		{name: "SVG, wide", kind: svg, body: []byte(`<svg xmlns="http://www.w3.org/2000/svg" ` + strings.Repeat(`a:b="" `, 400_000) + "/>")},
		{name: "PDF", kind: "application/pdf", body: []byte(pdf)},
		{name: "ZIP", kind: "application/zip", body: workbook(t, size)},
		{name: "a workbook", path: "/v1/rosters/big-course", kind: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body: workbook(t, size)},
		{name: "a list of one row", path: "/v1/rosters/big-course", kind: "text/csv", body: []byte("ref,name,email\n" + strings.Repeat("a,", 500_000))},
		s.tangle(9), s.tangle(100), s.alike(),
	}
	for _, at := range []string{"list", "endless", "packed"} {
		all = append(all, hostile{name: "a status list, " + at, kind: js, body: s.signed(t, s.badge(`,"credentialStatus":{"id":"`+host+`/`+at+`#7","type":"BitstringStatusListEntry",
"statusPurpose":"revocation","statusListIndex":"7","statusListCredential":"`+host+`/`+at+`"}`))})
	}
	for name, body := range texts() {
		all = append(all, hostile{name: name, kind: js, body: []byte(body)}, hostile{name: name + ", to issue", path: "/v1/credentials", kind: js, body: []byte(body)})
	}
	for n := range all {
		if all[n].path == "" {
			all[n].path = verifyPath
		}
	}
	return all
}

// host is the stranger's: a status list that inflates, a body that never ends,
// and one that is packed on the way.
func (s *stranger) host(t *testing.T, size int64) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	bits := "u" + base64.RawURLEncoding.EncodeToString(packed(t, size, gzipped))
	list := s.signed(t, `{"@context":[`+contextOfVC+`],"id":"`+server.URL+`/list","type":["VerifiableCredential","BitstringStatusListCredential"],"issuer":"`+s.did+`",
"validFrom":"2025-01-01T00:00:00Z","credentialSubject":{"id":"`+server.URL+`/list#list","type":"BitstringStatusList","statusPurpose":"revocation","encodedList":"`+bits+`"}}`)
	gz := packed(t, size, gzipped)
	mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vc")
		_, _ = w.Write(list)
	})
	mux.HandleFunc("/packed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vc")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(gz)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vc")
		_, _ = io.CopyN(w, zeros{}, 1<<40) // until nobody listens
	})
	return server.URL
}
