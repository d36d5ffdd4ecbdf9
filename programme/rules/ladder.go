package rules

// Ladder says which steps of a series are given to somebody who reaches
// several.
type Ladder string

// The ways.
const (
	LadderAll     Ladder = "all"     // every step; the default: it does not depend on the order of events
	LadderHighest Ladder = "highest" // not a lower step that is reached together with a higher one
)

// LadderOf is the way of a group of achievements.
func (a *Activity) LadderOf(group string) Ladder {
	if l := a.Ladders[group]; l != "" {
		return l
	}
	return LadderAll
}
