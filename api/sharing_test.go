package api_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	metaPattern = regexp.MustCompile(`<meta (?:name|property)="([^"]+)" content="([^"]*)">`)
	hrefPattern = regexp.MustCompile(`href="(https://www\.linkedin\.com/[^"]+|mailto:[^"]+)"`)
)

// metas are the tags of a page by their names.
func metas(page string) map[string][]string {
	all := map[string][]string{}
	for _, m := range metaPattern.FindAllStringSubmatch(page, -1) {
		all[m[1]] = append(all[m[1]], html.UnescapeString(m[2]))
	}
	return all
}

// sharedLinks are the links that lead out of the section of sharing.
func sharedLinks(page string) (add, post, mail string) {
	for _, m := range hrefPattern.FindAllStringSubmatch(page, -1) {
		switch href := html.UnescapeString(m[1]); {
		case strings.Contains(href, "/profile/add?"):
			add = href
		case strings.Contains(href, "/share-offsite/"):
			post = href
		case strings.HasPrefix(href, "mailto:"):
			mail = href
		}
	}
	return add, post, mail
}

// LinkedIn is given what its description asks for, every value encoded, in the
// order of that, and nothing that is not so.
func TestLinkedIn(t *testing.T) {
	w := newSecureWorld(t)
	w.put("/v1/achievements/odd", `{"issuer":"city-school","name":"R&D + \"Ethics\" 100% – Santé=oui?","description":"x","criteria":"y","validity":"P2Y"}`, w.all).want(t, http.StatusCreated)
	var b, plain issued
	w.post("/v1/credentials", `{"achievement":"odd","recipient":{"name":"Ana Mora"},"awardedAt":"2025-07-11"}`).want(t, http.StatusCreated).into(t, &b)
	w.post("/v1/credentials", strings.Replace(award(1), "2025-07-11", "2025-11-30T23:30:00-05:00", 1)).want(t, http.StatusCreated).into(t, &plain)
	for _, tc := range []struct {
		of   issued
		want url.Values
	}{
		{b, url.Values{"startTask": {"CERTIFICATION_NAME"}, "name": {`R&D + "Ethics" 100% – Santé=oui?`}, "organizationName": {"Example City School"}, "issueYear": {"2025"},
			"issueMonth": {"7"}, "expirationYear": {"2027"}, "expirationMonth": {"7"}, "certUrl": {w.base + "/v/" + b.ID}, "certId": {b.ID}}},
		{plain, url.Values{"startTask": {"CERTIFICATION_NAME"}, "name": {"Healthy City in 20 Steps"}, "organizationName": {"Example City School"}, "issueYear": {"2025"},
			"issueMonth": {"12"}, "certUrl": {w.base + "/v/" + plain.ID}, "certId": {plain.ID}}},
	} {
		page := w.page("/credentials/" + tc.of.ID)
		add, post, mail := sharedLinks(page)
		u, err := url.Parse(add)
		if err != nil || u.Host != "www.linkedin.com" || u.Path != "/profile/add" || strings.Contains(u.RawQuery, "+") || u.Query().Encode() != tc.want.Encode() {
			t.Errorf("%s: %v %v\nwant %v", add, err, u.Query(), tc.want)
		}
		if post != "https://www.linkedin.com/sharing/share-offsite/?url="+url.QueryEscape(w.base+"/credentials/"+tc.of.ID) {
			t.Errorf("%s", post)
		}
		m, err := url.Parse(mail)
		if err != nil || m.Scheme != "mailto" || strings.Contains(m.RawQuery, "+") || !strings.Contains(m.Query().Get("body"), w.base+"/credentials/"+tc.of.ID) {
			t.Errorf("%s", mail)
		}
		for name, value := range map[string]string{"share-name": tc.want.Get("name"), "share-issuer": "Example City School", "share-id": tc.of.ID, "share-url": w.base + "/v/" + tc.of.ID, "share-link": w.base + "/credentials/" + tc.of.ID} {
			if !strings.Contains(page, `<input id="`+name+`" type="text" readonly value="`+html.EscapeString(value)+`"`) && !strings.Contains(html.UnescapeString(page), `<input id="`+name+`" type="text" readonly value="`+value+`"`) {
				t.Errorf("the field %s has not %q", name, value)
			}
		}
	}
	w.put("/v1/issuers/city-school", `{"name":"Example City School","linkedinOrganizationId":"x1"}`, w.all).problem(t, http.StatusUnprocessableEntity, "organization_invalid")
	w.put("/v1/issuers/city-school", `{"name":"Example City School","linkedinOrganizationId":"1337133713","notify":"everybody"}`, w.all).want(t, http.StatusUnprocessableEntity)
	w.put("/v1/issuers/city-school", `{"name":"Example City School","linkedinOrganizationId":"1337133713"}`, w.all).want(t, http.StatusOK)
	add, _, _ := sharedLinks(w.page("/credentials/" + b.ID))
	if u, err := url.Parse(add); err != nil || u.Query().Get("organizationId") != "1337133713" || u.Query().Has("organizationName") {
		t.Errorf("%s", add)
	}
	if page := w.page("/issuers/city-school"); strings.Contains(page, "1337133713") {
		t.Error("the number is no part of the profile")
	}
	if page := w.page("/credentials/" + b.ID); !strings.Contains(page, "Keep it or pass it on") {
		t.Error("what is in force is not offered to be passed on")
	}
	// What is out of force is not passed on.
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	page := w.page("/credentials/" + b.ID)
	if add, post, mail := sharedLinks(page); add+post+mail != "" || strings.Contains(page, "pass it on") || !strings.Contains(page, `<h2 id="copies">Files</h2>`) {
		t.Errorf("a revoked badge: %s %s %s", add, post, mail)
	}
}

