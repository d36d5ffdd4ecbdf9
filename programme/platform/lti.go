package platform

// ltiScore reads a score of LTI's Assignment and Grade Services. A score is
// sent to the address of a line item and does not say of which activity it is:
// Activity stays "", for the caller to fill in.
func ltiScore(n *native) {
	if n.Text("/activityProgress", maxWord) != "Completed" || n.Text("/gradingProgress", maxWord) != "FullyGraded" {
		n.ignored = NotFinal
		return
	}
	n.OccurredAt = n.Time("/timestamp")
	n.Learner.ID = n.Required("/userId", maxID)
	n.Facts.Points = n.share("/scoreGiven", "/scoreMaximum")
}
