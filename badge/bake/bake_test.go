package bake_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"laurel/badge"
	"laurel/badge/bake"
	"laurel/internal/attachment/attachmenttest"
	"laurel/internal/processortest"
)

const (
	badgeJSON = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"name":"Ünïcode ]]> & < \"المشارك\" {"}`
	badgeJWS  = "eyJhbGciOiJFZERTQSJ9.eyJuYW1lIjoieCJ9.c2ln"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func document(t testing.TB, text string) *badge.Document {
	t.Helper()
	d, err := badge.Parse([]byte(text))
	must(t, err)
	return d
}

// plainPNG is a small picture of ours, with a text chunk of its own.
func plainPNG(t testing.TB) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 9, 9))
	for i := range 9 {
		img.Set(i, i, color.NRGBA{R: uint8(20 * i), A: 255})
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	return insert(b.Bytes(), chunk("tEXt", "Title\x00a laurel"))
}

// chunk writes a chunk of a PNG.
func chunk(name, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(name+data)))
}

// insert puts chunks behind the header of a PNG.
func insert(picture []byte, chunks ...[]byte) []byte {
	const headed = 8 + 12 + 13
	return bytes.Join([][]byte{picture[:headed], bytes.Join(chunks, nil), picture[headed:]}, nil)
}

// itxt is an iTXt chunk, not compressed.
func itxt(keyword, text string) []byte { return chunk("iTXt", keyword+"\x00\x00\x00\x00\x00"+text) }

const plainSVG = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- > drawn --><svg xmlns='http://www.w3.org/2000/svg'\n  viewBox=\"0 0 9 9\" >\r\n  <title>a &amp; b</title><g><path d='M0 0h9'/></g>\n</svg>\n"

func deflated(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	must(t, err)
	_, err = w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	return b.String()
}

func TestEmbedAndExtract(t *testing.T) {
	for name, picture := range map[string][]byte{"png": plainPNG(t), "svg": []byte(plainSVG), "svg with a mark": []byte("\ufeff" + plainSVG)} {
		for _, text := range []string{badgeJSON, badgeJWS} {
			baked, err := bake.Embed(picture, document(t, "\n"+text+"\n"))
			must(t, err)
			got, err := bake.Extract(baked)
			must(t, err)
			if got.Edition != bake.OpenBadges3 || string(got.Text) != text {
				t.Errorf("%s: got %v %s", name, got.Edition, got.Text)
			}
			if _, err := bake.Embed(baked, document(t, badgeJWS)); !errors.Is(err, bake.ErrBaked) {
				t.Errorf("%s: baked twice: %v", name, err)
			}
		}
	}
}

// Nothing but the chunk is added: what is left without it is the picture.
func TestPNGChunk(t *testing.T) {
	picture := plainPNG(t)
	baked, err := bake.Embed(picture, document(t, badgeJSON))
	must(t, err)
	if want := insert(picture, itxt("openbadgecredential", badgeJSON)); !bytes.Equal(baked, want) {
		t.Errorf("got\n%q\nwant\n%q", baked, want)
	}
	if _, err := png.Decode(bytes.NewReader(baked)); err != nil {
		t.Errorf("a decoder of pictures: %v", err)
	}
}

func TestSVGElement(t *testing.T) {
	for text, element := range map[string]string{
		badgeJWS:  `<openbadges:credential verify="` + badgeJWS + `"></openbadges:credential>`,
		badgeJSON: `<openbadges:credential><![CDATA[` + strings.Replace(badgeJSON, "]]>", "]]]]><![CDATA[>", 1) + `]]></openbadges:credential>`,
	} {
		baked, err := bake.Embed([]byte(plainSVG), document(t, text))
		must(t, err)
		want := strings.Replace(plainSVG, `9 9" >`, `9 9"  xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0">`+element, 1)
		if string(baked) != want {
			t.Errorf("got\n%s\nwant\n%s", baked, want)
		}
	}
}