// A trial counts for nothing, so nobody is helped to tell others of it; nor does
// a frame show its picture or its name.
func TestTrialsAreNotPassedOn(t *testing.T) {
	w := newSecureWorld(t)
	_, test := w.both()
	var b issued
	w.with(test, "POST", "/v1/credentials", award(1)).want(t, http.StatusCreated).into(t, &b)
	for _, path := range []string{"/credentials/" + b.ID, w.claim(b)} {
		page := w.page(path)
		if add, post, mail := sharedLinks(page); add+post+mail != "" || strings.Contains(page, "pass it on") {
			t.Errorf("%s: %s %s %s", path, add, post, mail)
		}
	}
	if view := w.page("/credentials/" + b.ID + "/embed"); strings.Contains(view, "image.png") || strings.Contains(view, "Healthy City") {
		t.Errorf("%s", view)
	}
}

// An edition that was replaced says so in a frame as on its page, by the address
// that its page names.
func TestEmbedOfAnEdition(t *testing.T) {
	w := newSecureWorld(t)
	w.put("/v1/achievements/odd", `{"issuer":"city-school","name":"Odd","description":"x","criteria":"y","validity":"P2Y"}`, w.all).want(t, http.StatusCreated)
	b := w.issueOf("odd", 1)
	w.post("/v1/credentials/"+b.ID+"/renew", `{}`).want(t, http.StatusOK)
	path := "/credentials/" + b.ID
	for suffix, says := range map[string]string{"": "valid", "?edition=1": "invalid", "?edition=2": "valid"} {
		if view := w.page(path + "/embed" + suffix); !strings.Contains(view, `<main class="verdict `+says+`">`) {
			t.Errorf("%s: %s", suffix, view)
		}
		found := regexp.MustCompile(`<link rel="alternate" type="application/json\+oembed" href="([^"]+)">`).FindStringSubmatch(w.page(path + suffix))
		if found == nil {
			t.Fatalf("%s: the page does not say how it is framed", suffix)
		}
		var o struct{ Title, HTML string }
		w.get(strings.TrimPrefix(html.UnescapeString(found[1]), w.base)).want(t, http.StatusOK).into(t, &o)
		frame := regexp.MustCompile(`src="([^"]+)"`).FindStringSubmatch(o.HTML)
		if view := w.page(strings.TrimPrefix(frame[1], w.base)); !strings.Contains(view, `<main class="verdict `+says+`">`) || (o.Title == "Replaced") != (says == "invalid") {
			t.Errorf("%s: %+v: %s", suffix, o, view)
		}
	}
	for query, status := range map[string]int{"?edition=3": 404, "?edition=0": 400, "?edition=x": 400} {
		w.get(path+"/embed"+query).want(t, status)
		w.get("/oembed?url="+url.QueryEscape(w.base+path+query)).want(t, status)
	}
}

// The certificate is in the language that was chosen for the page.
func TestCertificateKeepsTheLanguage(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	if page := w.page("/credentials/" + b.ID + "?lang=ar"); !strings.Contains(page, `href="/credentials/`+b.ID+`.pdf?lang=ar"`) {
		t.Error("the link to the certificate loses the language")
	}
}

