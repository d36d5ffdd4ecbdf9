package platform

import (
	"cmp"

	"laurel/programme/completion"
	"laurel/programme/facts"
)

// The names of Open edX's classes, under which its webhooks send their data.
const (
	edxPassing     = "/openedx_events.learning.data.CoursePassingStatusData"
	edxCertificate = "/openedx_events.learning.data.CertificateData"
)

// openEdX reads an event of Open edX as its webhooks plug-in sends it.
func openEdX(n *native) {
	n.ID = n.Required("/event_metadata/id", maxID)
	n.OccurredAt = n.Time("/event_metadata/time")
	switch {
	case n.At(edxPassing).Exists():
		n.edxLearner(edxPassing)
		n.pass()
		if !n.At(edxPassing + "/is_passing").Bool() {
			n.ignored = NotPassing
		}
	case n.At(edxCertificate).Exists():
		n.edxLearner(edxCertificate)
		n.edxCertificate()
	default:
		n.ignored = OtherEvent
	}
}

// edxLearner reads what all data have. The account may have no name; the
// certificate has one of its own.
func (n *native) edxLearner(data string) {
	n.Activity = n.Required(data+"/course/course_key", maxIRI)
	n.Learner = completion.Learner{
		ID: n.Required(data+"/user/id", maxID), Email: n.Email(data + "/user/pii/email"),
		Name: cmp.Or(n.Name(data+"/user/pii/name"), n.Name(data+"/name")),
	}
}

// edxCertificate: the grade is a fraction, in a string that may be empty.
func (n *native) edxCertificate() {
	status := n.Text(edxCertificate+"/current_status", maxWord)
	switch {
	case n.Text("/event_metadata/event_type", maxIRI) == "org.openedx.learning.certificate.revoked.v1", status == "unavailable", status == "revoked":
		n.Kind = completion.Revocation
	case status == "downloadable":
		n.pass()
		if grade, ok := n.number(edxCertificate + "/grade"); ok {
			n.Facts.Points = &facts.Share{Got: grade, Of: facts.Whole(1), At: n.OccurredAt}
		}
	default:
		n.ignored = NotFinal
	}
}
