//go:build !race

package pages_test

import "laurel/internal/i18n"

// few are those of all to try: all.
func few[T any](all []T) []T { return all }

// tried are the languages that every page is made in: all.
func tried(languages []i18n.Lang) []i18n.Lang { return languages }
