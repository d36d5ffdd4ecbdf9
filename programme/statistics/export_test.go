package statistics

// LeftOut are the groups whose awards no public number counts, and Group is
// what one is.
func LeftOut(t Table) []Scope {
	counted := suppressed(t).groups
	var out []Scope
	for tally := range t {
		g := groupOf(tally)
		if !contains(counted, g) && !contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

func contains(list []Scope, s Scope) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}
