package api_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/endorser"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/keys"
	"laurel/keys/keyring"
)

// endorsed is what tests need of an endorsement.
type endorsed struct {
	ID, URL, Endorser, Comment string
	Subject                    struct{ ID, Achievement, Issuer, Credential string }
	WithdrawnAt                *string
	Duplicate                  bool
}

const (
	networkBody = `{"name":"Example Network of Healthy Cities","url":"https://cities-network.example/","email":"office@cities-network.example","listed":true}`
	ourRequest  = `{"endorser":"cities-network","subject":{"achievement":"healthy-city"},"comment":"Member cities recognise this badge for new coordinators."}`
)

// page reads one of our pages as a browser does.
func (w *world) page(path string) string {
	w.t.Helper()
	return string(w.get(path, "Accept", "text/html").want(w.t, http.StatusOK).body)
}

// outsider signs with a did:key of its own.
type outsider struct {
	signer keys.Signer
	suite  proof.Securer
	id     string
}

func newOutsider(t *testing.T) outsider {
	t.Helper()
	ring := must(keyring.Create(filepath.Join(t.TempDir(), "theirs"), keyring.Seal{}))(t)
	m := must(ring.Generate(t.Context(), "theirs", "", keys.EdDSA))(t)
	return outsider{must(ring.Issuer("theirs").Active(t.Context(), keys.EdDSA))(t), proof.EdDSARDFC2022{Canon: must(canon.New())(t)}, m.Controller}
}

