//go:build !race

package pages_test

import "laurel/internal/i18n"

// tried are the languages that every page is made in: all.
func tried(languages []i18n.Lang) []i18n.Lang { return languages }
