package region_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"laurel/programme/region"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestFixture holds the table against the rows of the fixture, on the first
// and the last day of each.
func TestFixture(t *testing.T) {
	f, err := os.Open("testdata/country-region.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 24 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		country, want, from, to := row[0], row[3], row[4], row[5]
		if to == "" {
			to = "2100-01-01"
		}
		for _, on := range []time.Time{day(t, from), day(t, to), day(t, to).Add(24*time.Hour - time.Nanosecond)} {
			if got, ok := region.Of(country, on); got != want || !ok {
				t.Errorf("%s on %s is in %q, not %s", country, on, got, want)
			}
		}
		if !region.Country(country) {
			t.Errorf("%s is no country", country)
		}
	}
}

// TestIndonesia: the day is taken in UTC, whatever zone a time comes in.
func TestIndonesia(t *testing.T) {
	jakarta := time.FixedZone("WIB", 7*3600)
	for at, want := range map[time.Time]string{
		time.Date(2025, 5, 22, 23, 59, 59, 0, time.UTC): region.SouthEastAsia,
		time.Date(2025, 5, 23, 0, 0, 0, 0, time.UTC):    region.WesternPacific,
		time.Date(2025, 5, 23, 6, 59, 59, 0, jakarta):   region.SouthEastAsia,
		time.Date(2025, 5, 23, 7, 0, 0, 0, jakarta):     region.WesternPacific,
	} {
		if got, _ := region.Of("ID", at); got != want {
			t.Errorf("at %s Indonesia is in %s", at, got)
		}
	}
}

// TestMembers counts the member states of each region, and looks at every two
// letters: what is a country for CLDR and not for us is no longer or not yet
// in ISO 3166-1.
func TestMembers(t *testing.T) {
	count, countries := map[string]int{}, 0
	var unlisted []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			parsed, err := language.ParseRegion(code)
			cldr := err == nil && parsed.IsCountry() && parsed.String() == code
			r, member := region.Of(code, day(t, "2025-01-01"))
			if member {
				count[r]++
			}
			switch ours := region.Country(code); {
			case ours && !cldr, member && !ours:
				t.Errorf("%s is no country", code)
			case ours:
				countries++
			case cldr:
				unlisted = append(unlisted, code)
			}
		}
	}
	want := map[string]int{"AFR": 47, "AMR": 35, "SEAR": 11, "EUR": 53, "EMR": 21, "WPR": 27}
	total := 0
	for code, n := range want {
		if total += count[code]; count[code] != n {
			t.Errorf("%s has %d member states, not %d", code, count[code], n)
		}
	}
	if total != 194 || len(count) != 6 || countries != 249 {
		t.Errorf("%d member states in %d regions, %d countries", total, len(count), countries)
	}
	gone := strings.Fields("AC AN BU CP CQ CS CT DD DG DY EA EZ FQ FX HV IC JT MI NH NQ NT PC PU PZ RH SU TA TP UK UN VD WK XK YD YU ZR")
	slices.Sort(gone)
	for _, code := range unlisted {
		if !slices.Contains(gone, code) {
			t.Errorf("%s is missing", code)
		}
	}
	for _, code := range []string{"", "K", "KEN", "ke", "XX", "UK", "EU", "A ", " A", "AD AE"} {
		if r, ok := region.Of(code, time.Now()); ok || r != "" || region.Country(code) {
			t.Errorf("%q is a country", code)
		}
	}
}

func TestNames(t *testing.T) {
	raw, err := os.ReadFile("testdata/who-regions.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Regions []struct {
			Code string
			Name map[string]string
		}
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Regions) != 6 {
		t.Fatalf("%d regions", len(want.Regions))
	}
	for _, r := range want.Regions {
		if len(r.Name) != 6 {
			t.Errorf("%s has %d names", r.Code, len(r.Name))
		}
		for tag, name := range r.Name {
			if got := region.Name(r.Code, tag); got != name {
				t.Errorf("%s in %s is %q", r.Code, tag, got)
			}
		}
	}
	if region.Name("EUR", "fr-CA") != "Région européenne" || region.Name("EUR", "pt-BR") != "European Region" || region.Name("ABC", "en") != "" {
		t.Error("the fall-back of names")
	}
}
