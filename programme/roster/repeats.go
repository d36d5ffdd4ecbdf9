package roster

import "strings"

// Repeat tells that a row is about somebody who stood on the list before.
type Repeat struct {
	Of int // the number of that row
	// Conflict: one address under two refs is two people or a mistake, which
	// a person has to decide.
	Conflict bool
}

// Repeats finds the rows about somebody who stood on the list before, by their
// place in Rows. Rows with a fault are not counted as having been there.
func (l *List) Repeats() map[int]Repeat {
	repeats := map[int]Repeat{}
	refs, emails := map[string]Row{}, map[string]Row{}
	for n, row := range l.Rows {
		email := strings.ToLower(row.Email)
		byRef, known := refs[row.Ref]
		byEmail, sameEmail := emails[email]
		switch {
		case row.Ref != "" && known:
			repeats[n] = Repeat{Of: byRef.Number}
		case email != "" && sameEmail:
			repeats[n] = Repeat{Of: byEmail.Number, Conflict: row.Ref != "" && byEmail.Ref != ""}
		case row.Fault == nil && !row.Blank:
			refs[row.Ref], emails[email] = row, row
		}
	}
	return repeats
}