func (o outsider) sign(t *testing.T, in, subject, more string, suite proof.Securer) string {
	t.Helper()
	doc := must(badge.Parse([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
		"id":"https://national-network.example/endorsements/7","type":["VerifiableCredential","EndorsementCredential"],"name":"Endorsement of a badge",
		"issuer":{"id":"` + in + `","type":["Profile"],"name":"The Best of All Networks"},"validFrom":"2025-03-01T00:00:00Z",` + more + `
		"credentialSubject":{"id":"` + subject + `","type":["EndorsementSubject"],"endorsementComment":"Accredited <b>provider</b>."}}`)))(t)
	return string(must(suite.Secure(t.Context(), doc, o.signer, time.Now()))(t).Raw())
}

// N1 and N6: what a listed endorser says late stands on the pages of the
// achievement and of badges that were issued before, under its name.
func TestEndorsementsOnPages(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	before := string(w.get("/credentials/" + b.ID + ".json").body)
	if body := w.page("/v/" + b.ID); strings.Contains(body, "Current endorsements") {
		t.Error("nobody has endorsed anything yet")
	}
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	var made endorsed
	a := w.post("/v1/endorsements", ourRequest).want(t, http.StatusCreated)
	a.into(t, &made)
	if a.header.Get("Location") != "/endorsements/"+made.ID || made.Subject.ID != w.base+"/achievements/healthy-city" || made.Subject.Issuer != city {
		t.Errorf("%s", a.body)
	}
	w.post("/v1/endorsements", strings.Replace(ourRequest, `"achievement":"healthy-city"`, `"issuer":"city-school"`, 1)).want(t, http.StatusCreated)
	for path, times := range map[string]int{"/v/" + b.ID: 2, "/credentials/" + b.ID: 2, "/achievements/healthy-city": 1, "/achievements/healthy-city/fr": 1,
		"/issuers/" + city: 1, "/achievements/workshop-participant": 0, "/issuers/" + other: 0} {
		if n := strings.Count(w.page(path), "Endorsed by <bdi dir=\"auto\">Example Network of Healthy Cities</bdi>"); n != times {
			t.Errorf("%s names the endorser %d times, not %d", path, n, times)
		}
	}
	if after := string(w.get("/credentials/" + b.ID + ".json").body); after != before {
		t.Error("the badge was changed")
	}
	// The endorser is resolved from our host, by what is published there.
	signed := w.get(strings.TrimPrefix(made.URL, w.base)).want(t, http.StatusOK)
	if report := w.post("/v1/verify", string(signed.body)).want(t, http.StatusOK).object(t); report["verdict"] != "valid" {
		t.Errorf("%v", report["summary"])
	}
	did := w.get("/issuers/endorser-cities-network/did.json").want(t, http.StatusOK).object(t)
	if id := "did:web:badges.example:issuers:endorser-cities-network"; did["id"] != id || !strings.Contains(string(signed.body), `"id":"`+id+`"`) {
		t.Errorf("%v", did["id"])
	}
	var list struct{ Items []map[string]any }
	w.get("/achievements/healthy-city/endorsements").want(t, http.StatusOK).into(t, &list)
	if len(list.Items) != 1 || list.Items[0]["result"] != "pass" || fmt.Sprint(list.Items[0]["endorser"]) !=
		"map[id:did:web:badges.example:issuers:endorser-cities-network listed:true name:Example Network of Healthy Cities url:https://cities-network.example/]" {
		t.Errorf("%v", list.Items)
	}
	w.get("/achievements/nothing/endorsements").problem(t, http.StatusNotFound, "not_found")
	w.get("/endorsements/AAAAAAAAAAAAAAAAAAAAAA").problem(t, http.StatusNotFound, "not_found")
}

// An endorser that the operator has not listed is an unverified party, whatever
// it calls itself, and what it says is text.
func TestUnverifiedParty(t *testing.T) {
	w := newSecureWorld(t)
	they := newOutsider(t)
	b := w.issue(1)
	w.put("/v1/endorsers/best", `{"key":"external","id":"`+they.id+`","name":"The Best of All Networks","url":"https://best.example/"}`, w.all).want(t, http.StatusCreated)
	raw := they.sign(t, they.id, w.base+"/achievements/healthy-city", "", they.suite)
	var made endorsed
	w.post("/v1/endorsements", raw).want(t, http.StatusCreated).into(t, &made)
	if got := string(w.get("/endorsements/"+made.ID).want(t, http.StatusOK).body); got != raw {
		t.Errorf("it was kept as %s", got)
	}
	for _, path := range []string{"/v/" + b.ID, "/achievements/healthy-city"} {
		body := w.page(path)
		if !strings.Contains(body, "Endorsed by an unverified party") || !strings.Contains(body, "Accredited &lt;b&gt;provider&lt;/b&gt;.") {
			t.Errorf("%s does not tell of the party", path)
		}
		if strings.Contains(body, "The Best of All Networks") || strings.Contains(body, "best.example") {
			t.Errorf("%s names the party", path)
		}
	}
	if list := string(w.get("/achievements/healthy-city/endorsements").want(t, http.StatusOK).body); strings.Contains(list, "The Best") || !strings.Contains(list, `"listed":false`) {
		t.Errorf("%s", list)
	}
	// As a token, which is served as one; the same words again would be the same
	// endorsement.
	token := they.sign(t, they.id, w.base+"/achievements/healthy-city", `"validUntil":"2099-01-01T00:00:00Z",`, proof.VCJWT{})
	w.post("/v1/endorsements", token, "Content-Type", "application/vc+jwt").want(t, http.StatusCreated).into(t, &made)
	if got := w.get("/endorsements/"+made.ID, "Accept", "*/*").want(t, http.StatusOK); got.header.Get("Content-Type") != "application/vc+jwt" || string(got.body) != token {
		t.Errorf("%v, %s", got.header, got.body)
	}
}

// N2 and N4: another key, and another subject.
func TestEndorsementsThatAreRefused(t *testing.T) {
	w := newSecureWorld(t)
	they, somebody := newOutsider(t), newOutsider(t)
	w.put("/v1/endorsers/network", `{"key":"external","id":"`+they.id+`","name":"Network","listed":true}`, w.all).want(t, http.StatusCreated)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	course := w.base + "/achievements/healthy-city"
	own := outsider{must(w.keys.Issuer(city).Active(t.Context(), keys.EdDSA))(t), they.suite, issuer.DID(w.base, city)}
	for name, c := range map[string]struct{ body, code, pointer string }{
		"the issuer's key":       {own.sign(t, they.id, course, "", they.suite), "wrong_controller", "/proof/verificationMethod"},
		"the issuer's word":      {own.sign(t, own.id, course, "", they.suite), "endorser_unknown", "/issuer"},
		"somebody's key":         {somebody.sign(t, they.id, course, "", they.suite), "wrong_controller", "/proof/verificationMethod"},
		"somebody's word":        {somebody.sign(t, somebody.id, course, "", they.suite), "endorser_unknown", "/issuer"},
		"in the name of ours":    {somebody.sign(t, issuer.DID(w.base, endorser.Party("cities-network")), course, "", they.suite), "endorser_ours", "/issuer"},
		"altered":                {strings.Replace(they.sign(t, they.id, course, "", they.suite), "Accredited", "Recommended", 1), "proof_invalid", "/proof"},
		"expired":                {they.sign(t, they.id, course, `"validUntil":"2025-04-01T00:00:00Z",`, they.suite), "expired", "/validUntil"},
		"of nothing here":        {they.sign(t, they.id, "https://elsewhere.example/a", "", they.suite), "subject_unknown", "/credentialSubject/id"},
		"asked of an external":   {strings.Replace(ourRequest, "cities-network", "network", 1), "endorser_external", "/endorser"},
		"of an unknown":          {strings.Replace(ourRequest, "healthy-city", "unhealthy-city", 1), "subject_unknown", "/subject/achievement"},
		"of two things":          {strings.Replace(ourRequest, `"healthy-city"`, `"healthy-city","issuer":"city-school"`, 1), "subject_invalid", "/subject"},
		"from no day":            {strings.Replace(ourRequest, `"comment"`, `"validFrom":"soon","comment"`, 1), "date_invalid", "/validFrom"},
		"a member that is known": {strings.Replace(ourRequest, `"comment"`, `"proof":{},"comment"`, 1), "unknown_member", "/proof"},
	} {
		a := w.post("/v1/endorsements", c.body)
		status := http.StatusUnprocessableEntity
		if c.code == "unknown_member" {
			status = http.StatusBadRequest
		}
		a.problem(t, status, c.code)
		if !strings.Contains(string(a.body), `"pointer":"`+c.pointer+`"`) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	w.post("/v1/endorsements", ourRequest, "Content-Type", "text/csv").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	w.post("/v1/endorsements", strings.Repeat(" ", endorser.MaxBytes+1)).problem(t, http.StatusRequestEntityTooLarge, "too_large")
	if n := w.store.count("z/c/"); n != 0 {
		t.Errorf("%d were kept", n)
	}
	// N4: what is about another achievement is shown there alone.
	w.post("/v1/endorsements", they.sign(t, they.id, w.base+"/achievements/other-badge", "", they.suite)).want(t, http.StatusCreated)
	if strings.Contains(w.page("/achievements/healthy-city"), "Current endorsements") || !strings.Contains(w.page("/achievements/other-badge"), "Current endorsements") {
		t.Error("it is shown with another achievement")
	}
}

// N3: what has ended is told so, and the badge is valid.
func TestExpiredEndorsementOnPages(t *testing.T) {
	w := newSecureWorld(t)
	they := newOutsider(t)
	b := w.issue(1)
	w.put("/v1/endorsers/network", `{"key":"external","id":"`+they.id+`","name":"Network","listed":true}`, w.all).want(t, http.StatusCreated)
	until := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	w.post("/v1/endorsements", they.sign(t, they.id, w.base+"/achievements/healthy-city", `"validUntil":"`+until+`",`, they.suite)).want(t, http.StatusCreated)
	if body := w.page("/v/" + b.ID); !strings.Contains(body, "Endorsed by <bdi dir=\"auto\">Network</bdi>") {
		t.Error("it is not shown")
	}
	w.clock.advance(72 * time.Hour)
	body := w.page("/v/" + b.ID)
	if !strings.Contains(body, "The endorsement has expired.") || strings.Contains(body, "Endorsed by") || !strings.Contains(body, `class="verdict valid"`) {
		t.Error("it is not told as expired beside a valid badge")
	}
	if list := string(w.get("/achievements/healthy-city/endorsements").want(t, http.StatusOK).body); strings.TrimSpace(list) != `{"items":[]}` {
		t.Errorf("%s", list)
	}
}

// N5: what is withdrawn is current no more, and its status tells everybody.
func TestWithdrawnEndorsementOnPages(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	var made, gone endorsed
	w.post("/v1/endorsements", ourRequest).want(t, http.StatusCreated).into(t, &made)
	if !strings.Contains(w.page("/v/"+b.ID), "Endorsed by") {
		t.Fatal("it is not shown")
	}
	for range 2 {
		w.do(request{method: http.MethodDelete, path: "/v1/endorsements/" + made.ID, token: w.all}).want(t, http.StatusOK).into(t, &gone)
	}
	if gone.WithdrawnAt == nil || gone.ID != made.ID {
		t.Errorf("%+v", gone)
	}
	for _, path := range []string{"/v/" + b.ID, "/achievements/healthy-city"} {
		if strings.Contains(w.page(path), "Current endorsements") {
			t.Errorf("%s shows it still", path)
		}
	}
	signed := w.get("/endorsements/"+made.ID).want(t, http.StatusOK)
	report := w.post("/v1/verify", string(signed.body)).want(t, http.StatusOK).object(t)
	if report["verdict"] != "invalid" || !strings.Contains(fmt.Sprint(report["checks"]), "code:revoked") {
		t.Errorf("%v", report["summary"])
	}
	if verdict := w.post("/v1/verify", string(b.Credential)).object(t)["verdict"]; verdict != "valid" {
		t.Errorf("the badge is %v", verdict)
	}
	w.do(request{method: http.MethodDelete, path: "/v1/endorsements/AAAAAAAAAAAAAAAAAAAAAA", token: w.all}).problem(t, http.StatusNotFound, "not_found")
}

// TestEndorserKeyOnPages: what was endorsed before a key came into strange hands
// stands and says why; what was endorsed after that is not called forged, and is
// nobody's word.
func TestEndorserKeyOnPages(t *testing.T) {
	w := newSecureWorld(t)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	party := endorser.Party("cities-network")
	method := must(w.keys.Issuer(party).Active(t.Context(), keys.EdDSA))(t).Method()
	w.post("/v1/endorsements", ourRequest).want(t, http.StatusCreated)
	w.clock.advance(2 * time.Hour)
	w.post("/v1/endorsements", strings.Replace(ourRequest, "healthy-city", "other-badge", 1)).want(t, http.StatusCreated)
	if _, err := w.issuer.RevokeKey(t.Context(), issuer.KeyChange{Issuer: party, ID: method.ID, At: w.clock.now().Add(-time.Hour), Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.issuer.CreateKeys(t.Context(), issuer.NewKeys{Issuer: party, Algorithms: []keys.Algorithm{keys.EdDSA}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	const genuine, ended = "it was on record here before its key was withdrawn", "so nothing shows who made it"
	for path, want := range map[string][3]bool{"/achievements/healthy-city": {true, false, true}, "/achievements/other-badge": {false, true, false}} {
		body := w.page(path)
		if got := [3]bool{strings.Contains(body, genuine), strings.Contains(body, ended), strings.Contains(body, "Endorsed by <bdi")}; got != want || strings.Contains(body, "not genuine") {
			t.Errorf("%s says %v, not %v", path, got, want)
		}
	}
	var list struct {
		Items []struct{ Result, Code, Comment string }
	}
	w.get("/achievements/healthy-city/endorsements").want(t, http.StatusOK).into(t, &list)
	if len(list.Items) != 1 || list.Items[0].Code != "endorsement_holds" || list.Items[0].Result != "warn" || list.Items[0].Comment == "" {
		t.Errorf("%+v", list.Items)
	}
	list.Items = nil
	w.get("/achievements/other-badge/endorsements").want(t, http.StatusOK).into(t, &list)
	if len(list.Items) != 0 {
		t.Errorf("%+v", list.Items)
	}
}

// What was said of a badge is gone with its person.
func TestEndorsementOfAnErasedBadge(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	var made endorsed
	w.post("/v1/endorsements", strings.Replace(ourRequest, `"achievement":"healthy-city"`, `"credential":"`+b.ID+`"`, 1)).want(t, http.StatusCreated).into(t, &made)
	if !strings.Contains(w.page("/v/"+b.ID), "Endorsed by") {
		t.Error("it is not shown with the badge")
	}
	w.do(request{method: http.MethodDelete, path: "/v1/credentials/" + b.ID + "/personal-data", token: w.all}).want(t, http.StatusOK)
	w.get("/endorsements/"+made.ID).problem(t, http.StatusGone, "erased")
}

// A badge carries what stands when it is issued, where its achievement says so;
// the page shows it once.
func TestEmbeddedEndorsements(t *testing.T) {
	w := newSecureWorld(t)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	w.put("/v1/achievements/tram-driver", strings.Replace(definition, `"tag"`, `"embedEndorsements":true,"tag"`, 1), w.all).want(t, http.StatusCreated)
	w.post("/v1/endorsements", strings.Replace(ourRequest, "healthy-city", "tram-driver", 1)).want(t, http.StatusCreated)
	var b issued
	w.post("/v1/credentials", strings.Replace(award(1), "healthy-city", "tram-driver", 1)).want(t, http.StatusCreated).into(t, &b)
	report := w.post("/v1/verify", string(b.Credential)).want(t, http.StatusOK).object(t)
	if report["verdict"] != "valid" || !strings.Contains(fmt.Sprint(report["endorsements"]), "endorsement_holds") {
		t.Errorf("%v, %v", report["verdict"], report["endorsements"])
	}
	body := w.page("/v/" + b.ID)
	if !strings.Contains(body, "What others say about it") || strings.Contains(body, "Current endorsements") {
		t.Error("what is in the badge is shown twice, or not at all")
	}
	again := w.do(request{method: http.MethodGet, path: "/v1/achievements/tram-driver", token: w.all}).object(t)
	if again["embedEndorsements"] != true {
		t.Errorf("%v", again)
	}
}

// A repeated request has one answer.
func TestEndorsingAgain(t *testing.T) {
	w := newSecureWorld(t)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	w.clock.advance(time.Second)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusOK)
	var first, second endorsed
	w.post("/v1/endorsements", ourRequest, "Idempotency-Key", "k1").want(t, http.StatusCreated).into(t, &first)
	a := w.post("/v1/endorsements", ourRequest, "Idempotency-Key", "k1").want(t, http.StatusCreated)
	a.into(t, &second)
	if second.ID != first.ID || a.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s", a.body)
	}
	w.post("/v1/endorsements", ourRequest).want(t, http.StatusOK).into(t, &second)
	if second.ID != first.ID || !second.Duplicate {
		t.Errorf("%+v", second)
	}
	w.post("/v1/endorsements", strings.Replace(ourRequest, "Member", "All", 1), "Idempotency-Key", "k1").problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	var list struct {
		Items []endorsed
		Next  *string
	}
	for n := range 3 {
		w.post("/v1/endorsements", strings.Replace(ourRequest, "Member", fmt.Sprint("Number ", n), 1)).want(t, http.StatusCreated)
	}
	seen := map[string]bool{}
	for path := "/v1/endorsements?limit=3&achievement=healthy-city&endorser=cities-network&issuer=city-school"; path != ""; {
		list.Next = nil
		w.do(request{method: http.MethodGet, path: path, token: w.all}).want(t, http.StatusOK).into(t, &list)
		for _, e := range list.Items {
			seen[e.ID] = true
		}
		path = ""
		if list.Next != nil {
			path = strings.TrimPrefix(*list.Next, w.base)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d are listed", len(seen))
	}
	w.do(request{method: http.MethodGet, path: "/v1/endorsements?credential=x", token: w.all}).want(t, http.StatusOK).into(t, &list)
	if len(list.Items) != 0 {
		t.Errorf("%+v", list.Items)
	}
	w.do(request{method: http.MethodGet, path: "/v1/endorsements?cursor=x", token: w.all}).problem(t, http.StatusBadRequest, "invalid_parameter")
}

// Who speaks for whom: an endorser for itself, the issuer of what is endorsed
// for what others have signed, the operator for all, and about who is listed.
func TestWhoMayEndorse(t *testing.T) {
	w := newSecureWorld(t)
	they := newOutsider(t)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	w.put("/v1/endorsers/network", `{"key":"external","id":"`+they.id+`","name":"Network"}`, w.all).want(t, http.StatusCreated)
	scopes := []auth.Scope{auth.Endorse}
	network := w.token(auth.Token{Scopes: scopes, Issuers: []string{endorser.Party("cities-network")}})
	school := w.token(auth.Token{Scopes: scopes, Issuers: []string{city}})
	stranger := w.token(auth.Token{Scopes: scopes, Issuers: []string{other}})
	reader := w.token(auth.Token{Scopes: []auth.Scope{auth.Read}})
	endorse := func(body, token string) answer {
		return w.do(request{method: http.MethodPost, path: "/v1/endorsements", body: body, token: token, header: map[string]string{"Content-Type": "application/json"}})
	}
	var made, brought endorsed
	endorse(ourRequest, network).want(t, http.StatusCreated).into(t, &made)
	endorse(ourRequest, school).problem(t, http.StatusForbidden, "issuer_not_granted")
	endorse(ourRequest, reader).problem(t, http.StatusForbidden, "scope_missing")
	raw := they.sign(t, they.id, w.base+"/achievements/healthy-city", "", they.suite)
	endorse(raw, stranger).problem(t, http.StatusForbidden, "issuer_not_granted")
	endorse(raw, network).problem(t, http.StatusForbidden, "issuer_not_granted")
	endorse(raw, school).want(t, http.StatusCreated).into(t, &brought)
	remove := func(id, token string) answer {
		return w.do(request{method: http.MethodDelete, path: "/v1/endorsements/" + id, token: token})
	}
	remove(made.ID, school).problem(t, http.StatusNotFound, "not_found") // not its word
	remove(made.ID, stranger).problem(t, http.StatusNotFound, "not_found")
	remove(brought.ID, network).problem(t, http.StatusNotFound, "not_found")
	remove(brought.ID, school).want(t, http.StatusOK)
	remove(made.ID, network).want(t, http.StatusOK)
	own := strings.Replace(networkBody, `,"listed":true`, "", 1)
	w.put("/v1/endorsers/cities-network", own, network).want(t, http.StatusOK)
	w.put("/v1/endorsers/cities-network", networkBody, network).problem(t, http.StatusForbidden, "issuer_not_granted")
	w.put("/v1/endorsers/network", own, network).problem(t, http.StatusForbidden, "issuer_not_granted")
	w.put("/v1/endorsers/Network", own, w.all).problem(t, http.StatusBadRequest, "slug_invalid")
	w.put("/v1/endorsers/network", `{"slug":"x","name":"x"}`, w.all).problem(t, http.StatusUnprocessableEntity, "slug_mismatch")
	w.put("/v1/issuers/endorser-x", `{"name":"x"}`, w.all).problem(t, http.StatusUnprocessableEntity, "slug_reserved")
	for token, want := range map[string]string{network: "[cities-network]", school: "[]", w.all: "[cities-network network]"} {
		var list struct{ Items []struct{ Slug string } }
		w.do(request{method: http.MethodGet, path: "/v1/endorsers", token: token}).want(t, http.StatusOK).into(t, &list)
		slugs := []string{}
		for _, e := range list.Items {
			slugs = append(slugs, e.Slug)
		}
		if fmt.Sprint(slugs) != want {
			t.Errorf("%v, want %s", slugs, want)
		}
	}
	w.do(request{method: http.MethodGet, path: "/v1/endorsers/network", token: network}).problem(t, http.StatusNotFound, "not_found")
	w.do(request{method: http.MethodGet, path: "/v1/endorsers/cities-network", token: network}).want(t, http.StatusOK)
	w.do(request{method: http.MethodGet, path: "/v1/endorsements/" + made.ID, token: network}).want(t, http.StatusOK)
	w.do(request{method: http.MethodGet, path: "/v1/endorsements/" + made.ID, token: stranger}).problem(t, http.StatusNotFound, "not_found")
	problems, err := w.endorsers.Check(context.Background(), func(problem string) { t.Error(problem) })
	if err != nil || problems != 2 {
		t.Errorf("%d endorsements, %v", problems, err)
	}
}
