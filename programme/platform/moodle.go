package platform

import (
	"laurel/programme/completion"
)

// moodle reads what Moodle sends: its own events as they are, and what a
// workflow makes of them, which is our own form.
func moodle(source string, body []byte) ([]Event, error) {
	v, err := parseWorkflow(body)
	if err != nil {
		return nil, err
	}
	if v.Get("eventname").Exists() {
		return []Event{event(source, v, "", moodleEvent)}, nil
	}
	e := Event{ID: completion.NewReader(v, "").Text("/id", maxID)}
	c, fault := completion.ReadValue(v, "", source)
	if e.Err = fault; fault == nil {
		e.Completion = &c
	}
	return []Event{e}, nil
}

// moodleEvent reads an event as Moodle raises it: numbers of a user and a
// course, no name, no address, no grade. The badges that Moodle gives itself
// are passed over.
func moodleEvent(n *native) {
	switch name := n.Text("/eventname", maxID); name {
	case `\core\event\course_completed`:
	case `\core\event\badge_awarded`:
		n.ignored = PlatformsBadge
		return
	default:
		n.ignored = OtherEvent
		return
	}
	n.OccurredAt = n.Time("/timecreated")
	n.Activity = n.Required("/courseid", maxWord)
	n.Learner.ID = n.Required("/relateduserid", maxWord)
	n.pass()
}
