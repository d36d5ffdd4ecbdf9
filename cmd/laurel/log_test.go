package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/api/wire"
)

// written notes what is written, and how often.
type written struct {
	mu    sync.Mutex
	text  bytes.Buffer
	times int
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times++
	return w.text.Write(b)
}

func (w *written) now() (text string, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String(), w.times
}

// Every line is written, in its order and whole: one by itself at once, many
// together, and what is left when there is no more. Warnings do not wait.
func TestLog(t *testing.T) {
	w := &written{}
	log, flush := newLog(w)
	log.Info("alone")
	if text, times := w.now(); times != 1 || !strings.Contains(text, "alone") {
		t.Errorf("a line by itself waits: %d %q", times, text)
	}
	const many = 5000
	var all sync.WaitGroup
	for part := range 5 {
		all.Go(func() {
			for n := range many / 5 {
				log.Info("one of many", "part", part, "n", n)
			}
		})
	}
	all.Wait()
	log.Warn("look")
	text, times := w.now()
	if times > many/10 {
		t.Errorf("%d lines were written in %d pieces", many, times)
	}
	if !strings.HasSuffix(strings.TrimSpace(text), `"msg":"look"}`) {
		t.Error("a warning waits")
	}
	log.Info("the last")
	flush()
	flush()
	text, _ = w.now()
	next, lines := [5]int{}, 0
	for line := range strings.Lines(text) {
		var said struct {
			Msg     string
			Part, N int
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if lines++; said.Msg != "one of many" {
			continue
		}
		if said.N != next[said.Part] {
			t.Fatalf("line %d of part %d comes where %d belongs", said.N, said.Part, next[said.Part])
		}
		next[said.Part]++
	}
	if lines != many+3 || !strings.Contains(text, "the last") {
		t.Errorf("%d lines", lines)
	}
}

// What waits is written soon though nothing follows.
func TestLogWaitsForNothing(t *testing.T) {
	w := &written{}
	log, _ := newLog(w)
	for range 3 {
		log.Info("said")
	}
	for { // until go test gives up
		if text, _ := w.now(); strings.Count(text, "said") == 3 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// A number that a line is told by the way is not written beside it once more.
func TestLogNamesARequestOnce(t *testing.T) {
	w := &written{}
	log, _ := newLog(w)
	ctx := wire.WithRequestID(t.Context(), "LDB7")
	for _, told := range []func(){
		func() { log.ErrorContext(ctx, "failed") },
		func() { log.ErrorContext(ctx, "failed", "request", "LDB7") },
		func() { log.With("request", "LDB7").With("others", 0).ErrorContext(ctx, "failed") },
	} {
		before, _ := w.now()
		told()
		after, _ := w.now()
		if line := strings.TrimPrefix(after, before); strings.Count(line, `"request":"LDB7"`) != 1 {
			t.Error(line)
		}
	}
}