// Programs that read tags are told the same as browsers, and nothing by which a
// badge in bad standing would look good.
func TestTags(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	path := "/credentials/" + b.ID
	page := w.page(path + "?lang=fr")
	got := metas(page)
	for name, want := range map[string]string{"og:type": "website", "og:site_name": "Laurel", "og:locale": "fr_FR", "og:url": w.base + path, "robots": "noindex"} {
		if !slices.Equal(got[name], []string{want}) {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if title := got["og:title"]; len(title) != 1 || !strings.Contains(title[0], "Healthy City in 20 Steps") {
		t.Errorf("og:title is %q", title)
	}
	if len(got["og:description"]) != 1 || !strings.Contains(got["og:description"][0], "Ana Mora 1") || len(got["og:image"]) != 1 || !strings.HasPrefix(got["og:image"][0], "https://badges.example/") || !strings.Contains(got["og:image"][0], "/preview.png?lang=") {
		t.Errorf("%v", got)
	}
	if !slices.Equal(got["og:locale:alternate"], []string{"en_US", "ar_AR", "es_ES", "ru_RU", "zh_CN"}) {
		t.Errorf("%v", got["og:locale:alternate"])
	}
	for _, agent := range []string{"facebookexternalhit/1.1", "LinkedInBot/1.0", "Twitterbot/1.0"} {
		a := w.get(path+"?lang=fr", "Accept", "text/html", "User-Agent", agent).want(t, http.StatusOK)
		if again := metas(string(a.body)); again["og:title"][0] != got["og:title"][0] || a.header.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%s: %v", agent, again)
		}
	}
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	if revoked := metas(w.page(path))["og:title"]; len(revoked) != 1 || !strings.HasPrefix(revoked[0], "Revoked") {
		t.Errorf("a revoked badge is announced as %q", revoked)
	}
	unknown := metas(string(w.get("/credentials/AAAAAAAAAAAAAAAAAAAAAA", "Accept", "text/html").want(t, http.StatusNotFound).body))
	if len(unknown["og:title"]) != 1 || unknown["og:image"] != nil || unknown["og:url"] != nil || unknown["og:description"] != nil {
		t.Errorf("%v", unknown)
	}
}

// A frame says how the badge stands, whatever the site around it says, and is the
// one page that can be framed.
func TestEmbed(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	path := "/credentials/" + b.ID
	found := regexp.MustCompile(`<link rel="alternate" type="application/json\+oembed" href="([^"]+)">`).FindStringSubmatch(w.page(path))
	if found == nil {
		t.Fatal("the page does not say how it is framed")
	}
	var o struct {
		Version, Type, Title, HTML, AuthorName string
		Width, Height                          int
	}
	w.get(strings.TrimPrefix(html.UnescapeString(found[1]), w.base)).want(t, http.StatusOK).into(t, &o)
	if o.Version != "1.0" || o.Type != "rich" || o.Title != "Healthy City in 20 Steps" || !strings.Contains(o.HTML, `src="`+w.base+path+`/embed"`) || o.Width == 0 || o.Height == 0 {
		t.Errorf("%+v", o)
	}
	if page := w.page(path); !strings.Contains(html.UnescapeString(page), o.HTML) {
		t.Error("the page offers another markup")
	}
	view := string(w.get(path+"/embed", "Accept", "*/*").want(t, http.StatusOK).body)
	if !strings.Contains(view, `<main class="verdict valid">`) || !strings.Contains(view, `href="`+w.base+path+`?lang=en" target="_blank" rel="noopener"`) || strings.Contains(view, "<form") || len(view) > 12000 {
		t.Errorf("%s", view)
	}
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	view = string(w.get(path+"/embed").want(t, http.StatusOK).body)
	if !strings.Contains(view, `<main class="verdict invalid">`) || strings.Contains(view, "image.png") {
		t.Errorf("%s", view)
	}
	w.get("/oembed?url="+url.QueryEscape(w.base+path)).want(t, http.StatusOK).into(t, &o)
	if strings.Contains(o.Title, "Healthy City") {
		t.Errorf("a revoked badge is announced as %q", o.Title)
	}
	for query, status := range map[string]int{"": 400, "?url=": 400, "?url=%zz": 400, "?url=" + url.QueryEscape("https://elsewhere.example/credentials/"+b.ID): 404,
		"?url=" + url.QueryEscape(w.base+"/issuers/city-school"): 404, "?url=" + url.QueryEscape(w.base+path) + "&format=xml": 501} {
		w.get("/oembed"+query).want(t, status)
	}
}
