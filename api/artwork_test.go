package api_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"laurel/internal/auth"
)

// artPNG is a picture that organisers made, with something beside its pixels.
func artPNG(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 128, 128))
	for i := range img.Pix {
		img.Pix[i] = []byte{0x20, 0xC0, 0x90, 0xFF}[i%4]
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), "Ana Example was here"...)
}

const artSVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><metadata>Ana Example</metadata><path d="M0 0L9 9" fill="#20c090"/></svg>`

// What is uploaded is kept without what came beside it, shown under the address
// that badges carry, and baked from then on.
func TestArtwork(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	const own, public = "/v1/achievements/healthy-city/image", "/achievements/healthy-city/image"
	put := func(kind string, raw []byte) answer {
		return w.do(request{method: "PUT", path: own, token: w.all, body: string(raw), header: map[string]string{"Content-Type": kind}})
	}
	drawn := w.get(public+".png").want(t, http.StatusOK)
	drawnPreview := w.get("/credentials/"+b.ID+"/preview.png").want(t, http.StatusOK).body
	said := put("image/png", artPNG(t)).want(t, http.StatusOK).object(t)
	if said["image"] != w.base+public+".png" || said["type"] != "image/png" {
		t.Errorf("%v", said)
	}
	kept := w.get(public+".png").want(t, http.StatusOK)
	if r, g, _, _ := kept.picture(t).At(64, 64).RGBA(); r>>8 != 0x20 || g>>8 != 0xC0 || bytes.Contains(kept.body, []byte("Ana")) || bytes.Equal(kept.body, drawn.body) {
		t.Errorf("%d bytes are shown", len(kept.body))
	}
	wrapped := w.get(public+".svg").want(t, http.StatusOK)
	if !bytes.Contains(wrapped.body, []byte(`href="data:image/png;base64,`)) || !strings.HasSuffix(wrapped.header.Get("Content-Security-Policy"), "; sandbox") {
		t.Errorf("%.200s, %s", wrapped.body, wrapped.header.Get("Content-Security-Policy"))
	}
	for suffix, kind := range map[string]string{".png": "image/png", ".svg": "image/svg+xml"} {
		baked := w.get("/credentials/"+b.ID+suffix).want(t, http.StatusOK)
		if _, code := w.report(string(baked.body), kind).check("proof"); code != "ok" {
			t.Errorf("the baked %s: %s", suffix, code)
		}
	}
	preview := w.get("/credentials/"+b.ID+"/preview.png").want(t, http.StatusOK)
	if c := color.RGBAModel.Convert(preview.picture(t).At(264, 367)).(color.RGBA); c.G < 0xA0 || c.R > 0x40 {
		t.Errorf("the preview has %v", c)
	}

	put("image/svg+xml", []byte(artSVG)).want(t, http.StatusOK)
	if svg := w.get(public+".svg").want(t, http.StatusOK).body; bytes.Contains(svg, []byte("Ana")) || !bytes.Contains(svg, []byte("#20c090")) {
		t.Errorf("%s", svg)
	}
	if fallback := w.get(public+".png").want(t, http.StatusOK); !bytes.Equal(fallback.body, drawn.body) {
		t.Error("an SVG became a PNG")
	}
	// No face in PNG is missing for it: what is drawn here stands in.
	baked := w.get("/credentials/"+b.ID+".png").want(t, http.StatusOK)
	if baked.picture(t).Bounds() != drawn.picture(t).Bounds() {
		t.Errorf("the baked picture is %v", baked.picture(t).Bounds())
	}
	if _, code := w.report(string(baked.body), "image/png").check("proof"); code != "ok" {
		t.Errorf("the baked picture: %s", code)
	}
	if preview := w.get("/credentials/"+b.ID+"/preview.png").want(t, http.StatusOK).body; !bytes.Equal(preview, drawnPreview) {
		t.Error("the preview is not the one with the drawing")
	}
	w.do(request{method: "DELETE", path: own, token: w.all}).want(t, http.StatusNoContent)
	if svg := w.get(public+".svg").want(t, http.StatusOK).body; bytes.Contains(svg, []byte("#20c090")) {
		t.Error("it is still there")
	}
	if _, err := w.issuer.Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

// What is not taken is named, changes nothing, and is not for everybody to send.
func TestArtworkRefused(t *testing.T) {
	w := newWorld(t)
	const own = "/v1/achievements/healthy-city/image"
	put := func(token, path, kind, body string) answer {
		return w.do(request{method: "PUT", path: path, token: token, body: body, header: map[string]string{"Content-Type": kind}})
	}
	before := w.get("/achievements/healthy-city/image.svg").want(t, http.StatusOK).body
	script := strings.Replace(artSVG, "<path", "\n<script>alert(1)</script><path", 1)
	a := put(w.all, own, "image/svg+xml", script)
	a.problem(t, http.StatusUnprocessableEntity, "picture_refused")
	if !bytes.Contains(a.body, []byte("line 2")) || !bytes.Contains(a.body, []byte("script")) {
		t.Errorf("%s", a.body)
	}
	put(w.all, own, "image/svg+xml", strings.Replace(artSVG, "<path", `<image href="https://evil.example/x.png"/><path`, 1)).problem(t, http.StatusUnprocessableEntity, "picture_refused")
	put(w.all, own, "image/png", string(artPNG(t)[:60])).problem(t, http.StatusUnprocessableEntity, "picture_refused")
	put(w.all, own, "image/png", strings.Repeat("x", 2<<20)).problem(t, http.StatusRequestEntityTooLarge, "too_large")
	put(w.all, own, "image/png", artSVG).problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	put(w.all, own, "image/jpeg", "x").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	put(w.all, "/v1/achievements/nothing/image", "image/svg+xml", artSVG).problem(t, http.StatusNotFound, "not_found")
	put(w.all, "/v1/achievements/test-healthy-city/image", "image/svg+xml", artSVG).problem(t, http.StatusNotFound, "not_found")
	put(w.token(auth.Token{Scopes: []auth.Scope{auth.Read, auth.Issue}}), own, "image/svg+xml", artSVG).problem(t, http.StatusForbidden, "scope_missing")
	put(w.token(auth.Token{Scopes: []auth.Scope{auth.Manage}, Issuers: []string{other}}), own, "image/svg+xml", artSVG).problem(t, http.StatusNotFound, "not_found")
	if after := w.get("/achievements/healthy-city/image.svg").want(t, http.StatusOK).body; !bytes.Equal(after, before) {
		t.Error("something refused is shown")
	}
}
