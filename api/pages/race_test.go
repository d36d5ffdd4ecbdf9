//go:build race

package pages_test

import "laurel/internal/i18n"

// few are those of all to try, every sixth: the race detector makes each some ten
// times slower, and each goes the same way.
func few[T any](all []T) (some []T) {
	for n := 0; n < len(all); n += 6 {
		some = append(some, all[n])
	}
	return some
}

// tried are the languages that every page is made in, one for each direction.
func tried([]i18n.Lang) []i18n.Lang { return []i18n.Lang{"en", "ar"} }