// A prefix that the picture uses for something else stays what it is, one that
// is declared already is not declared again.
func TestSVGPrefix(t *testing.T) {
	for declared, again := range map[string]bool{"https://purl.imsglobal.org/ob/v3p0": false, "urn:x": true} {
		picture := `<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="` + declared + `"><g/></svg>`
		baked, err := bake.Embed([]byte(picture), document(t, badgeJWS))
		must(t, err)
		if got := strings.Count(string(baked), "xmlns:openbadges"); got != map[bool]int{false: 1, true: 2}[again] {
			t.Errorf("%s: %s", declared, baked)
		}
	}
}

func TestEmbedRefuses(t *testing.T) {
	twice := insert(plainPNG(t), itxt("openbadgecredential", badgeJWS), itxt("openbadgecredential", badgeJWS))
	for name, c := range map[string]struct {
		picture, credential string
		want                error
	}{
		"no picture":     {"GIF89a", badgeJWS, bake.ErrNoPicture},
		"an empty root":  {`<svg xmlns="http://www.w3.org/2000/svg"/>`, badgeJWS, bake.ErrUnfit},
		"no XML letter":  {plainSVG, `{"a":"` + "\uffff" + `"}`, bake.ErrUnfit},
		"carriage":       {plainSVG, "{\"a\":\r\n1}", bake.ErrUnfit},
		"two are inside": {string(twice), badgeJWS, bake.ErrBaked},
	} {
		if out, err := bake.Embed([]byte(c.picture), document(t, c.credential)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %q", name, err, out)
		}
	}
}

func TestExtractPNG(t *testing.T) {
	plain := plainPNG(t)
	swap := func(old, new string) []byte { return bytes.Replace(plain, []byte(old), []byte(new), 1) }
	for name, c := range map[string]struct {
		picture []byte
		want    string
		edition bake.Edition
		err     error
	}{
		"nothing inside":             {plain, "", 0, bake.ErrNone},
		"a token":                    {insert(plain, itxt("openbadgecredential", " "+badgeJWS+"\n")), badgeJWS, bake.OpenBadges3, nil},
		"a language":                 {insert(plain, chunk("iTXt", "openbadgecredential\x00\x00\x00en\x00Abzeichen\x00"+badgeJWS)), badgeJWS, bake.OpenBadges3, nil},
		"older, iTXt":                {insert(plain, itxt("openbadges", badgeJWS)), badgeJWS, bake.OpenBadges2, nil},
		"a learner record":           {insert(plain, itxt("clrcredential", badgeJSON)), badgeJSON, bake.CLR2, nil},
		"a badge beside a record":    {insert(plain, itxt("clrcredential", badgeJSON), itxt("openbadgecredential", badgeJSON)), "", 0, bake.ErrSeveral},
		"older, tEXt with an URL":    {insert(plain, chunk("tEXt", "openbadges\x00https://x.example/1")), "https://x.example/1", bake.OpenBadges2, nil},
		"two":                        {insert(plain, itxt("openbadgecredential", badgeJWS), itxt("openbadgecredential", badgeJWS)), "", 0, bake.ErrSeveral},
		"two of two editions":        {insert(plain, itxt("openbadgecredential", badgeJWS), itxt("openbadges", badgeJWS)), "", 0, bake.ErrSeveral},
		"two, one compressed":        {insert(plain, itxt("openbadgecredential", badgeJWS), chunk("zTXt", "openbadgecredential\x00\x00x")), "", 0, bake.ErrSeveral},
		"another keyword":            {insert(plain, itxt("OpenBadgeCredential", badgeJWS)), "", 0, bake.ErrNone},
		"compressed":                 {insert(plain, chunk("iTXt", "openbadgecredential\x00\x01\x00\x00\x00"+deflated(t, badgeJWS))), "", 0, bake.ErrMisbaked},
		"zTXt":                       {insert(plain, chunk("zTXt", "openbadgecredential\x00\x00"+deflated(t, badgeJWS))), "", 0, bake.ErrMisbaked},
		"tEXt":                       {insert(plain, chunk("tEXt", "openbadgecredential\x00"+badgeJWS)), "", 0, bake.ErrMisbaked},
		"no zeros":                   {insert(plain, chunk("iTXt", "openbadgecredential\x00\x00\x00"+badgeJWS)), "", 0, bake.ErrMisbaked},
		"nothing after the keyword":  {insert(plain, chunk("iTXt", "openbadgecredential")), "", 0, bake.ErrMisbaked},
		"a long one":                 {insert(plain, itxt("openbadgecredential", strings.Repeat("x", badge.MaxBytes+1))), "", 0, bake.ErrTooLarge},
		"behind the end":             {append(bytes.Clone(plain), itxt("openbadgecredential", badgeJWS)...), "", 0, bake.ErrDamaged},
		"a page behind the end":      {append(bytes.Clone(plain), "<html>"...), "", 0, bake.ErrDamaged},
		"another checksum":           {swap("a laurel", "A laurel"), "", 0, bake.ErrDamaged},
		"broken off":                 {plain[:len(plain)-5], "", 0, bake.ErrDamaged},
		"broken off within a chunk":  {plain[:60], "", 0, bake.ErrDamaged},
		"the signature alone":        {plain[:8], "", 0, bake.ErrDamaged},
		"mangled line ends":          {swap("\r\n\x1a\n", "\n\x1a\n"), "", 0, bake.ErrDamaged},
		"a length of 4 GB":           {insert(plain, []byte("\xff\xff\xff\xffiTXtopenbadgecredential\x00")), "", 0, bake.ErrDamaged},
		"a length of 2 GB":           {insert(plain, []byte("\x7f\xff\xff\xffiTXtopenbadgecredential\x00")), "", 0, bake.ErrDamaged},
		"a chunk without a name":     {insert(plain, chunk("i\x00Xt", "x")), "", 0, bake.ErrDamaged},
		"no header":                  {append(bytes.Clone(plain[:8]), chunk("IEND", "")...), "", 0, bake.ErrDamaged},
		"two headers":                {insert(plain, plain[8:33]), "", 0, bake.ErrDamaged},
		"50,000 chunks":              {insert(plain, bytes.Repeat(chunk("tEXt", "a\x00b"), 50_000)), "", 0, bake.ErrTooLarge},
		"more than a picture's size": {insert(plain, chunk("tEXt", strings.Repeat("a", bake.MaxPicture))), "", 0, bake.ErrTooLarge},
	} {
		got, err := bake.Extract(c.picture)
		if !errors.Is(err, c.err) || string(got.Text) != c.want || got.Edition != c.edition {
			t.Errorf("%s: %v %.60q, %v", name, got.Edition, got.Text, err)
		}
	}
}

