//go:build linux && !race

package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const course = `{"id":"big-course","kind":"workshop","edition":"2025-1","start":"2025-06-20","end":"2025-07-11",
"sessions":[{"id":"2025-06-20","date":"2025-06-20","hours":2}],
"award_rules":[{"achievement":"first-aid","all":[{"sessions_attended_gte":1}]}],
"release":{"mode":"manual","applies_to":["first-aid"]}}`

// listRows is how many people stand on one list.
const listRows = 5000

// enrol tells of so many people who have earned the badge and wait for the
// release, and returns what was said of each list.
func (h *house) enrol(people int, more ...string) (said string) {
	h.t.Helper()
	for from := 0; from < people; from += listRows {
		var list strings.Builder
		list.WriteString("ref,name,email,2025-06-20\n")
		for n := from; n < min(from+listRows, people); n++ {
			fmt.Fprintf(&list, "P-%07d,Person %d,person.%d@many.example,1\n", n, n, n)
		}
		file := filepath.Join(h.t.TempDir(), "list.csv")
		if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
			h.t.Fatal(err)
		}
		said += h.run(append([]string{"programme", "roster", "big-course", file}, more...)...)
	}
	return said
}

var released = regexp.MustCompile(`released big-course: (\d+) badges issued, 0 held, 0 errors`)

var existing = regexp.MustCompile(`(?m)^(\d+) existing`)

// TestRelease releases an edition and kills the service half-way, again and again.
// In the end everybody has the badge, once. The service cannot have got far when it
// is killed: it waits until somebody reads what it says.
func TestRelease(t *testing.T) {
	t.Parallel()
	people, kills := rounds(t, "RELEASE_AWARDS", 1000), rounds(t, "RELEASE_KILLS", 1)
	h := newHouse(t, t.TempDir())
	h.pipe = narrowPipe
	h.load(map[string]string{"big-course.json": course})
	h.start()
	began := time.Now()
	h.enrol(people)
	t.Logf("%d people were told of in %v", people, time.Since(began))
	began = time.Now()
	for n := range kills {
		ended := make(chan error, 1)
		// So much in each part that all kills fall into the release.
		part, process := people/(kills+1), h.process.Process
		// Of what it says it may be two transactions behind.
		h.said.after(part/4+rand.N(part/4+1), func() {
			time.Sleep(rand.N(2 * time.Millisecond)) // it goes on until it is waited for, also within a commit
			_ = process.Kill()
		})
		go func() { _, err := h.try("programme", "release", "big-course"); ended <- err }()
		err := <-ended
		h.kill()
		if err == nil {
			t.Errorf("kill %d came too late: the release was over", n+1)
		}
		h.start()
	}
	out := h.run("programme", "release", "big-course")
	if !released.MatchString(out) {
		t.Errorf("the last release said %q", out)
	}
	took := time.Since(began)
	if out := h.run("programme", "release", "big-course"); !strings.Contains(out, " 0 badges issued") {
		t.Errorf("a release after the last one said %q", out)
	}
	holders := 0
	for _, m := range existing.FindAllStringSubmatch(h.enrol(people, "--dry-run"), -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		holders += n
	}
	h.stop()
	// Everybody has one, and there are as many as people.
	if got := h.check(); got != people || holders != people {
		t.Errorf("%d badges of %d holders, want %d", got, holders, people)
	}
	t.Logf("an edition of %d awards, killed %d times half-way, was released in %v: each has its badge once", people, kills, took)
}
