package roster

import "strings"

// Repeat tells that a row is about somebody who stood on the list before.
type Repeat struct {
	Of int // the number of that row
	// Conflict: one address under two refs or two names is two people or a
	// mistake, which a person has to decide.
	Conflict bool
	// OtherPerson: the same ref with another name, and no address that says
	// that it is the same person.
	OtherPerson bool
}

// Repeats finds the rows about somebody who stood on the list before, by their
// place in Rows. Rows with a fault are not counted as having been there, and who
// stands under two editions was in both.
func (l *List) Repeats() map[int]Repeat {
	repeats := map[int]Repeat{}
	type key struct{ edition, id string }
	refs, emails := map[key]Row{}, map[key]Row{}
	for n, row := range l.Rows {
		email := strings.ToLower(row.Email)
		byRef, known := refs[key{row.Edition, row.Ref}]
		byEmail, sameEmail := emails[key{row.Edition, email}]
		switch {
		case row.Ref != "" && known:
			repeats[n] = Repeat{Of: byRef.Number, OtherPerson: differ(byRef, row)}
		case email != "" && sameEmail:
			repeats[n] = Repeat{Of: byEmail.Number, Conflict: row.Ref != "" && byEmail.Ref != "" || otherName(byEmail, row)}
		case row.Fault == nil && !row.Blank:
			refs[key{row.Edition, row.Ref}], emails[key{row.Edition, email}] = row, row
		}
	}
	return repeats
}

// differ tells whether two rows tell other names, and no address that is the same.
func differ(a, b Row) bool {
	return otherName(a, b) && (a.Email == "" || !strings.EqualFold(a.Email, b.Email))
}

// otherName tells whether two rows name two people.
func otherName(a, b Row) bool {
	fold := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	x, y := fold(a.Name), fold(b.Name)
	return x != "" && y != "" && x != y
}
