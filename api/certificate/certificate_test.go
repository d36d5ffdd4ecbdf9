package certificate_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/api/certificate"
	"laurel/api/face"
	"laurel/internal/i18n"
	"laurel/internal/typeset"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// good is a badge of invented people that holds.
func good() face.Face {
	return face.Face{State: face.Good, Proven: true, Headline: "Valid", Summary: "Valid. Awarded to Ana Mora.",
		Signed: face.Signed{Title: "Urban Health Capacity Resource Kit Workshop – Completion",
			Description: "The holder attended the live sessions on the four capacity domains and submitted an accepted capacity assessment exercise.",
			Holder:      "Ana Mora", Issuer: "Example Urban Health Learning Programme", Host: "badges.example", Role: "Participant", Credits: "8",
			Results:  []face.Result{{Name: "Live sessions attended", Value: "4"}, {Name: "Capacity assessment exercise", Value: "Completed"}},
			Language: "en", Awarded: day(2025, 7, 14), Began: day(2025, 6, 20), Ended: day(2025, 7, 11), At: day(2025, 7, 14)},
		Beside: face.Beside{Code: "2FTB-PQ14-B3V4-2XRT", Verify: "https://badges.example/v/Zm9vYmFyYmF6cXV4MTIzNA", Host: "badges.example"}}
}

// inLanguage is the same badge, signed in another language.
func inLanguage(lang, holder, issuer, title, description, role string) face.Face {
	f := good()
	f.Signed.Language, f.Signed.Holder, f.Signed.Issuer, f.Signed.Title = lang, holder, issuer, title
	f.Signed.Description, f.Signed.Role, f.Signed.Results = description, role, nil
	return f
}

// six are invented people whose names are in the scripts of the six languages.
func six() map[i18n.Lang]face.Face {
	return map[i18n.Lang]face.Face{
		"en": good(),
		"fr": inLanguage("fr", "Zoë Lefèvre-Çelik", "Académie de la ville", "Santé numérique : planifier un système national", "Le titulaire sait planifier un système national.", "Formatrice"),
		"es": inLanguage("es", "Íñigo Muñoz Ibáñez", "Academia de la ciudad", "Planificación sanitaria urbana", "El titular sabe planificar.", "Participante"),
		"ru": inLanguage("ru", "Екатерина Сергеевна Иванова", "Городская академия здоровья", "Цифровое здравоохранение: планирование национальной системы", "Обладатель умеет планировать национальную систему.", "Участница"),
		"zh": inLanguage("zh", "王小明", "城市健康学习计划", "城市健康能力资源包研讨会 – 结业", "持有人参加了直播课程，并提交了合格的练习。", "参与者"),
		"ar": inLanguage("ar", "ليلى عبد الرحمن الحسيني", "أكاديمية المدينة", "أساسيات التخطيط الصحي للمدن", "حضر الحامل الجلسات المباشرة وقدّم تمرينًا مقبولاً.", "مشاركة"),
	}
}

// words and letters are read once: they do not change.
var (
	words   = sync.OnceValues(i18n.New)
	letters = sync.OnceValue(func() *typeset.Library { return typeset.Open(typeset.SystemFolders()) })
)

func catalog(t testing.TB) *i18n.Catalog {
	t.Helper()
	c, err := words()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("missing: " + what)
	}
	t.Skip("NOT TESTED, missing: " + what)
}

// fonts are those of the system, all six languages of which are needed.
func fonts(t *testing.T) *typeset.Library {
	t.Helper()
	lib := letters()
	lacks, err := lib.Lacks()
	if err != nil {
		t.Fatal(err)
	}
	if len(lacks) > 0 {
		missing(t, fmt.Sprintf("fonts for %v (Debian's fonts-noto-core and fonts-noto-cjk)", lacks))
	}
	return lib
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name+" (Debian's poppler-utils, qpdf and zbar-tools)")
	}
	var stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v, %s, %s", name, args, err, out, &stderr)
	}
	return string(out)
}