func svg(inner string) string {
	return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:ob="https://purl.imsglobal.org/ob/v3p0" xmlns:old="http://openbadges.org">` + inner + `</svg>`
}

func TestExtractSVG(t *testing.T) {
	token := `<ob:credential verify="` + badgeJWS + `"/>`
	for name, c := range map[string]struct {
		picture, want string
		edition       bake.Edition
		err           error
	}{
		"nothing inside":            {plainSVG, "", 0, bake.ErrNone},
		"another prefix":            {svg(token), badgeJWS, bake.OpenBadges3, nil},
		"the default namespace":     {svg(`<credential xmlns="https://purl.imsglobal.org/ob/v3p0">{"a":1}</credential>`), `{"a":1}`, bake.OpenBadges3, nil},
		"escapes for CDATA":         {svg(`<ob:credential> {"a":"&lt;&amp;&#62;"} </ob:credential>`), `{"a":"<&>"}`, bake.OpenBadges3, nil},
		"a learner record":          {svg(`<clr:credential xmlns:clr="https://purl.imsglobal.org/clr/v2p0">{"a":1}</clr:credential>`), `{"a":1}`, bake.CLR2, nil},
		"older with a token":        {svg(`<old:assertion verify="` + badgeJWS + `"/>`), badgeJWS, bake.OpenBadges2, nil},
		"older, hosted":             {svg(`<old:assertion verify="https://x.example/1"><![CDATA[{"a":1}]]></old:assertion>`), "https://x.example/1", bake.OpenBadges2, nil},
		"a name of no namespace":    {`<svg xmlns="http://www.w3.org/2000/svg"><openbadges:credential verify="a.b.c"/></svg>`, "", 0, bake.ErrNone},
		"the namespace of contexts": {strings.Replace(svg(token), "/ob/v3p0", "/spec/ob/v3p0", 1), "", 0, bake.ErrNone},
		"two":                       {svg(token + token), "", 0, bake.ErrSeveral},
		"two of two editions":       {svg(token + `<old:assertion verify="a"/>`), "", 0, bake.ErrSeveral},
		"a token and a text":        {svg(`<ob:credential verify="` + badgeJWS + `">{"a":1}</ob:credential>`), "", 0, bake.ErrMisbaked},
		"an empty element":          {svg(`<ob:credential/>`), "", 0, bake.ErrMisbaked},
		"an element within":         {svg(`<ob:credential>{<g/>}</ob:credential>`), "", 0, bake.ErrMisbaked},
		"one within the other":      {svg(`<ob:credential>` + token + `</ob:credential>`), "", 0, bake.ErrMisbaked},
		"two verify":                {svg(`<ob:credential verify="a.b.c" verify="d.e.f"/>`), "", 0, bake.ErrDamaged},
		"a long one":                {svg(`<ob:credential verify="` + strings.Repeat("x", badge.MaxBytes+1) + `"/>`), "", 0, bake.ErrTooLarge},
		"a page":                    {"<html><body>no badge</body></html>", "", 0, bake.ErrNoPicture},
		"an svg of no namespace":    {"<svg><g/></svg>", "", 0, bake.ErrNoPicture},
		"text before":               {"<!-- x --> y " + plainSVG, "", 0, bake.ErrNoPicture},
		"nothing but a comment":     {"<!-- x -->", "", 0, bake.ErrNoPicture},
		"a document type":           {`<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">` + svg(token), "", 0, bake.ErrUnsafe},
		"entities that multiply":    {`<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + svg(`<ob:credential>&b;</ob:credential>`), "", 0, bake.ErrUnsafe},
		"an entity of nobody":       {svg(`<ob:credential>&b;</ob:credential>`), "", 0, bake.ErrDamaged},
		"an instruction":            {`<?xml-stylesheet href="x.css"?>` + svg(token), "", 0, bake.ErrUnsafe},
		"a late declaration":        {"\n<?xml version=\"1.0\"?>" + svg(token), "", 0, bake.ErrUnsafe},
		"another encoding":          {`<?xml version="1.0" encoding="ISO-8859-1"?>` + svg(token), "", 0, bake.ErrUnsafe},
		"UTF-16":                    {"\xff\xfe<\x00s\x00", "", 0, bake.ErrNoPicture},
		"no UTF-8":                  {svg("<g id='\xff'/>" + token), "", 0, bake.ErrDamaged},
		"broken off":                {strings.TrimSuffix(svg(token), "</svg>"), "", 0, bake.ErrDamaged},
		"broken off in the element": {svg(token)[:150] + `<ob:credential>{`, "", 0, bake.ErrDamaged},
		"two roots":                 {svg(token) + svg(""), "", 0, bake.ErrDamaged},
		"a deep one":                {svg(strings.Repeat("<g>", 100_000)), "", 0, bake.ErrTooLarge},
		"many elements":             {svg(strings.Repeat("<g/>", 100_001)), "", 0, bake.ErrTooLarge},
		"many attributes":           {svg("<g" + strings.Repeat(" a=''", 200_000) + "/>"), "", 0, bake.ErrTooLarge},
		"a long tag":                {svg("<g a='" + strings.Repeat("a", 3<<20) + "'/>"), "", 0, bake.ErrTooLarge},
		"a large file":              {svg(strings.Repeat(" ", bake.MaxPicture)), "", 0, bake.ErrTooLarge},
	} {
		got, err := bake.Extract([]byte(c.picture))
		if !errors.Is(err, c.err) || string(got.Text) != c.want || got.Edition != c.edition {
			t.Errorf("%s: %v %.60q, %v", name, got.Edition, got.Text, err)
		}
	}
}

func TestExtractPDF(t *testing.T) {
	good := attachmenttest.PDF("plain", badgeJSON)
	swap := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	other := `{"invoice":1}`
	for name, c := range map[string]struct {
		pdf, want string
		err       error
	}{
		"an object":                 {good, badgeJSON, nil},
		"a token":                   {attachmenttest.PDF(badgeJWS + "\n"), badgeJWS, nil},
		"beside other files":        {attachmenttest.PDF(other, "PNG", badgeJWS, "[1]"), badgeJWS, nil},
		"behind a mark":             {attachmenttest.PDF("\ufeff" + badgeJSON), "\ufeff" + badgeJSON, nil},
		"that is broken":            {attachmenttest.PDF(badgeJSON[:len(badgeJSON)-1]), badgeJSON[:len(badgeJSON)-1], nil},
		"nothing attached":          {attachmenttest.PDF(), "", bake.ErrNone},
		"nothing that is one":       {attachmenttest.PDF(other, "ey", "ey Jo.hn. ", "{"), "", bake.ErrNone},
		"two":                       {attachmenttest.PDF(badgeJSON, badgeJWS), "", bake.ErrSeveral},
		"the same, byte for byte":   {attachmenttest.PDF(badgeJSON, badgeJSON), "", bake.ErrSeveral},
		"one, and one that is not":  {attachmenttest.PDF(badgeJSON, `{"@context":`), "", bake.ErrSeveral},
		"a long one":                {attachmenttest.PDF(`{"@context":"` + strings.Repeat("x", badge.MaxBytes) + `"}`), "", bake.ErrTooLarge},
		"encrypted":                 {swap("/Root 1 0 R", "/Root 1 0 R /Encrypt 9 0 R"), "", bake.ErrLocked},
		"packed by another":         {swap("/Type /EmbeddedFile", "/Filter /LZWDecode "), "", bake.ErrUnread},
		"broken off":                {good[:len(good)-40], "", bake.ErrDamaged},
		"the first line":            {"%PDF-1.7\n", "", bake.ErrDamaged},
		"more than what is read":    {good + strings.Repeat("\n", bake.MaxPicture), "", bake.ErrTooLarge},
		"something before its name": {" " + good, "", bake.ErrNoPicture},
	} {
		got, err := bake.Extract([]byte(c.pdf))
		if !errors.Is(err, c.err) || string(got.Text) != c.want {
			t.Errorf("%s: %v %.60q, %v", name, got.Edition, got.Text, err)
		}
	}
	if _, err := bake.Embed([]byte(attachmenttest.PDF()), document(t, badgeJSON)); !errors.Is(err, bake.ErrUnfit) {
		t.Errorf("put into a PDF: %v", err)
	}
}

// TestHidden: what stands before a credential hides it neither where it is the
// second nor where it is the first or the only one.
func TestHidden(t *testing.T) {
	blanks := strings.Repeat(" \t\r\n", 200)
	doubled := `{"\u0040context":["x"],"a":1,"a":2}`
	header := func(json string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(json)) + ".e30.c2ln"
	}
	for name, hidden := range map[string]string{
		"blanks":                   blanks + badgeJSON,
		"a token behind blanks":    blanks + badgeJWS,
		"cut within its beginning": strings.Repeat(" ", 511) + badgeJWS,
		"wide blanks":              strings.Repeat("\u3000", 300) + badgeJSON,
		"a mark behind blanks":     blanks + "\ufeff" + badgeJSON,
		"many marks":               strings.Repeat("\ufeff", 400) + badgeJSON,
		"a quotation mark":         blanks + `"` + blanks + badgeJWS + `"`,
		"UTF-16":                   wide(binary.BigEndian, "\ufeff"+blanks+badgeJSON),
		"UTF-16, the other way":    wide(binary.LittleEndian, badgeJSON),
		"a comment":                "// none\n" + badgeJSON,
		"a list":                   "[" + badgeJSON + "]",
		"a member twice":           doubled,
		"something behind it":      doubled + " x",
		"a header on lines":        header("{\n  \"alg\":\"EdDSA\"}"),
		"a header behind blanks":   header(blanks + `{"alg":"EdDSA"}`),
		"an end with a mark":       badgeJWS + "\ufeff",
	} {
		for _, pdf := range []string{attachmenttest.PDF(badgeJSON, hidden), attachmenttest.PDF(hidden, badgeJSON)} {
			if got, err := bake.Extract([]byte(pdf)); !errors.Is(err, bake.ErrSeveral) {
				t.Errorf("%s: %.60q, %v", name, got.Text, err)
			}
		}
		if got, err := bake.Extract([]byte(attachmenttest.PDF(hidden))); err != nil || string(got.Text) != strings.Trim(hidden, " \t\r\n") {
			t.Errorf("%s, alone: %.60q, %v", name, got.Text, err)
		}
	}
	for name, picture := range map[string][]byte{
		"a PNG": insert(plainPNG(t), chunk("iTXt", "openbadgecredential\x00\x00\x00\x00\x00"+badgeJSON),
			chunk("iTXt", "openbadgecredential\x00\x00\x00\x00\x00"+blanks)),
		"an SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:b="https://purl.imsglobal.org/ob/v3p0"><b:credential>` + blanks +
			`</b:credential><b:credential verify="` + badgeJWS + `"/></svg>`),
	} {
		if got, err := bake.Extract(picture); !errors.Is(err, bake.ErrSeveral) {
			t.Errorf("%s: %.60q, %v", name, got.Text, err)
		}
	}
	harmless := []string{blanks, strings.Repeat("QUJD", 300), "1.2.3", "// a note", "\x00\x00", "e", `[{"a":1}]`, ""}
	if got, err := bake.Extract([]byte(attachmenttest.PDF(append(harmless, badgeJSON)...))); err != nil || string(got.Text) != badgeJSON {
		t.Errorf("beside what is none: %.60q, %v", got.Text, err)
	}
}

// wide is a text in UTF-16.
func wide(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// Whatever a picture holds, looking into it costs little more than its size.
func TestExtractIsBounded(t *testing.T) {
	bomb := deflated(t, strings.Repeat("\x00", 64<<20))
	for name, picture := range map[string][]byte{
		"an iTXt bomb":    insert(plainPNG(t), chunk("iTXt", "openbadgecredential\x00\x01\x00\x00\x00"+bomb)),
		"a zTXt bomb":     insert(plainPNG(t), chunk("zTXt", "openbadgecredential\x00\x00"+bomb)),
		"an iCCP bomb":    insert(plainPNG(t), chunk("iCCP", "x\x00\x00"+bomb)),
		"attributes":      []byte(svg("<g" + strings.Repeat(" a=''", 400_000) + "/>")),
		"many small ones": []byte(svg(strings.Repeat("<g a='b'/>", 90_000))),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := processortest.Time()
		_, err := bake.Extract(picture)
		took := processortest.Time() - began
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if grown := after.HeapSys - before.HeapSys; after.HeapSys > before.HeapSys && grown > 32<<20 {
			t.Errorf("%s: the heap grew by %d MiB", name, grown>>20)
		}
		if took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(insert(plainPNG(f), itxt("openbadgecredential", badgeJWS)))
	f.Add(insert(plainPNG(f), chunk("zTXt", "openbadgecredential\x00\x00x")))
	f.Add([]byte(svg(`<ob:credential verify="a.b.c"/>`)))
	f.Add([]byte(svg(`<ob:credential><![CDATA[{"a":1}]]></ob:credential>`)))
	f.Add([]byte(plainSVG))
	f.Add([]byte(attachmenttest.PDF(badgeJSON)))
	f.Add([]byte(attachmenttest.PDF("x", badgeJWS)))
	f.Fuzz(func(t *testing.T, picture []byte) {
		was := bytes.Clone(picture)
		got, err := bake.Extract(picture)
		if (err == nil) != (got.Edition != 0) {
			t.Fatalf("%v and %v", got.Edition, err)
		}
		// What is put into a picture that has nothing is read back.
		baked, err := bake.Embed(picture, document(t, badgeJWS))
		if err == nil {
			if back, err := bake.Extract(baked); err != nil || string(back.Text) != badgeJWS {
				t.Fatalf("read back %q, %v", back.Text, err)
			}
		}
		if !bytes.Equal(was, picture) {
			t.Fatal("the picture itself was changed")
		}
	})
}
