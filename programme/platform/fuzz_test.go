package platform_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"laurel/programme/completion"
)

func FuzzCaliper(f *testing.F) { fuzz(f, "caliper") }
func FuzzCanvas(f *testing.F)  { fuzz(f, "canvas") }
func FuzzLTI(f *testing.F)     { fuzz(f, "lti-ags") }
func FuzzMoodle(f *testing.F)  { fuzz(f, "moodle") }
func FuzzOpenEdX(f *testing.F) { fuzz(f, "openedx") }
func FuzzXAPI(f *testing.F)    { fuzz(f, "xapi") }
func FuzzXikolo(f *testing.F)  { fuzz(f, "xikolo") }

// fuzz: whatever is sent, each event ends in one of three things, and a
// completion is whole and within its bounds.
func fuzz(f *testing.F, name string) {
	names, err := filepath.Glob("testdata/native/*.json")
	if err != nil || len(names) == 0 {
		f.Fatal("no samples", err)
	}
	for _, n := range names {
		f.Add(file(f, "native/"+filepath.Base(n)))
	}
	f.Add([]byte(`id=1&occurred_at=1740999600&activity=42&learner[id]=7&facts[sessions][]=a&facts[sessions][]=b`))
	a := adapter(f, name)
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := a.Read("lms-a", body)
		if err != nil && len(all) > 0 || len(all) > completion.MaxBatch {
			t.Fatalf("%d events and %v", len(all), err)
		}
		for _, e := range all {
			n := 0
			for _, is := range []bool{e.Completion != nil, e.Ignored != "", e.Err != nil} {
				if is {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%+v is %d things", e, n)
			}
			if e.Completion != nil {
				whole(t, name, e.Completion)
			}
		}
		if again, _ := a.Read("lms-a", body); !reflect.DeepEqual(again, all) {
			t.Fatalf("%+v the first time, %+v the second", all, again)
		}
	})
}

func whole(t *testing.T, name string, c *completion.Completion) {
	t.Helper()
	if c.ID == "" || len([]rune(c.ID)) > 200 || c.Source != "lms-a" || len(c.Digest) != 32 || c.Kind == "" ||
		c.Activity == "" && name != "lti-ags" || len([]rune(c.Activity)) > 500 || c.Learner.ID == "" && c.Learner.Email == "" ||
		c.OccurredAt.Year() < 1970 || c.OccurredAt.Year() > 9999 ||
		c.Kind == completion.Progress && c.Facts.Empty() {
		t.Fatalf("%+v", c)
	}
}
