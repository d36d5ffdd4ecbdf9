package feed

import (
	"math/rand/v2"
	"time"
)

// Delivery is one event for one hook.
type Delivery struct {
	Event    string    `json:"event"` // sequence
	Type     Type      `json:"type"`
	At       time.Time `json:"at"` // of the event
	QueuedAt time.Time `json:"queuedAt"`
	State    State     `json:"state"`
	// Next is when it is tried again, and while it is being tried, when others
	// take it that it came to nothing.
	Next     time.Time `json:"next,omitzero"`
	Claim    string    `json:"claim,omitempty"` // of who tries it now
	Tries    int       `json:"tries"`           // since it was queued, or asked for anew
	Attempts []Attempt `json:"attempts,omitempty"`
}

// State is where a delivery stands.
type State string

// The states.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Failed    State = "failed" // for good, unless it is asked for anew
)

// Attempt is what came of one try. Nothing of the answer is kept but its status.
type Attempt struct {
	At     time.Time `json:"at"`
	Millis int64     `json:"millis"`           // that it took
	Status int       `json:"status,omitempty"` // 0 where there was no answer
	Error  string    `json:"error,omitempty"`  // why there was none
}

// good tells of an answer that takes the event as received.
func (a Attempt) good() bool { return a.Status >= 200 && a.Status <= 299 }

// ID is the id of the event, which is that of its delivery too.
func (d *Delivery) ID() string { return idPrefix + d.Event }

// keptAttempts bounds how much of a delivery's past is kept.
const keptAttempts = 20

// pauses are between one try and the next, three days in all.
var pauses = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 12 * time.Hour, 16 * time.Hour, 16 * time.Hour}

// tried notes an attempt and says how it goes on.
func (d *Delivery) tried(a Attempt, now time.Time) {
	d.Tries++
	d.Attempts = append(d.Attempts, a)
	d.Attempts = d.Attempts[max(0, len(d.Attempts)-keptAttempts):]
	d.Claim, d.Next = "", time.Time{}
	switch {
	case a.good():
		d.State = Delivered
	case a.Status == statusGone:
		d.State = Failed
	default:
		pause, again := Pause(d.Tries)
		if !again {
			d.State = Failed
			return
		}
		d.State, d.Next = Pending, now.Add(pause)
	}
}

// Pause is how long it is waited after so many tries, the first being 1; false
// where it is not tried again.
func Pause(tries int) (pause time.Duration, again bool) {
	if tries > len(pauses) {
		return 0, false
	}
	return jitter(pauses[tries-1]), true
}

const statusGone = 410

// jitter keeps those that failed together from coming back together: up to a
// tenth sooner or later.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5)
}
