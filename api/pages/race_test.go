//go:build race

package pages_test

import "laurel/internal/i18n"

// tried are the languages that every page is made in, one for each direction.
func tried([]i18n.Lang) []i18n.Lang { return []i18n.Lang{"en", "ar"} }
