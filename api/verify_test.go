package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"laurel/internal/attachment/attachmenttest"
	"laurel/internal/processortest"
	"laurel/internal/strictjson"
)

type report struct {
	Verdict, Summary, CheckedAt string
	Verified                    bool
	Checks                      []struct{ ID, Result, Code, Message, Pointer, Detail string }
	Badges                      []report
	Register                    *struct{ Status, Since, Reason string }
	Credential                  *struct {
		ID        string
		Recipient struct{ Name string }
		Issuer    struct{ Name string }
	}
	Document json.RawMessage
}

func (r report) check(id string) (result, code string) {
	for _, c := range r.Checks {
		if c.ID == id {
			return c.Result, c.Code
		}
	}
	return "", ""
}

// check sends something to be verified, without a token.
func (w *world) check(body, contentType string, header ...string) answer {
	w.t.Helper()
	h := pairs(header)
	if contentType != "" {
		h["Content-Type"] = contentType
	}
	return w.do(request{method: "POST", path: "/v1/verify", body: body, header: h})
}

func (w *world) report(body, contentType string, header ...string) report {
	w.t.Helper()
	var r report
	w.check(body, contentType, header...).want(w.t, http.StatusOK).into(w.t, &r)
	return r
}

func TestVerdicts(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	good := string(b.Credential)
	short := w.post("/v1/credentials", strings.Replace(award(2), `"language"`, `"validUntil":"`+w.clock.now().AddDate(0, 0, 1).Format(time.RFC3339)+`","language"`, 1)).
		want(t, 201)
	var expiring issued
	short.into(t, &expiring)
	gone := w.issue(3)
	w.post("/v1/credentials/"+gone.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, 200)
	unsigned := good[:strings.LastIndex(good, `,"proof"`)] + "}"

	for name, tc := range map[string]struct {
		body, verdict, check, result, code string
	}{
		"good":                 {good, "valid", "revocation", "pass", "not_revoked"},
		"changed":              {strings.Replace(good, "Ana Mora 1", "Ana Mora 2", 1), "invalid", "proof", "fail", "proof_invalid"},
		"added to":             {strings.Replace(good, `"name":`, `"grade":"A","name":`, 1), "invalid", "terms", "fail", "undefined_term"},
		"without a proof":      {unsigned, "invalid", "proof", "fail", "no_proof"},
		"revoked":              {string(gone.Credential), "invalid", "revocation", "fail", "revoked"},
		"not a badge":          {`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"did:key:z","credentialSubject":{"id":"urn:x"}}`, "invalid", "format", "fail", "not_a_badge"},
		"an object of no kind": {`{"hello":"world","a":1}`, "invalid", "format", "fail", "not_a_badge"},
	} {
		r := w.report(tc.body, "application/json")
		result, code := r.check(tc.check)
		if r.Verdict != tc.verdict || r.Verified != (tc.verdict == "valid") || result != tc.result || code != tc.code {
			t.Errorf("%s: verdict %s, %s %s %s", name, r.Verdict, tc.check, result, code)
		}
		if len(r.Checks) != 12 || r.Summary == "" || r.CheckedAt == "" {
			t.Errorf("%s: %+v", name, r)
		}
		for _, c := range r.Checks {
			if c.Message == "" {
				t.Errorf("%s: check %s says nothing", name, c.ID)
			}
		}
		if string(r.Document) != tc.body {
			t.Errorf("%s: another document came back", name)
		}
		if proven := tc.check == "revocation"; (r.Credential != nil) != proven {
			t.Errorf("%s: credential %+v", name, r.Credential)
		}
	}
	w.clock.advance(48 * time.Hour)
	r := w.report(string(expiring.Credential), "application/vc")
	if _, code := r.check("validity"); r.Verdict != "invalid" || code != "expired" {
		t.Errorf("expired: %s %s", r.Verdict, code)
	}
}

