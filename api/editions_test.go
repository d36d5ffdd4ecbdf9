package api_test

import (
	"net/http"
	"testing"
)

// TestOneEditionByEitherDoor: an edition that a platform calls by the mode of
// the course is the same, whether the badge is asked for or earned.
func TestOneEditionByEitherDoor(t *testing.T) {
	w := newCourse(t)
	direct := `{"achievement":"hc20-achievement","edition":"self-paced","recipient":{"name":"Participant 06","email":"participant.06@learner.example"},"awardedAt":"2025-03-04T09:00:00Z"}`
	w.post("/v1/credentials", direct).want(t, http.StatusCreated)
	w.post("/v1/completions", courseEvents(t)[8]).want(t, http.StatusOK)
	w.badgeOf("hc20-achievement", "participant.06@learner.example") // fails where there are two
	w.post("/v1/credentials", direct).want(t, http.StatusOK)
}
