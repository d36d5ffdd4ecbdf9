package statistics_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"laurel/programme/region"
	"laurel/programme/statistics"
)

// academy is a table of 40 courses in 5 editions each, with awards over 100
// countries of which few have many.
func academy() statistics.Table {
	random, table := rand.New(rand.NewPCG(1, 2)), statistics.Table{}
	var countries []string
	for a := 'A'; a <= 'Z' && len(countries) < 100; a++ {
		for b := 'A'; b <= 'Z' && len(countries) < 100; b++ {
			if _, member := region.Of(string(a)+string(b), time.Now()); member {
				countries = append(countries, string(a)+string(b))
			}
		}
	}
	for course := range 40 {
		for edition := range 5 {
			for range random.IntN(400) {
				country := countries[min(random.IntN(100), random.IntN(100))]
				r, _ := region.Of(country, time.Now())
				table.Add(statistics.Tally{Issuer: "i", Activity: fmt.Sprint("c", course/2), Achievement: fmt.Sprint("a", course), Edition: fmt.Sprint(edition), Region: r, Country: country,
					Language: []string{"en", "en", "fr", "es", "ru", "ar", "zh", "pt"}[min(random.IntN(8), random.IntN(8))], Sector: []string{"a", "b", "c", "d", "e"}[random.IntN(5)]}, 1)
			}
		}
	}
	return table
}

func BenchmarkTake(b *testing.B) {
	table := academy()
	for b.Loop() {
		statistics.Take(time.Now(), table)
	}
}

func BenchmarkOfficial(b *testing.B) {
	table := academy()
	for b.Loop() {
		table.Official(statistics.Filter{Achievement: "a1"})
	}
}