// written puts a certificate into a file.
func written(t *testing.T, lib *typeset.Library, lang i18n.Lang, c certificate.Card) string {
	t.Helper()
	var b bytes.Buffer
	if err := certificate.Write(&b, lib, catalog(t).For(lang), c); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "certificate.pdf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var document = []byte(`{"id": "https://badges.example/credentials/1",  "blanks":   "stay"}`)

// TestSixScripts: what stands on the page can be read out of the file by others'
// programs, in every script, and the file is in order.
func TestSixScripts(t *testing.T) {
	lib := fonts(t)
	for lang, f := range six() {
		for _, paper := range []certificate.Paper{certificate.A4, certificate.Letter} {
			file := written(t, lib, lang, certificate.Card{Face: f, Document: document, Paper: paper})
			text := strings.NewReplacer("\u202a", "", "\u202b", "", "\u202c", "", "\u200e", "", "\u200f", "").Replace(run(t, "pdftotext", file, "-"))
			for _, want := range []string{f.Signed.Holder, f.Signed.Issuer, f.Beside.Code, f.Beside.Host, f.Signed.Role} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: lacks %q:\n%s", lang, want, text)
				}
			}
			if flat := strings.Join(strings.Fields(text), " "); !strings.Contains(flat, f.Signed.Title) {
				t.Errorf("%s: lacks the title %q:\n%s", lang, f.Signed.Title, flat)
			}
			if checked := run(t, "qpdf", "--check", file); !strings.Contains(checked, "No syntax or stream encoding errors") || strings.Contains(checked, "WARNING") {
				t.Errorf("%s: %s", lang, checked)
			}
			if about := run(t, "pdfinfo", file); !strings.Contains(about, "Pages:           1\n") || !strings.Contains(about, "Tagged:          yes") {
				t.Errorf("%s: %s", lang, about)
			}
			embedded(t, run(t, "pdffonts", file))
		}
	}
}

// embedded holds that every font is embedded, a subset, and says what its glyphs
// stand for.
func embedded(t *testing.T, list string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(list), "\n")
	if len(lines) < 3 {
		t.Errorf("no fonts: %s", list)
	}
	for _, line := range lines[min(2, len(lines)):] {
		if !strings.Contains(line, "CID Type 0C       Identity-H       yes yes yes") {
			t.Errorf("%s", line)
		}
	}
}

// TestCodes: both codes are read off the page, the attachment comes out as it went
// in.
func TestCodes(t *testing.T) {
	offline := "https://badges.example/v/Zm9vYmFyYmF6cXV4MTIzNA#o=" + strings.Repeat("aZ09-_", 35)
	for lang, f := range map[i18n.Lang]face.Face{"en": good(), "ar": six()["ar"]} {
		for _, paper := range []certificate.Paper{certificate.A4, certificate.Letter} {
			file := written(t, fonts(t), lang, certificate.Card{Face: f, Document: document, Paper: paper, OfflineCard: offline})
			page := strings.TrimSuffix(file, ".pdf")
			run(t, "pdftoppm", "-r", "300", "-png", "-singlefile", file, page)
			read := run(t, "zbarimg", "-q", "--raw", page+".png")
			if !strings.Contains(read, f.Beside.Verify+"\n") || !strings.Contains(read, offline+"\n") {
				t.Errorf("%s: the codes say %q", lang, read)
			}
			run(t, "pdfdetach", "-saveall", "-o", filepath.Dir(file), file)
			if raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), certificate.Attached)); err != nil || !bytes.Equal(raw, document) {
				t.Errorf("attached: %s, %v", raw, err)
			}
		}
	}
}

