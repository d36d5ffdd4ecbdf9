package platform

import (
	"iter"

	"laurel/internal/strictjson"
)

// caliperEvents are those of an envelope, or the events themselves.
func caliperEvents(v strictjson.Value) iter.Seq2[int, strictjson.Value] {
	if data := v.Get("data"); data.Exists() {
		return data.Each()
	}
	return v.Each()
}

// caliper reads a GradeEvent of Caliper 1.2. Whoever is graded and what for may
// stand there whole or by their addresses alone.
func caliper(n *native) {
	n.ID = n.Required("/id", maxID)
	if n.Text("/type", maxWord) != "GradeEvent" || n.Text("/action", maxWord) != "Graded" {
		n.ignored = OtherEvent
		return
	}
	n.OccurredAt = n.Time("/eventTime")
	n.Learner.ID = n.Required(n.entity("/object/assignee"), maxID)
	n.Activity = n.Required(n.entity("/object/assignable"), maxIRI)
	n.Facts.Points = n.share("/generated/scoreGiven", "/generated/maxScore")
}

// entity is where the address of an entity stands.
func (n *native) entity(at string) string {
	if n.At(at).Kind() == strictjson.Object {
		return at + "/id"
	}
	return at
}
