package studio

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/api/limit"
	"laurel/internal/draw"
	"laurel/internal/typeset"
)

var medal = draw.Medal{Title: "Tides and Currents", Issuer: "Harbour College", Lang: "en"}

func TestKept(t *testing.T) {
	s := New(typeset.Open(nil))
	first, err := s.Medal(t.Context(), medal, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.DecodeConfig(bytes.NewReader(first)); err != nil {
		t.Error(err)
	}
	if again, err := s.Medal(t.Context(), medal, false); err != nil || &again[0] != &first[0] {
		t.Errorf("it was drawn again (%v)", err)
	}
	other := medal
	other.Issuer = "Another College"
	for name, draw := range map[string]func() ([]byte, error){
		"outlines":       func() ([]byte, error) { return s.Medal(t.Context(), medal, true) },
		"another issuer": func() ([]byte, error) { return s.Medal(t.Context(), other, false) },
		"preview":        func() ([]byte, error) { return s.Preview(t.Context(), draw.Preview{Medal: medal}, nil) },
		"a sign":         func() ([]byte, error) { return s.Preview(t.Context(), draw.Preview{Medal: medal, Sign: draw.Bad}, nil) },
		"artwork":        func() ([]byte, error) { return s.Preview(t.Context(), draw.Preview{Medal: medal}, first) },
	} {
		raw, err := draw()
		if err != nil || bytes.Equal(raw, first) {
			t.Errorf("%s: passes for the first (%v)", name, err)
		}
		first = raw
	}
}

// Many who ask for one picture at once get the one that is drawn.
func TestOnce(t *testing.T) {
	s := New(typeset.Open(nil))
	var drawn atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			raw, err := s.picture(t.Context(), "one", func(w io.Writer) error {
				drawn.Add(1)
				time.Sleep(20 * time.Millisecond)
				_, err := w.Write([]byte("picture"))
				return err
			})
			if err != nil || string(raw) != "picture" {
				t.Errorf("%q %v", raw, err)
			}
		})
	}
	all.Wait()
	if n := drawn.Load(); n != 1 {
		t.Errorf("it was drawn %d times", n)
	}
}

// No more than the places are taken, and a full queue says so at once; whoever
// goes away is not waited for.
func TestBounded(t *testing.T) {
	s := New(typeset.Open(nil))
	s.gate = limit.NewGate(1, 2, time.Minute)
	hold, inside, most := make(chan struct{}), atomic.Int32{}, atomic.Int32{}
	slow := func(io.Writer) error {
		most.Store(max(most.Load(), inside.Add(1)))
		<-hold
		inside.Add(-1)
		return nil
	}
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			if _, err := s.picture(context.Background(), i, slow); err != nil {
				t.Errorf("picture %d: %v", i, err)
			}
		})
	}
	for s.gate.Load().Waiting < 2 { // until go test gives up
		time.Sleep(time.Millisecond)
	}
	before, stop := context.WithTimeout(t.Context(), 30*time.Second) // who waits is told so after a minute
	defer stop()
	if _, err := s.picture(before, "one more", func(io.Writer) error { return nil }); !errors.Is(err, limit.ErrFull) {
		t.Errorf("the queue is full, and says %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.picture(gone, 0, slow); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away gets %v", err)
	}
	close(hold)
	all.Wait()
	if n := most.Load(); n != 1 {
		t.Errorf("%d were drawn at once", n)
	}
}

// What failed is not kept.
func TestFailureIsNotKept(t *testing.T) {
	s := New(typeset.Open(nil))
	broken := errors.New("no ink")
	if _, err := s.picture(t.Context(), "x", func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if raw, err := s.picture(t.Context(), "x", func(w io.Writer) error { _, err := w.Write([]byte("y")); return err }); err != nil || string(raw) != "y" {
		t.Errorf("%q %v", raw, err)
	}
}
