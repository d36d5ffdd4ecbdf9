//go:build !race

package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/verifier"
)

// maxResident is what the whole process may take at its worst, in bytes,
// whatever strangers send it and however many.
const maxResident = 512 << 20

// TestMemoryIsBounded sends the largest bodies that are taken, many at once, and
// bombs, to a process of its own, and looks at what that takes of the machine.
func TestMemoryIsBounded(t *testing.T) {
	d := startDemoOf(t, realBinary(t), "--verify-rate", "0")
	client := &http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	t.Cleanup(client.CloseIdleConnections)
	for _, u := range largest(t) {
		d.atOnce(t, client, 64, u, http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable)
	}
	d.held(t, 400)
	for _, u := range bombs(t) {
		d.atOnce(t, client, 16, u, http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	resp, err := client.Get(d.badges[0].VerifyURL + "?format=json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if raw, err := io.ReadAll(resp.Body); err != nil || !bytes.Contains(raw, []byte(`"verdict":"`)) {
		t.Errorf("afterwards: %s %v", raw, err)
	}
}

// realBinary is the command as it is shipped: the test binary may be built for
// the race detector, which takes ten times the memory.
func realBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "laurel")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	return path
}

// upload is one request.
type upload struct {
	name, path, contentType string
	body                    []byte
	encoding                string // Content-Encoding
	chunked                 bool
}

// filled is a badge of exactly so many bytes, in one text that has to be
// unescaped; crowded one of nearly as many values as are read.
func filled(size int) []byte {
	head, tail := `{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],"type":["VerifiableCredential","OpenBadgeCredential"],"name":"`, `"}`
	body := head + strings.Repeat(`\u00e9`, (size-len(head)-len(tail))/6)
	return []byte(body + strings.Repeat("x", size-len(body)-len(tail)) + tail)
}

func crowded(size int) []byte {
	head := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"credentialSubject":{"a":[` + strings.Repeat(`"b",`, badge.MaxValues-100)
	return []byte(head + `"` + strings.Repeat("x", size-len(head)-5) + `"]}}`)
}

func largest(t *testing.T) []upload {
	t.Helper()
	text, crowd := filled(badge.MaxBytes), crowded(badge.MaxBytes)
	member := func(name string, v []byte) []byte { return slices.Concat([]byte(`{"`+name+`":`), v, []byte("}")) }
	png := pngOf(chunkOf("IHDR", header(16, 16)), chunkOf("iTXt", append([]byte("openbadgecredential\x00\x00\x00\x00\x00"), filled(badge.MaxBytes-100)...)),
		chunkOf("IDAT", bytes.Repeat([]byte{7}, verifier.MaxBytes-badge.MaxBytes-1000)), chunkOf("IEND", nil))
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat(`<g a="b"/>`, 20_000))
	svg = append(append(svg, strings.Repeat(" ", verifier.MaxBytes-len(svg)-6)...), "</svg>"...)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "badge.png")
	if err == nil {
		_, err = part.Write(png)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return []upload{
		{name: "text", path: "/v1/verify", contentType: "application/json", body: text},
		{name: "crowd", path: "/v1/verify", contentType: "application/vc", body: crowd},
		{name: "chunks", path: "/v1/verify", contentType: "application/json", body: text, chunked: true},
		{name: "png", path: "/v1/verify", contentType: "image/png", body: png},
		{name: "svg", path: "/v1/verify", contentType: "image/svg+xml", body: svg},
		{name: "form", path: "/v1/verify", contentType: w.FormDataContentType(), body: form.Bytes()},
		{name: "page", path: "/verify", contentType: w.FormDataContentType(), body: form.Bytes()},
		{name: "text", path: "/credentials/verify", contentType: "application/json", body: member("verifiableCredential", text)},
		{name: "crowd", path: "/credentials/verify", contentType: "application/json", body: member("verifiableCredential", crowd)},
		{name: "text", path: "/presentations/verify", contentType: "application/json", body: member("verifiablePresentation", text)},
		{name: "crowd", path: "/presentations/verify", contentType: "application/json", body: member("presentation", crowd)},
	}
}

// bombs are small, or claim to be, and would be large if they were believed.
func bombs(t *testing.T) []upload {
	t.Helper()
	zeros := make([]byte, 256<<20)
	var gz, z bytes.Buffer
	for packer, out := range map[io.WriteCloser]*bytes.Buffer{gzip.NewWriter(&gz): &gz, zlib.NewWriter(&z): &z} {
		if _, err := packer.Write(zeros); err != nil {
			t.Fatal(err)
		}
		if err := packer.Close(); err != nil || out.Len() > badge.MaxBytes {
			t.Fatalf("a bomb of %d bytes, %v", out.Len(), err)
		}
	}
	huge := header(1<<31-1, 1<<31-1)
	text := "openbadgecredential\x00"
	laughs := `<!DOCTYPE svg [<!ENTITY a0 "ha">`
	for n := range 12 {
		laughs += fmt.Sprintf(`<!ENTITY a%d "%s">`, n+1, strings.Repeat(fmt.Sprintf("&a%d;", n), 10))
	}
	jws := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","zip":"DEF","typ":"vc+jwt"}`)) + "." + base64.RawURLEncoding.EncodeToString(z.Bytes()) + ".AAAA"
	const js, svg, png = "application/json", "image/svg+xml", "image/png"
	list := []upload{
		{name: "gzip by header", contentType: js, body: gz.Bytes(), encoding: "gzip"},
		{name: "deflate by header", contentType: js, body: z.Bytes(), encoding: "deflate"},
		{name: "gzip as a file", contentType: "application/octet-stream", body: gz.Bytes()},
		{name: "zipped JWS", contentType: "application/vc+jwt", body: []byte(jws)},
		{name: "PNG of huge sides", contentType: png, body: pngOf(chunkOf("IHDR", huge), chunkOf("IDAT", z.Bytes()), chunkOf("IEND", nil))},
		{name: "PNG with a zTXt", contentType: png, body: pngOf(chunkOf("IHDR", header(1, 1)), chunkOf("zTXt", append([]byte(text+"\x00"), z.Bytes()...)), chunkOf("IEND", nil))},
		{name: "PNG with a packed iTXt", contentType: png, body: pngOf(chunkOf("IHDR", header(1, 1)), chunkOf("iTXt", append([]byte(text+"\x01\x00\x00\x00"), z.Bytes()...)), chunkOf("IEND", nil))},
		{name: "PNG with a long chunk", contentType: png, body: append(pngOf(chunkOf("IHDR", header(1, 1))), 0x7f, 0xff, 0xff, 0xff, 'i', 'T', 'X', 't')},
		{name: "laughs", contentType: svg, body: []byte(laughs + `]><svg xmlns="http://www.w3.org/2000/svg">&a12;</svg>`)},
		{name: "deep SVG", contentType: svg, body: []byte(`<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat("<g>", 900_000))},
		{name: "wide SVG", contentType: svg, body: []byte(`<svg xmlns="http://www.w3.org/2000/svg" ` + strings.Repeat(`a:b="" `, 400_000) + "/>")},
	}
	for name, body := range map[string]string{
		"deep JSON": strings.Repeat("[", 1<<20), "deep objects": strings.Repeat(`{"a":`, 200_000), "many arrays": "[" + strings.Repeat("[],", 349_000) + "1]",
		"a long number": strings.Repeat("9", 1<<20), "a huge power": `{"a":1e` + strings.Repeat("9", 1_000_000) + "}", "blanks": strings.Repeat(" ", 1<<20),
		"a long name": `{"` + strings.Repeat("a", 1<<20-10) + `":1}`, "halves": `{"a":"` + strings.Repeat(`\ud800`, 170_000) + `"}`,
	} {
		list = append(list, upload{name: name, contentType: js, body: []byte(body)},
			upload{name: name, path: "/credentials/verify", contentType: js, body: []byte(`{"verifiableCredential":` + body + `}`)})
	}
	for n := range list {
		if list[n].path == "" {
			list[n].path = "/v1/verify"
		}
	}
	return list
}

func header(width, height uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, width)
	return append(binary.BigEndian.AppendUint32(b, height), 8, 6, 0, 0, 0)
}

func chunkOf(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func pngOf(chunks ...[]byte) []byte {
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), slices.Concat(chunks...))
}

// atOnce sends an upload many times at once, and holds that each is answered in
// one of some ways and that the process stays small. Who is told to come back, as
// some are on a busy machine, does so, unless that is one of the ways.
func (d *demoProcess) atOnce(t *testing.T, client *http.Client, times int, u upload, statuses ...int) {
	t.Helper()
	d.forget(t)
	var wg sync.WaitGroup
	start := time.Now()
	for range times {
		wg.Go(func() {
			status, err := d.send(client, u)
			for end := time.Now().Add(2 * time.Minute); err == nil && status == http.StatusServiceUnavailable && !slices.Contains(statuses, status) && time.Now().Before(end); {
				time.Sleep(100 * time.Millisecond)
				status, err = d.send(client, u)
			}
			if err != nil || !slices.Contains(statuses, status) {
				t.Errorf("%s to %s: %d %v", u.name, u.path, status, err)
			}
		})
	}
	wg.Wait()
	peak := d.peak(t)
	t.Logf("%d × %s to %s, %d bytes: %.1f s, %d MiB", times, u.name, u.path, len(u.body), time.Since(start).Seconds(), peak>>20)
	if peak > maxResident {
		t.Errorf("%d × %s to %s took %d MiB", times, u.name, u.path, peak>>20)
	}
}

func (d *demoProcess) send(client *http.Client, u upload) (status int, err error) {
	var body io.Reader = bytes.NewReader(u.body)
	if u.chunked {
		body = io.MultiReader(body) // of a size that nobody knows
	}
	req, err := http.NewRequest(http.MethodPost, d.baseURL+u.path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", u.contentType)
	if u.encoding != "" {
		req.Header.Set("Content-Encoding", u.encoding)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// held sends many large bodies but for their last byte, and all of those
// together: what waits must not be what is held.
func (d *demoProcess) held(t *testing.T, times int) {
	t.Helper()
	d.forget(t)
	address := strings.TrimPrefix(d.baseURL, "http://")
	body := filled(badge.MaxBytes)
	statuses := map[int]int{}
	var mu sync.Mutex
	var sent, done sync.WaitGroup
	last := make(chan struct{})
	for range times {
		sent.Add(1)
		done.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				sent.Done()
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
			// A server that has no room reads slowly; what it has not taken after a while is sent later.
			written := make(chan struct{})
			go func() {
				defer close(written)
				_, _ = fmt.Fprintf(conn, "POST /v1/verify HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", address, len(body))
				_, _ = conn.Write(body[:len(body)-1])
			}()
			select {
			case <-written:
			case <-time.After(3 * time.Second):
			}
			sent.Done()
			<-last
			go func() { <-written; _, _ = conn.Write(body[len(body)-1:]) }()
			status := 0
			if line, err := io.ReadAll(io.LimitReader(conn, 12)); err == nil && len(line) == 12 {
				status, _ = strconv.Atoi(string(line[9:]))
			}
			mu.Lock()
			statuses[status]++
			mu.Unlock()
		})
	}
	sent.Wait()
	close(last)
	done.Wait()
	peak := d.peak(t)
	t.Logf("%d held uploads: %v, %d MiB", times, statuses, peak>>20)
	if peak > maxResident {
		t.Errorf("%d held uploads took %d MiB", times, peak>>20)
	}
	// On a slow machine the time for a body may be over before it is there: 400.
	ok, busy, late := statuses[http.StatusOK], statuses[http.StatusServiceUnavailable], statuses[http.StatusBadRequest]
	if ok == 0 || ok+busy+late != times {
		t.Errorf("of %d held uploads: %v", times, statuses)
	}
}

// forget begins the measuring of the most that the process held resident, and
// peak tells it, in bytes.
func (d *demoProcess) forget(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", d.pid), []byte("5"), 0o600); err != nil {
		t.Logf("the measuring goes on from before: %v", err)
	}
}

func (d *demoProcess) peak(t *testing.T) int {
	t.Helper()
	most, err := d.resident("VmHWM")
	if err != nil {
		t.Fatal(err)
	}
	return most
}

// watch looks every ten milliseconds at what the process holds resident, until its
// result is called, which tells the most of memory that no file backs and of pages of
// files, in bytes. The kernel keeps the highest mark of both together only.
func (d *demoProcess) watch(t *testing.T) (most func() (anonymous, files int)) {
	t.Helper()
	var anonymous, files int
	var failed error
	look := func() {
		for name, most := range map[string]*int{"RssAnon": &anonymous, "RssFile": &files} {
			now, err := d.resident(name)
			if err != nil {
				failed = err
			}
			*most = max(*most, now)
		}
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		every := time.NewTicker(10 * time.Millisecond)
		defer every.Stop()
		for {
			look()
			select {
			case <-stop:
				return
			case <-every.C:
			}
		}
	}()
	return func() (int, int) {
		t.Helper()
		close(stop)
		<-done
		if failed != nil {
			t.Fatal(failed)
		}
		return anonymous, files
	}
}

// resident is a measure of memory that the system has of the process, in bytes.
func (d *demoProcess) resident(measure string) (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), "\n"+measure+":")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0, fmt.Errorf("%s: %w", measure, err)
	}
	return kib << 10, nil
}
