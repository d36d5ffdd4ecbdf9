package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hostileValues are put in the place of values that belong into a body; some are
// no JSON at all.
var hostileValues = []string{"null", "true", "1", "-1", "1e400", "-0.0", "99999999999999999999999999", "1.5", `""`, `"\u0000"`, `"\ud800"`, "\"\xff\xfe\"",
	"[]", "{}", "[null]", `{"":null}`, `{"a":1,"a":2}`, `"` + strings.Repeat("a", 9000) + `"`, strings.Repeat("[", 70) + strings.Repeat("]", 70), `"http://"`,
	"\"\u202e\"", `"2025-13-45"`, `"0000-01-01"`, `"9999999-01-01T00:00:00Z"`, `"P99999999999Y"`, `"-P1Y"`, `"PT0S"`, "NaN", "01", "1.", `"\x"`, "[1,]", `"../../x"`, `"a` + "\n" + `b"`}

// place marks where one of them goes.
var place = regexp.MustCompile(`"@@(\d+)@@"`)

// spoiled is a body with one to three of its members made hostile, or with its
// bytes changed.
func spoiled(t *testing.T, r *rand.Rand, body string) string {
	t.Helper()
	if r.IntN(5) == 0 {
		raw := []byte(body)
		raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
		return string(raw[:1+r.IntN(len(raw))])
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	for range 1 + r.IntN(3) {
		v = spoil(r, v)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return place.ReplaceAllStringFunc(out.String(), func(m string) string {
		n, _ := strconv.Atoi(place.FindStringSubmatch(m)[1])
		return hostileValues[n]
	})
}

func spoil(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 || r.IntN(6) == 0 {
			break
		}
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names) // a map has no order, and a seed has to have
		name := names[r.IntN(len(names))]
		switch r.IntN(8) {
		case 0:
			delete(v, name)
		case 1:
			v[[]string{"@id", "__proto__", "", "ID", "x\u0000"}[r.IntN(5)]] = v[name]
		default:
			v[name] = spoil(r, v[name])
		}
		return v
	case []any:
		if len(v) > 0 && r.IntN(3) > 0 {
			n := r.IntN(len(v))
			v[n] = spoil(r, v[n])
			return v
		}
	}
	return fmt.Sprintf("@@%d@@", r.IntN(len(hostileValues)))
}

