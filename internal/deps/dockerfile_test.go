package deps

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// instruction is one line of a Dockerfile, continuations joined.
type instruction struct{ word, rest string }

func dockerfile(t *testing.T) (stages [][]instruction) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(string(raw), "\\\n", " "), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		i := instruction{strings.ToUpper(word), strings.TrimSpace(rest)}
		if i.word == "FROM" {
			stages = append(stages, nil)
		}
		if len(stages) == 0 {
			t.Fatalf("%s before the first FROM", i.word)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], i)
	}
	return stages
}

// last is what a stage says after a word, the last time; "" if never.
func last(stage []instruction, word string) string {
	for _, i := range slices.Backward(stage) {
		if i.word == word {
			return i.rest
		}
	}
	return ""
}

var builder = regexp.MustCompile(`^golang:(\d+\.\d+\.\d+)-\w+ AS \w+$`)

func TestImageBuild(t *testing.T) {
	stages := dockerfile(t)
	if len(stages) != 3 {
		t.Fatalf("the Dockerfile has %d stages: one builds, one brings fonts, one is shipped", len(stages))
	}
	m := builder.FindStringSubmatch(last(stages[0], "FROM"))
	if m == nil {
		t.Fatalf("it builds from %q: a tag that names one version of Go is wanted", last(stages[0], "FROM"))
	}
	if want := "go" + m[1]; want != leastGo {
		t.Errorf("it builds with %s, internal/deps demands %s", want, leastGo)
	}
	var build string
	for _, i := range stages[0] {
		if i.word == "RUN" && strings.Contains(i.rest, "go build") {
			build = i.rest
		}
	}
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-buildvcs=false", "./cmd/laurel"} {
		if !strings.Contains(build, want) {
			t.Errorf("the build %q has no %s: it would not be static and reproducible", build, want)
		}
	}
}

var system = regexp.MustCompile(`^debian:\w+-slim AS fonts$`)

// What is drawn needs fonts, and they may be passed on with their licences.
func TestImageFonts(t *testing.T) {
	stages := dockerfile(t)
	fonts := stages[1]
	if from := last(fonts, "FROM"); !system.MatchString(from) {
		t.Errorf("fonts come from %q: a named release of Debian is wanted", from)
	}
	var runs string
	for _, i := range fonts {
		if i.word == "RUN" {
			runs += i.rest + "\n"
		}
	}
	for _, want := range []string{"fonts-noto-core", "fonts-noto-cjk", "NotoSansCJK-Regular.ttc", "NotoSans*-Regular.ttf", "fonts-noto-core/copyright", "fonts-noto-cjk/copyright"} {
		if !strings.Contains(runs, want) {
			t.Errorf("the stage with fonts has no %s", want)
		}
	}
	if !slices.Contains(stages[2], instruction{"COPY", "--from=fonts /out/fonts /usr/share/fonts"}) {
		t.Error("the image takes no fonts to where they are looked for")
	}
}

// TestImageSource: the build sees every folder that the program is made of.
func TestImageSource(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	seen := strings.Split(string(raw), "\n")
	folders := 0
	for _, p := range imports(t, "./cmd/laurel") {
		if inside, ours := strings.CutPrefix(p, "laurel/"); ours {
			folders++
			if folder, _, _ := strings.Cut(inside, "/"); !slices.Contains(seen, "!"+folder) {
				t.Errorf("%s is in the program, and .dockerignore keeps %s from its build", p, folder)
			}
		}
	}
	if folders < 30 {
		t.Errorf("%d packages of ours; were they read?", folders)
	}
}

// TestImageLicences: whoever gets the image gets the licences of what is in it.
func TestImageLicences(t *testing.T) {
	stages := dockerfile(t)
	if !slices.ContainsFunc(stages[0], func(i instruction) bool { return i.word == "RUN" && strings.Contains(i.rest, "/out/licences/") }) ||
		!slices.Contains(stages[2], instruction{"COPY", "--from=build /out/licences /usr/share/licences"}) {
		t.Error("the image has no licences of the modules in it")
	}
}

func TestImage(t *testing.T) {
	stages := dockerfile(t)
	image := stages[len(stages)-1]
	from := last(image, "FROM")
	if from != "scratch" && !regexp.MustCompile(`^gcr\.io/distroless/static-debian\d+:nonroot$`).MatchString(from) {
		t.Errorf("the image stands on %q: scratch or a tagged static base is wanted", from)
	}
	for _, i := range image {
		if i.word == "RUN" || i.word == "ADD" || i.word == "SHELL" {
			t.Errorf("%s in the shipped stage", i.word)
		}
		if i.word == "COPY" && !strings.Contains(i.rest, "--from=") {
			t.Errorf("COPY %s takes from the build context; only what the first stage made may be shipped", i.rest)
		}
	}
	user, group, _ := strings.Cut(last(image, "USER"), ":")
	for _, s := range []string{user, group} {
		if id, err := strconv.Atoi(s); err != nil || id < 1000 {
			t.Errorf("USER %s:%s: numbers of an ordinary user are wanted, so that an orchestrator can see that it is not root", user, group)
		}
	}
	words := func(word, text string) (list []string) {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Errorf("%s %s is not in the JSON form: there is no shell to read it", word, text)
		}
		return list
	}
	if got := words("ENTRYPOINT", last(image, "ENTRYPOINT")); !slices.Equal(got, []string{"/laurel"}) {
		t.Errorf("ENTRYPOINT is %q", got)
	}
	if got := words("CMD", last(image, "CMD")); !slices.Equal(got, []string{"serve"}) {
		t.Errorf("CMD is %q", got)
	}
	volumes := words("VOLUME", last(image, "VOLUME"))
	if len(volumes) != 1 || !slices.Contains(image, instruction{"ENV", "LAUREL_DATA=" + volumes[0]}) {
		t.Errorf("the volumes are %q: the data folder and nothing else has to be one", volumes)
	}
	_, check, _ := strings.Cut(last(image, "HEALTHCHECK"), "CMD ")
	if got := words("HEALTHCHECK", check); !slices.Equal(got, []string{"/laurel", "health"}) {
		t.Errorf("HEALTHCHECK is %q", got)
	}
}