func TestStates(t *testing.T) {
	lib := typeset.Open(nil)
	for state := face.Untold; state <= face.Wrong; state++ {
		f := good()
		f.State, f.Headline, f.Summary = state, "Otherwise", "Otherwise. Look twice."
		err := certificate.Write(new(bytes.Buffer), lib, catalog(t).For(i18n.English), certificate.Card{Face: f, Document: document})
		want := map[face.State]error{face.Good: nil, face.UnderReview: nil, face.NotYetValid: nil, face.Expired: nil, face.Untold: certificate.ErrUntold}
		if w, told := want[state]; !told && !errors.Is(err, certificate.ErrOutOfForce) || told && !errors.Is(err, w) {
			t.Errorf("%s: %v", state, err)
		}
		if err != nil {
			continue
		}
		said := run(t, "pdftotext", "-raw", written(t, lib, i18n.English, certificate.Card{Face: f, Document: document}), "-")
		if across := strings.Count(said, "Otherwise"); (across == 2) != (state != face.Good) {
			t.Errorf("%s: says %s", state, said)
		}
	}
	unproven := good()
	unproven.Proven = false
	if err := certificate.Check(unproven); !errors.Is(err, certificate.ErrOutOfForce) {
		t.Errorf("an unproven one: %v", err)
	}
	trial := good()
	trial.Trial, trial.State, trial.Headline, trial.Summary = true, face.Expired, "Expired", "Expired. It was."
	said := run(t, "pdftotext", "-raw", written(t, lib, i18n.English, certificate.Card{Face: trial, Document: document}), "-")
	if !strings.Contains(said, "TEST: only a trial. Expired. It was.") {
		t.Errorf("says %s", said)
	}
}

