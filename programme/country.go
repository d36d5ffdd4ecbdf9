package programme

import "golang.org/x/text/language"

// knownCountry reports whether two letters are a country of ISO 3166.
func knownCountry(code string) bool {
	if !countryPattern.MatchString(code) {
		return false
	}
	region, err := language.ParseRegion(code)
	return err == nil && region.IsCountry()
}
