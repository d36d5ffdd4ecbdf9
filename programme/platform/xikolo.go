package platform

// xikolo reads the enrolment that Xikolo publishes for everybody in a course
// once its records are released. Its name says "completed", which most are not:
// what counts are the points, the visits and the record. Percentages in it are
// cut and not read.
func xikolo(n *native) {
	if n.At("/deleted").Bool() {
		n.ignored = Deleted
		return
	}
	n.OccurredAt = n.Time("/updated_at")
	n.Activity = n.Required("/course_id", maxIRI)
	n.Learner.ID = n.Required("/user_id", maxID)
	n.Facts.Visits = n.visits("/visits/visited", "/visits/total")
	n.Facts.Points = n.share("/points/achieved", "/points/maximal")
	if n.At("/certificates/record_of_achievement").Bool() {
		n.pass()
	}
}
