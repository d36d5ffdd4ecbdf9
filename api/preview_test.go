package api_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func (a answer) picture(t *testing.T) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// band is the colour of the words across a preview.
func band(img image.Image) [3]uint32 {
	r, g, b, _ := img.At(img.Bounds().Dx()-5, 5).RGBA()
	return [3]uint32{r >> 8, g >> 8, b >> 8}
}

// The preview tells how the badge stands at that moment, by its colour too, and
// in the reader's language.
func TestPreview(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	path := "/credentials/" + b.ID + "/preview.png"
	good := w.get(path).want(t, http.StatusOK)
	if size := good.picture(t).Bounds().Size(); size != image.Pt(1200, 630) || good.header.Get("Content-Type") != "image/png" {
		t.Errorf("%v, %s", size, good.header.Get("Content-Type"))
	}
	if again := w.get(path, "If-None-Match", good.header.Get("ETag")); again.status != http.StatusNotModified {
		t.Errorf("asked again: %d", again.status)
	}
	if arabic := w.get(path+"?lang=ar").want(t, http.StatusOK); bytes.Equal(arabic.body, good.body) || arabic.header.Get("Content-Language") != "ar" {
		t.Error("in Arabic it is the same")
	}
	page := string(w.get("/credentials/"+b.ID, "Accept", "text/html").want(t, http.StatusOK).body)
	for _, want := range []string{`og:image" content="` + w.base + path + `?lang=en"`, `og:image:width" content="1200"`, `og:image:height" content="630"`, `og:image:alt" content="Valid`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	w.post("/v1/credentials/"+b.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	bad := w.get(path, "If-None-Match", good.header.Get("ETag")).want(t, http.StatusOK)
	if g, r := band(good.picture(t)), band(bad.picture(t)); g[1] < g[0] || r[0] < r[1]+0x40 {
		t.Errorf("good is %v, revoked %v", g, r)
	}
	w.get("/credentials/AAAAAAAAAAAAAAAAAAAAAA/preview.png").problem(t, http.StatusNotFound, "not_found")
	w.get("/credentials/x/preview.png").problem(t, http.StatusNotFound, "not_found")
}

// Issuing goes on while as many previews are drawn as may be, and whoever asks
// for more is told to come back.
func TestIssuingBesideDrawing(t *testing.T) {
	w := newWorld(t)
	var badges []string
	for n := range 6 {
		badges = append(badges, w.issue(n+1).ID)
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	var pause sync.RWMutex // held by whoever wants nobody to draw
	var drawn atomic.Int64
	drawers, times := 8, 5
	if raceDetector { // each picture takes long, and all are waited for in each round
		drawers, times = 4, 3
	}
	for n := range drawers {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				lang := []string{"en", "ar", "fr", "es", "ru", "zh"}[i%6]
				pause.RLock()
				a := w.get("/credentials/" + badges[(n+i)%len(badges)] + "/preview.png?lang=" + lang)
				pause.RUnlock()
				if a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
					t.Errorf("%d %.200s", a.status, a.body)
				} else if a.status == http.StatusOK {
					drawn.Add(1)
				}
			}
		})
	}
	issue := func(n int) time.Duration {
		began := time.Now()
		_ = w.issue(n)
		return time.Since(began)
	}
	var alone, beside []time.Duration
	var pictures int64
	for n := range times { // in turn, so that both have the same machine
		pause.Lock()
		alone = append(alone, issue(100+n))
		pause.Unlock()
		before := drawn.Load()
		for end := time.Now().Add(3 * time.Minute); drawn.Load() == before; time.Sleep(time.Millisecond) { // they have begun again
			if time.Now().After(end) {
				t.Error("nothing is drawn any more")
				break
			}
		}
		before = drawn.Load()
		beside = append(beside, issue(200+n))
		pictures += drawn.Load() - before
	}
	close(stop)
	all.Wait()
	slices.Sort(alone)
	slices.Sort(beside)
	own, shared := alone[times/2], beside[times/2]
	t.Logf("issuing takes %v alone, %v beside drawing (medians), with %d pictures in the time of %d badges", own, shared, pictures, times)
	// A slow machine takes longer, but draws no more meanwhile.
	if shared > 5*own+250*time.Millisecond && pictures > int64(3*times) {
		t.Errorf("issuing takes %v while pictures are drawn, %d to %d badges, and %v alone", shared, pictures, times, own)
	}
}