// TestSameBytes: the same card is the same file, whatever was drawn before.
func TestSameBytes(t *testing.T) {
	write := func(lib *typeset.Library, f face.Face) []byte {
		var b bytes.Buffer
		if err := certificate.Write(&b, lib, catalog(t).For("ar"), certificate.Card{Face: f, Document: document}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	one := typeset.Open(nil)
	first := write(one, good())
	other := good()
	other.Signed.Holder = "Bo"
	if bytes.Equal(first, write(one, other)) {
		t.Error("two people have the same certificate")
	}
	if !bytes.Equal(first, write(one, good())) || !bytes.Equal(first, write(typeset.Open(nil), good())) {
		t.Error("the same card gives other bytes")
	}
}

// TestLettersWithoutFont: no certificate without its name, but what is beside may
// be missing.
func TestLettersWithoutFont(t *testing.T) {
	lib := typeset.Open(nil) // DejaVu alone, which has no Chinese
	write := func(change func(*face.Signed)) error {
		f := good()
		change(&f.Signed)
		return certificate.Write(new(bytes.Buffer), lib, catalog(t).For(i18n.English), certificate.Card{Face: f, Document: document})
	}
	if err := write(func(s *face.Signed) { s.Holder = "王小明" }); !errors.Is(err, certificate.ErrLetters) {
		t.Errorf("the name: %v", err)
	}
	if err := write(func(s *face.Signed) { s.Holder = "Ana 王小明" }); !strings.HasSuffix(fmt.Sprint(err), ": Han") {
		t.Errorf("a letter of the name is told: %v", err)
	}
	if err := write(func(s *face.Signed) { s.Title = "城市健康" }); !errors.Is(err, certificate.ErrLetters) {
		t.Errorf("the title: %v", err)
	}
	if err := write(func(s *face.Signed) { s.Issuer, s.Description, s.Role = "城市健康", "城", "城" }); err != nil {
		t.Errorf("the rest: %v", err)
	}
}

// TestNeverCut: a name of the widest letters stands on the page whole, or there is
// no page.
func TestNeverCut(t *testing.T) {
	lib := fonts(t)
	for name, long := range map[string]string{"one word": strings.Repeat("W", 200), "words": strings.Repeat("WWWWWWWWW ", 20), "Chinese": strings.Repeat("王", 200)} {
		f := good()
		f.Signed.Holder, f.Signed.Title, f.Signed.Role = long, long, ""
		for _, paper := range []certificate.Paper{certificate.A4, certificate.Letter} {
			file := written(t, lib, i18n.English, certificate.Card{Face: f, Document: document, Paper: paper})
			said := run(t, "pdftotext", "-raw", file, "-")
			letter := long[:len(long)/len([]rune(long))]
			if strings.Count(said, letter) < 2*strings.Count(long, letter) || strings.Contains(said, "…") {
				t.Errorf("%s: says %s", name, said)
			}
		}
	}
	f := good()
	f.Signed.Holder = strings.Repeat("﷽", 200)
	if err := certificate.Write(new(bytes.Buffer), lib, catalog(t).For(i18n.English), certificate.Card{Face: f, Document: document}); !errors.Is(err, certificate.ErrRoom) {
		t.Errorf("what has no room: %v", err)
	}
}

// TestLongest: the longest texts that a face can have leave the foot alone.
func TestLongest(t *testing.T) {
	f := good()
	long := strings.Repeat("Wissenschaft der Gesundheit ", 100)
	f.Signed.Holder, f.Signed.Title, f.Signed.Issuer, f.Signed.Role = long[:200], long[:200], long[:200], long[:200]
	f.Signed.Description = long[:1000]
	f.State, f.Headline, f.Summary = face.Expired, "Expired", long[:300]
	for range 12 {
		f.Signed.Results = append(f.Signed.Results, face.Result{Name: long[:200], Value: long[:200]})
	}
	file := written(t, fonts(t), i18n.English, certificate.Card{Face: f, Document: document, Paper: certificate.Letter})
	run(t, "qpdf", "--check", file)
	page := strings.TrimSuffix(file, ".pdf")
	run(t, "pdftoppm", "-r", "300", "-png", "-singlefile", file, page)
	if read := run(t, "zbarimg", "-q", "--raw", page+".png"); strings.TrimSpace(read) != f.Beside.Verify {
		t.Errorf("the code says %q", read)
	}
	genuine := boxes(t, file, "genuine?")[0]
	for _, word := range []string{"Wissenschaft", "Gesundheit"} {
		for _, box := range boxes(t, file, word) {
			if box.Max.Y > genuine.Min.Y {
				t.Errorf("%s at %v stands in the foot, which begins at %v", word, box, genuine)
			}
		}
	}
}

var wordBox = regexp.MustCompile(`<word xMin="([0-9.]+)" yMin="([0-9.]+)" xMax="([0-9.]+)" yMax="([0-9.]+)">(.*)</word>`)

// boxes are where a word stands on the page, in points.
func boxes(t *testing.T, file, word string) (all []image.Rectangle) {
	t.Helper()
	number := func(s string) int {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return int(v)
	}
	for _, m := range wordBox.FindAllStringSubmatch(run(t, "pdftotext", "-bbox", file, "-"), -1) {
		if m[5] == word {
			all = append(all, image.Rect(number(m[1]), number(m[2]), number(m[3])+1, number(m[4])+1))
		}
	}
	if len(all) == 0 {
		t.Fatalf("%q is not on the page", word)
	}
	return all
}

// TestArabicIsJoined: four letters without dots, of which each joins the next, are
// one piece of ink.
func TestArabicIsJoined(t *testing.T) {
	f := six()["ar"]
	f.Signed.Holder = "محمد"
	file := written(t, fonts(t), "ar", certificate.Card{Face: f, Document: document})
	page := strings.TrimSuffix(file, ".pdf")
	run(t, "pdftoppm", "-r", "144", "-png", "-singlefile", file, page)
	raw, err := os.Open(page + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	img, _, err := image.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	box := boxes(t, file, "دمحم")[0] // that program tells words from left to right
	if n := patches(img, image.Rect(2*box.Min.X, 2*box.Min.Y, 2*box.Max.X, 2*box.Max.Y)); n != 1 {
		t.Errorf("the name is %d pieces of ink", n)
	}
}

// patches counts the pieces of dark ink in a part of a picture.
func patches(img image.Image, in image.Rectangle) (count int) {
	seen := map[image.Point]bool{}
	dark := func(p image.Point) bool {
		r, _, _, _ := img.At(p.X, p.Y).RGBA()
		return p.In(in) && r < 0x6000 && !seen[p]
	}
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if !dark(image.Pt(x, y)) {
				continue
			}
			count++
			for todo := []image.Point{{X: x, Y: y}}; len(todo) > 0; {
				p := todo[len(todo)-1]
				todo = todo[:len(todo)-1]
				if !dark(p) {
					continue
				}
				seen[p] = true
				for dy := -1; dy <= 1; dy++ {
					for dx := -1; dx <= 1; dx++ {
						todo = append(todo, p.Add(image.Pt(dx, dy)))
					}
				}
			}
		}
	}
	return count
}
