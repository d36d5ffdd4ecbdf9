package rules

// Ladder says which steps of a series are given to somebody who reaches
// several.
type Ladder string

// The ways.
const (
	LadderAll     Ladder = "all"     // every step; the default: it does not depend on the order of events
	LadderHighest Ladder = "highest" // no lower step to somebody who has reached a higher one
)

// Step is an achievement that somebody has reached, and its place in a ladder.
type Step struct {
	Achievement string
	Group       string // "" where it is no step of a ladder
	Rank        int    // the higher step has the greater one
	Held        bool   // it was given out before
}

// LadderOf is the way of a group of achievements.
func (a *Activity) LadderOf(group string) Ladder {
	if l := a.Ladders[group]; l != "" {
		return l
	}
	return LadderAll
}

// Rungs says which of the achievements reached are to be given out now, and
// which are left out for a higher step that is reached or held already. What is
// held is in neither list: it stays.
func (a *Activity) Rungs(reached []Step) (give, leave []string) {
	for _, s := range reached {
		switch {
		case s.Held:
		case a.LadderOf(s.Group) == LadderHighest && overtaken(s, reached):
			leave = append(leave, s.Achievement)
		default:
			give = append(give, s.Achievement)
		}
	}
	return give, leave
}

// Superseded are the achievements held beside which a higher step of the same
// ladder is held. They stay in force; a page says that there is a higher one.
func Superseded(held []Step) []string {
	var lower []string
	for _, s := range held {
		if overtaken(s, held) {
			lower = append(lower, s.Achievement)
		}
	}
	return lower
}

func overtaken(s Step, by []Step) bool {
	for _, other := range by {
		if s.Group != "" && other.Group == s.Group && other.Rank > s.Rank {
			return true
		}
	}
	return false
}