// The received bytes come back as they were, blanks and all.
func TestDocumentComesBackVerbatim(t *testing.T) {
	w := newWorld(t)
	good := string(w.issue(1).Credential)
	odd := "{ \n\t" + strings.Replace(good[1:], `"name":`, `"name" : `, 1)
	a := w.check(" \r\n"+odd+" \n", "application/json").want(t, 200)
	if !bytes.Contains(a.body, []byte(`"document":`+odd+"}")) {
		t.Errorf("%s", a.body)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Error(a.header)
	}
}

func TestEveryWayToBringABadge(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	good := string(b.Credential)
	jwt := string(w.get("/credentials/" + b.ID + ".jwt").body)
	form, boundary := multipartForm(t, "file", "badge.json", good)
	for name, tc := range map[string]struct{ body, contentType string }{
		"JSON":                {good, "application/json"},
		"JSON with a charset": {good, "application/json; charset=utf-8"},
		"vc":                  {good, "application/vc"},
		"JSON-LD":             {good, "application/ld+json"},
		"bytes":               {good, "application/octet-stream"},
		"no type":             {good, ""},
		"a JWT":               {jwt, "application/vc+jwt"},
		"a JWT as text":       {jwt + "\n", "text/plain"},
		"a JWT as JSON":       {jwt, "application/json"},
		"an upload":           {form, boundary},
		"our address":         {`{"url":"` + b.CredentialID + `"}`, "application/json"},
		"with a suffix":       {`{"url":"` + b.CredentialID + `.json"}`, "application/json"},
		"of the JWT":          {`{"url":"` + b.CredentialID + `.jwt"}`, "application/json"},
		"of the QR code":      {`{"url":"` + b.VerifyURL + `?lang=fr#x"}`, "application/json"},
		"by its id":           {`{"code":" ` + b.ID + ` "}`, "application/json"},
	} {
		r := w.report(tc.body, tc.contentType)
		if r.Verdict != "valid" || r.Credential == nil || r.Credential.ID != b.CredentialID {
			t.Errorf("%s: %+v", name, r)
		}
		own := strings.HasPrefix(tc.body, `{"url"`) || strings.HasPrefix(tc.body, `{"code"`)
		if (r.Register != nil) != own {
			t.Errorf("%s: register %+v", name, r.Register)
		}
		if isText := r.Document[0] == '"'; isText != (tc.body[0] == 'e' || strings.Contains(tc.body, ".jwt")) {
			t.Errorf("%s: document %.30s", name, r.Document)
		}
	}
}

