package platform

import (
	"cmp"

	"laurel/programme/completion"
)

// canvas reads a live event of Canvas. What it tells of a completed course is
// how many of its requirements are met; it is sent again whenever a time in it
// changes. Grades are other events, which are passed over.
func canvas(n *native) {
	if n.Text("/metadata/event_name", maxWord) != "course_completed" {
		n.ignored = OtherEvent
		return
	}
	n.OccurredAt = n.Time("/metadata/event_time")
	if at := n.At("/body/progress/completed_at"); at.Text() != "" {
		n.OccurredAt = n.Time("/body/progress/completed_at")
	}
	// The school's own name of the course is the same in every copy of it.
	n.Activity = cmp.Or(n.Text("/body/course/sis_source_id", maxIRI), n.Text("/body/course/id", maxIRI))
	if n.Activity == "" {
		n.Fault("required", "/body/course/id", "Say which course it is.")
	}
	n.Learner = completion.Learner{ID: n.Required("/body/user/id", maxID), Email: n.Email("/body/user/email"), Name: n.Name("/body/user/name")}
	n.Facts.Visits = n.visits("/body/progress/requirement_completed_count", "/body/progress/requirement_count")
}