// doors are the calls that take JSON, each with a body that is in order and has
// every member that is known.
func (w *world) doors() map[string]string {
	w.t.Helper()
	b := w.issueOf("licence", 1)
	of := "/v1/credentials/" + b.ID
	credential := string(b.Credential)
	return map[string]string{
		"POST /v1/verify":            credential,
		"POST /v/" + b.ID + "/match": `{"identifier":"a@b.example"}`,
		"POST /credentials/verify":   `{"verifiableCredential":` + credential + `,"options":{"checks":["proof"],"returnCredential":true,"returnResults":true,"returnProblemDetails":true}}`,
		"POST /presentations/verify": `{"presentation":{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[` + credential +
			`]},"options":{"challenge":"a","domain":"b","checks":["x"],"returnPresentation":true}}`,
		"POST /credentials/issue": `{"credential":` + strings.Replace(generic, "ISSUER", w.vcIssuer(), 1) +
			`,"options":{"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","keyType":"Ed25519","statusPurpose":["revocation"]}}`,
		"POST /credentials/status": `{"credentialId":"` + b.CredentialID + `","credentialStatus":[{"id":null,"type":"BitstringStatusListEntry","statusPurpose":"suspension","statusListIndex":"1","statusListCredential":null}],"status":false}`,
		"POST /v1/credentials": `{"achievement":"healthy-city","edition":"-","recipient":{"name":"Ana","email":"b@learner.example","externalId":"x","did":null},"awardedAt":"2025-07-11",
			"validUntil":null,"activity":{"start":"2025-07-10","end":"2025-07-11"},"role":"r","narrative":"n","evidence":[{"id":"https://a.example/","name":"x"}],"results":[],
			"creditsEarned":1,"language":"fr","externalRef":"c","onDuplicate":"return"}`,
		"POST /v1/credentials/batch":  `{"items":[{"achievement":"healthy-city","recipient":{"name":"B","email":"c@learner.example"},"awardedAt":"2025-07-11","idempotencyKey":"k1"}]}`,
		"POST /v1/credentials/status": `{"items":[{"id":"` + b.ID + `","action":"reinstate","reason":"x"}]}`,
		"POST " + of + "/suspend":     `{"reason":"x"}`,
		"POST " + of + "/reissue": `{"reason":"r","recipient":{"name":"Ann","email":"d@learner.example","externalId":"y"},"activity":{"start":"2025-01-01","end":""},"role":"r",
			"narrative":"n","evidence":[],"results":[],"creditsEarned":1,"language":"en","externalRef":"z"}`,
		"POST " + of + "/renew": `{"reason":"x","validUntil":"2030-01-01"}`,
		"PATCH " + of:           `{"reason":"x","recipient":{"email":"e@learner.example","externalId":"q"},"language":"en","externalRef":"u"}`,
		"PUT /v1/achievements/licence": `{"slug":"licence","version":"2","issuer":"city-school","achievementType":"Badge","inLanguage":"en","name":{"en":"L","fr":"M"},"description":"d","criteria":"c",
			"criteriaUrl":"https://a.example/","resultDescription":[{"id":"a","name":"n","resultType":"Percent","valueMin":"0","valueMax":"100"}],"creditsAvailable":1.5,"tag":["a"],
			"alignment":[{"targetName":"t","targetUrl":"https://b.example/"}],"ladder":{"group":"g","rank":1},"validity":"P1Y","results":"score","suspendable":true}`,
		"PUT /v1/issuers/city-school":       `{"name":"City","url":"https://c.example/","email":"a@b.example","phone":"1","description":"d","plainOnly":false}`,
		"PUT /v1/endorsers/network":         `{"slug":"network","id":"did:web:network.example","key":"external","verificationMethod":null,"name":"N","url":"https://a.example/","email":"a@b.example","description":"d","listed":true}`,
		"POST /v1/endorsements":             `{"endorser":"network","subject":{"achievement":"healthy-city","issuer":null,"credential":null},"comment":"c","validFrom":"2025-01-01","validUntil":null}`,
		"POST /v1/issuers/city-school/keys": `{"algorithms":["ES512"],"activateAt":"2030-01-01T00:00:00Z","rotate":false}`,
	}
}

// Whatever stands in a body: it is taken or refused as described, by a problem
// that points into it, and never a fault of ours.
func TestHostileBodies(t *testing.T) {
	w := newWorld(t)
	w.licence()
	doors := w.doors()
	for _, seed := range []uint64{1, 2, 3} {
		for door, body := range doors {
			method, path, _ := strings.Cut(door, " ")
			r := rand.New(rand.NewPCG(seed, uint64(len(path))))
			for range 15 {
				sent := spoiled(t, r, body)
				a := w.do(request{method: method, path: path, body: sent, token: w.all, header: map[string]string{"Content-Type": "application/json"}})
				if a.status >= http.StatusInternalServerError {
					t.Errorf("%s: %d for %.300q: %s", door, a.status, sent, a.body)
				}
				if a.status >= http.StatusBadRequest {
					w.holdProblem(door, sent, a)
				}
			}
		}
	}
	if log := w.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		at := strings.Index(log, `"level":"ERROR"`)
		t.Errorf("a fault of ours: %.600s", log[at:])
	}
}

// holdProblem holds that an answer which refuses is a problem document, or a
// verdict of the VC-API.
func (w *world) holdProblem(door, sent string, a answer) {
	w.t.Helper()
	if a.header.Get("Content-Type") != "application/problem+json" {
		if !bytes.Contains(a.body, []byte(`"verified":false`)) {
			w.t.Errorf("%s: %d as %s for %.300q", door, a.status, a.header.Get("Content-Type"), sent)
		}
		return
	}
	var p struct {
		Code, Detail string
		Status       int
		Errors       []struct{ Pointer, Code, Message string }
	}
	a.into(w.t, &p)
	if p.Status != a.status || p.Code == "" || p.Detail == "" {
		w.t.Errorf("%s: %s", door, a.body)
	}
	for _, e := range p.Errors {
		if e.Pointer != "" && e.Pointer[0] != '/' || e.Code == "" || e.Message == "" {
			w.t.Errorf("%s: %s", door, a.body)
		}
	}
}