func multipartForm(t *testing.T, pairs ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	mw := multipart.NewWriter(&b)
	for n := 0; n+2 < len(pairs)+1; n += 3 {
		h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q`, pairs[n])}}
		if pairs[n+1] != "" {
			h.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, pairs[n], pairs[n+1]))
		}
		part, err := mw.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(pairs[n+2]))
	}
	_ = mw.Close()
	return b.String(), mw.FormDataContentType()
}

func TestWhatCannotBeVerified(t *testing.T) {
	w := newWorld(t)
	good := string(w.issue(1).Credential)
	twice, twiceType := multipartForm(t, "file", "a", good, "file", "b", good)
	other, otherType := multipartForm(t, "document", "", good)
	empty, emptyType := multipartForm(t, "file", "a", "")
	png, pngType := multipartForm(t, "file", "a.png", "\x89PNG\r\n\x1a\n")
	big, bigType := multipartForm(t, "file", "a", strings.Repeat("[", 10<<20))
	for name, tc := range map[string]struct {
		body, contentType string
		status            int
		code              string
	}{
		"nothing":                {"", "application/json", 400, "empty"},
		"blanks":                 {" \n", "application/json", 400, "empty"},
		"words":                  {"hello", "text/plain", 400, "unknown_format"},
		"a list":                 {"[]", "application/json", 400, "unknown_format"},
		"half a badge":           {good[:200], "application/json", 400, "malformed_json"},
		"a member twice":         {`{"id":1,"id":2}`, "application/json", 400, "duplicate_member"},
		"another encoding":       {"{\"name\":\"Jos\xe9\"}", "application/json", 400, "invalid_encoding"},
		"10 MB of [":             {strings.Repeat("[", 10<<20), "application/json", 413, "too_large"},
		"400,000 values":         {`{"a":[` + strings.Repeat("1,", 400_000) + "1]}", "application/json", 413, "too_many_values"},
		"1 MB of [":              {`{"a":` + strings.Repeat("[", 1000000), "application/json", 400, "too_deep"},
		"half a picture":         {"\x89PNG\r\n\x1a\n", "image/png", 400, "damaged_image"},
		"half a picture unnamed": {"\x89PNG\r\n\x1a\n", "", 400, "damaged_image"},
		"no drawing":             {"<svg/>", "image/svg+xml", 400, "unknown_format"},
		"a drawing":              {`<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>`, "image/svg+xml", 400, "no_badge_in_image"},
		"entities":               {`<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>`, "image/svg+xml", 400, "unsafe_image"},
		"a large picture":        {"\x89PNG\r\n\x1a\n" + strings.Repeat("x", 5<<20), "image/png", 413, "too_large"},
		"bytes beyond a text":    {strings.Repeat("x", 2<<20), "application/octet-stream", 413, "too_large"},
		"half a PDF":             {"%PDF-1.7", "application/pdf", 400, "damaged_pdf"},
		"half a PDF unnamed":     {"%PDF-1.7", "", 400, "damaged_pdf"},
		"a PDF without a badge":  {attachmenttest.PDF("a note"), "application/pdf", 400, "no_badge_in_pdf"},
		"an encrypted PDF":       {strings.Replace(attachmenttest.PDF(good), "/Root", "/Encrypt 9 0 R /Root", 1), "application/pdf", 400, "encrypted_pdf"},
		"a PDF of another kind":  {strings.Replace(attachmenttest.PDF(good), "/Type /EmbeddedFile", "/Filter /LZWDecode ", 1), "application/pdf", 400, "unread_pdf"},
		"a large PDF":            {attachmenttest.PDF(strings.Repeat("x", 5<<20)), "application/pdf", 413, "too_large"},
		"a web form":             {"url=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"},
		"no type at all":         {good, "nonsense;;;", 415, "unsupported_media_type"},
		"an upload of two":       {twice, twiceType, 400, "malformed_body"},
		"an upload without file": {other, otherType, 400, "malformed_body"},
		"an empty upload":        {empty, emptyType, 400, "empty"},
		"an uploaded picture":    {png, pngType, 400, "damaged_image"},
		"a large upload":         {big, bigType, 413, "too_large"},
		"a broken upload":        {"--x\r\nnonsense", "multipart/form-data; boundary=x", 400, "malformed_body"},
		"an upload unbounded":    {"x", "multipart/form-data", 400, "malformed_body"},
		"another host":           {`{"url":"https://other.example/credentials/1"}`, "application/json", 422, "address_not_supported"},
		"the metadata service":   {`{"url":"http://169.254.169.254/latest"}`, "application/json", 422, "address_not_supported"},
		"a file":                 {`{"url":"file:///etc/passwd"}`, "application/json", 422, "address_not_supported"},
		"a host like ours":       {`{"url":"` + w.base + `.evil.example/credentials/x"}`, "application/json", 422, "address_not_supported"},
		"with a user":            {`{"url":"` + strings.Replace(w.base, "://", "://a@", 1) + `/v/x"}`, "application/json", 422, "address_not_supported"},
		"no badge's address":     {`{"url":"` + w.base + `/v1/credentials"}`, "application/json", 404, "not_found"},
		"an unknown id":          {`{"url":"` + w.base + `/v/AAAAAAAAAAAAAAAAAAAAAA"}`, "application/json", 404, "not_found"},
		"an unknown code":        {`{"code":"7K3M-9QPX"}`, "application/json", 404, "not_found"},
		"a code that is none":    {`{"code":7}`, "application/json", 400, "wrong_type"},
	} {
		start := processortest.Time()
		a := w.check(tc.body, tc.contentType)
		if a.status != tc.status || a.object(t)["code"] != tc.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, tc.status, tc.code)
		}
		if took := processortest.Time() - start; took > 3*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// What is no signature of an issuer is never valid, and is answered
// at once.
func TestTokensThatAreNoSignatures(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	jwt := string(w.get("/credentials/" + b.ID + ".jwt").body)
	parts := strings.Split(jwt, ".")
	enc := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, token := range map[string]string{
		"none":               enc(`{"alg":"none"}`) + "." + parts[1] + ".",
		"none with a tail":   enc(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2],
		"nOnE":               enc(`{"alg":"nOnE"}`) + "." + parts[1] + "." + parts[2],
		"HS256":              enc(`{"alg":"HS256","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"another signature":  parts[0] + "." + parts[1] + "." + enc(strings.Repeat("x", 64)),
		"another payload":    parts[0] + "." + enc(`{"iss":"x"}`) + "." + parts[2],
		"five parts":         jwt + ".a.b",
		"a line break":       parts[0] + ".\n" + parts[1] + "." + parts[2],
		"not canonical":      jwt[:len(jwt)-1] + "_",
		"critical":           enc(`{"alg":"EdDSA","crit":["b64"],"b64":false}`) + "." + parts[1] + "." + parts[2],
		"a megabyte of dots": strings.Repeat(".", 1<<20),
	} {
		start := processortest.Time()
		a := w.check(token, "application/vc+jwt")
		if a.status >= 500 || a.status == 200 && strings.Contains(string(a.body), `"verified":true`) {
			t.Errorf("%s: %d %.300s", name, a.status, a.body)
		}
		if took := processortest.Time() - start; took > 2*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// Whatever bytes come, the answer is a report or a refusal, never a failure.
func TestRandomBytesNeverFail(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	jwt := w.get("/credentials/" + b.ID + ".jwt").body
	random := rand.New(rand.NewPCG(1, 2))
	types := []string{"application/json", "application/vc+jwt", "text/plain", "application/octet-stream", "multipart/form-data; boundary=x"}
	for n := range 200 {
		var body []byte
		switch n % 3 {
		case 0:
			body = make([]byte, random.IntN(300))
			for i := range body {
				body[i] = byte(random.Uint32())
			}
		case 1:
			body = mutate(random, b.Credential)
		default:
			body = mutate(random, jwt)
		}
		a := w.check(string(body), types[random.IntN(len(types))])
		if a.status != 200 && (a.status < 400 || a.status >= 500) {
			t.Fatalf("case %d: %d %s\n%q", n, a.status, a.body, body)
		}
		if a.status == 200 && strings.Contains(string(a.body), `"verified":true`) && !sameJSON(body, b.Credential) {
			t.Fatalf("case %d is valid: %q", n, body)
		}
	}
}

func mutate(random *rand.Rand, raw []byte) []byte {
	out := bytes.Clone(raw)
	for range 1 + random.IntN(4) {
		at := random.IntN(len(out))
		switch random.IntN(3) {
		case 0:
			out[at] ^= 1 << random.IntN(8)
		case 1:
			out = append(out[:at], out[min(len(out), at+1+random.IntN(20)):]...)
		default:
			out = append(out[:at:at], append([]byte(`{"`), out[at:]...)...)
		}
		if len(out) == 0 {
			return out
		}
	}
	return out
}

// sameJSON reports whether a mutation changed nothing that is signed: blanks
// between tokens are not.
func sameJSON(a, b []byte) bool {
	va, errA := strictjson.Parse(a, strictjson.Limits{})
	vb, errB := strictjson.Parse(b, strictjson.Limits{})
	if errA != nil || errB != nil {
		return false
	}
	var x, y any
	_ = json.Unmarshal([]byte(va.Raw()), &x)
	_ = json.Unmarshal([]byte(vb.Raw()), &y)
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func TestViewOfABadge(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for _, tc := range []struct{ query, accept, want string }{
		{"", "", "text/html"}, {"", "*/*", "text/html"}, {"", browser, "text/html"}, {"", "application/json", "application/json"},
		{"", "application/json, text/html;q=0.9", "application/json"}, {"?format=json", browser, "application/json"}, {"?format=html", "application/json", "text/html"},
		{"?utm_source=feed&fbclid=x", browser, "text/html"},
	} {
		a := w.get("/v/"+b.ID+tc.query, "Accept", tc.accept).want(t, 200)
		if !strings.HasPrefix(a.header.Get("Content-Type"), tc.want) || a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%+v: %v", tc, a.header)
		}
	}
	w.get("/v/"+b.ID+"?format=xml").problem(t, 400, "invalid_parameter")
	var r report
	w.get("/v/"+b.ID+"?format=json").into(t, &r)
	if r.Verdict != "valid" || r.Register == nil || r.Register.Status != "active" || r.Credential.Recipient.Name != "Ana Mora 1" || string(r.Document) != string(b.Credential) {
		t.Errorf("%+v", r)
	}
	for _, path := range []string{"/v/" + b.ID, "/credentials/" + b.ID} {
		page := w.get(path, "Accept", browser, "Accept-Language", "fr").want(t, 200)
		for _, want := range []string{"Ana Mora 1", "Example City School", "/credentials/" + b.ID + ".json", "/credentials/" + b.ID + "/qr.", w.base + "/credentials/" + b.ID} {
			if !bytes.Contains(page.body, []byte(want)) {
				t.Errorf("%s does not show %s", path, want)
			}
		}
	}
}

func TestRevokedBadgeKeepsItsPage(t *testing.T) {
	w := newWorld(t)
	coded, worded := w.issue(1), w.issue(2)
	w.post("/v1/credentials/"+coded.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, 200)
	w.post("/v1/credentials/"+worded.ID+"/revoke", `{"reason":"Ben Otieno copied from Ana"}`).want(t, 200)
	for _, path := range []string{"/v/" + coded.ID, "/credentials/" + coded.ID} {
		page := w.get(path, "Accept", "text/html").want(t, 200)
		if !bytes.Contains(page.body, []byte("Revoked")) || !bytes.Contains(page.body, []byte("issued in error")) {
			t.Errorf("%s", page.body)
		}
	}
	var r report
	w.get("/v/"+coded.ID+"?format=json").into(t, &r)
	if r.Verdict != "invalid" || r.Register.Status != "revoked" || r.Register.Reason != "issued_in_error" || r.Register.Since == "" {
		t.Errorf("%+v", r.Register)
	}
	// An operator's own words stay with the operator.
	for _, a := range []answer{w.get("/v/"+worded.ID, "Accept", "text/html"), w.get("/v/" + worded.ID + "?format=json")} {
		if a.status != 200 || bytes.Contains(a.body, []byte("Otieno")) {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

func TestLanguageOfTheAnswer(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	seen := map[string]string{}
	for _, tc := range []struct{ query, header, want string }{
		{"", "", "en"}, {"", "ar", "ar"}, {"", "de, ar;q=0.5", "ar"}, {"?lang=ar", "en", "ar"}, {"?lang=xx", "ar", "ar"}, {"?lang=%3Cscript%3E", "", "en"},
	} {
		a := w.do(request{method: "POST", path: "/v1/verify" + tc.query, body: string(b.Credential),
			header: map[string]string{"Content-Type": "application/vc", "Accept-Language": tc.header}}).want(t, 200)
		if a.header.Get("Content-Language") != tc.want {
			t.Errorf("%+v: %s", tc, a.header.Get("Content-Language"))
		}
		var r report
		a.into(t, &r)
		seen[tc.want] = r.Summary
	}
	if seen["en"] == seen["ar"] {
		t.Errorf("both say %q", seen["en"])
	}
}

func TestForm(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	good := string(b.Credential)
	send := func(body, contentType string) answer {
		return w.do(request{method: "POST", path: "/verify", body: body, header: map[string]string{"Content-Type": contentType, "Accept": "text/html"}})
	}
	parts := func(pairs ...string) answer {
		body, contentType := multipartForm(t, pairs...)
		return send(body, contentType)
	}
	fields := func(pairs ...string) answer {
		v := url.Values{}
		for n := 0; n+1 < len(pairs); n += 2 {
			v.Set(pairs[n], pairs[n+1])
		}
		return send(v.Encode(), "application/x-www-form-urlencoded")
	}
	for name, tc := range map[string]struct {
		a      answer
		status int
		shows  string
	}{
		"a file":          {parts("file", "badge.json", good, "address", "", "", "document", "", "", "lang", "", "en"), 200, "Ana Mora 1"},
		"a pasted badge":  {parts("file", "", "", "address", "", "", "document", "", good), 200, "Ana Mora 1"},
		"urlencoded":      {fields("document", good), 200, "Ana Mora 1"},
		"a link":          {fields("address", b.VerifyURL), 200, "Ana Mora 1"},
		"an id":           {fields("address", " "+b.ID+" "), 200, "Ana Mora 1"},
		"in Arabic":       {fields("document", good, "lang", "ar"), 200, `dir="rtl"`},
		"a changed badge": {fields("document", strings.Replace(good, "Ana Mora 1", "Eve", 1)), 200, "Changed after signing"},
		"nothing":         {fields("address", ""), 400, "could not read"},
		"nonsense":        {fields("document", "hello"), 400, "could not read"},
		"a picture":       {parts("file", "a.png", "\x89PNG\r\n\x1a\n"), 400, "could not read"},
		"a PDF":           {parts("file", "badge.txt", attachmenttest.PDF("a note", good)), 200, "Ana Mora 1"},
		"a changed PDF":   {parts("file", "a.pdf", attachmenttest.PDF(strings.Replace(good, "Ana Mora 1", "Eve", 1))), 200, "Changed after signing"},
		"an empty PDF":    {parts("file", "a.pdf", attachmenttest.PDF()), 400, "This file holds no badge"},
		"too much":        {parts("file", "a", strings.Repeat("x", 2<<20)), 413, "could not read"},
		"a wrong code":    {fields("address", "7K3M-9QPX"), 404, "No badge has this code"},
		"an unknown link": {fields("address", w.base+"/v/AAAAAAAAAAAAAAAAAAAAAA"), 404, "There is no badge at this address"},
		"another service": {fields("address", "https://other.example/b/1"), 422, "could not read"},
		"JSON for a form": {send(good, "application/json"), 415, "could not read"},
		"a broken form":   {send("a=%zz", "application/x-www-form-urlencoded"), 400, "could not read"},
	} {
		if tc.a.status != tc.status || !bytes.Contains(tc.a.body, []byte(tc.shows)) || !strings.HasPrefix(tc.a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %.2000s", name, tc.a.status, tc.a.body)
		}
		if tc.a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", name, tc.a.header.Get("Cache-Control"))
		}
	}
}

// A person asks by the form of the badge's page, and reads the answer on it. The
// badge is none the worse for being another's.
func TestIsItTheirsOnThePage(t *testing.T) {
	w := newWorld(t)
	b := w.issue(7)
	ask := func(query string, fields url.Values) answer {
		return w.do(request{method: "POST", path: "/v/" + b.ID + "/match" + query, body: fields.Encode(), header: map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}})
	}
	for _, c := range []struct{ identifier, lang, answer string }{
		{"ana.7@learner.example", "en", "<strong class=\"result\">"}, {"ana.7@learner.example", "en", "Yes.</strong> What you typed belongs to the holder"},
		{"ana.8@learner.example", "en", "No.</strong> What you typed does not belong to the holder"}, {"ana.8@learner.example", "ar", "لا.</strong>"},
	} {
		a := ask("", url.Values{"identifier": {c.identifier}, "lang": {c.lang}}).want(t, http.StatusOK)
		for _, want := range []string{c.answer, `role="status"`, `class="verdict valid"`, `lang="` + c.lang + `"`, `action="/v/` + b.ID + `/match#match"`} {
			if !bytes.Contains(a.body, []byte(want)) {
				t.Errorf("%s %s: the page lacks %q", c.identifier, c.lang, want)
			}
		}
		if bytes.Contains(a.body, []byte(c.identifier)) || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s stands on the page, or it may be kept: %v", c.identifier, a.header)
		}
	}
	ask("", url.Values{"identifier": {"Ana"}}).want(t, http.StatusUnprocessableEntity)
	ask("", url.Values{}).want(t, http.StatusBadRequest)
	ask("?edition=2", url.Values{"identifier": {"a@b.example"}}).want(t, http.StatusNotFound)
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	if a := ask("", url.Values{"identifier": {"ana.7@learner.example"}}).want(t, http.StatusOK); !bytes.Contains(a.body, []byte(`class="verdict invalid"`)) ||
		!bytes.Contains(a.body, []byte("Yes.</strong>")) {
		t.Error("who holds a withdrawn badge is not told")
	}
}

// Whoever is shown a badge can ask whether it is the person's before them.
func TestIsItTheirs(t *testing.T) {
	w := newWorld(t)
	w.put("/v1/issuers/other-school", `{"name":"Example Other School","plainOnly":true}`, w.all).want(t, http.StatusOK)
	b, without := w.issue(7), w.issueOf("other-badge", 8)
	ask := func(id, body string, query ...string) answer {
		t.Helper()
		return w.do(request{method: "POST", path: "/v/" + id + "/match" + strings.Join(query, ""), body: body, header: map[string]string{"Content-Type": "application/json"}})
	}
	yes, no := true, false
	for _, c := range []struct {
		id, identifier string
		match          *bool
		code           string
	}{
		{b.ID, "ana.7@learner.example", &yes, "recipient_matches"}, {b.ID, " Ana.7@Learner.example ", &yes, "recipient_matches"},
		{b.ID, "ana.8@learner.example", &no, "recipient_differs"}, {b.ID, "@", &no, "recipient_differs"},
		{b.ID, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", &no, "recipient_differs"},
		{without.ID, "ana.8@learner.example", nil, "recipient_unstated"},
	} {
		var said struct {
			Match         *bool
			Code, Message string
		}
		a := ask(c.id, fmt.Sprintf(`{"identifier":%q}`, c.identifier)).want(t, http.StatusOK)
		a.into(t, &said)
		if same := (said.Match == nil) == (c.match == nil) && (c.match == nil || *said.Match == *c.match); !same || said.Code != c.code || said.Message == "" {
			t.Errorf("%s: %s", c.identifier, a.body)
		}
		if a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("it may be kept: %v", a.header)
		}
	}
	for body, want := range map[string]int{`{}`: 400, `{"identifier":""}`: 400, `{"identifier":null}`: 400, `{"identifier":"Ana"}`: 422,
		`{"identifier":"` + strings.Repeat("a", 1000) + `@x.example"}`: 422, `{"identifier":"a@b.example","more":1}`: 400, `[]`: 400, `{"identifier":"` + strings.Repeat("a", 5000) + `"}`: 413} {
		ask(b.ID, body).want(t, want)
	}
	ask("AAAAAAAAAAAAAAAAAAAAAA", `{"identifier":"a@b.example"}`).problem(t, http.StatusNotFound, "not_found")
	ask(b.ID, `{"identifier":"a@b.example"}`, "?edition=2").problem(t, http.StatusNotFound, "not_found")
	ask(b.ID, `{"identifier":"a@b.example"}`, "?email=x").problem(t, http.StatusBadRequest, "unknown_parameter")
	w.do(request{method: "POST", path: "/v/" + b.ID + "/match", body: "a@b.example", header: map[string]string{"Content-Type": "text/plain"}}).want(t, http.StatusUnsupportedMediaType)
	// It is answered from what is signed, also when the badge is no longer in force; not when the person is gone.
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	if a := ask(b.ID, `{"identifier":"ana.7@learner.example"}`).want(t, http.StatusOK); !bytes.Contains(a.body, []byte(`"match":true`)) {
		t.Errorf("revoked: %s", a.body)
	}
	w.do(request{method: "DELETE", path: "/v1/credentials/" + b.ID + "/personal-data", token: w.all}).want(t, http.StatusOK)
	ask(b.ID, `{"identifier":"ana.7@learner.example"}`).problem(t, http.StatusGone, "erased")
}
