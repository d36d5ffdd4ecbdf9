package lookalike_test

import (
	"testing"

	"laurel/internal/lookalike"
)

func TestAlike(t *testing.T) {
	for _, pair := range [][2]string{ // what a stranger is called, and who they would be taken for
		{"City Academy", "City Academy"},
		{"CITY  academy ", "City Academy"},
		{"\uFF23\uFF29\uFF34\uFF39 Academy", "City Academy"}, // full width
		{"City\u200B Aca\u00ADdemy", "City Academy"},         // what does not show
		{"City\u2800Academy", "City Academy"}, {"City\u3164Academy", "City Academy"}, {"City\U0001D159Academy", "City Academy"}, {"CityAcademy", "City Academy"},
		{"Сity Асаdеmу", "City Academy"},                                // Cyrillic
		{"СІТY АСАDЕМY", "City Academy"},                                // Cyrillic capitals
		{"Сіty Academy", "City Academy"},                                // Ukrainian i
		{"Νοrth Schοοl", "North School"},                                // Greek
		{"Ηοuse οf Wοrds", "House of Words"},                            // Greek capital eta
		{"C\u00EDty Ac\u00E1demy", "City Academy"},                      // accents
		{"Ecole de Sante", "École de Santé"},                            //
		{"Ørebrø Skøle", "Orebro Skole"},                                // a stroke
		{"𝐂𝐢𝐭𝐲 𝐀𝐜𝐚𝐝𝐞𝐦𝐲", "City Academy"},                                // of mathematics
		{"ClTY Academy", "CITY Academy"},                                // a small l
		{"Schoo1 0f Arts", "School of Arts"},                            // digits
		{"Новая шкoлa", "Новая школа"},                                  // Latin letters in a Russian name
		{"НОВАЯ ШКOЛA", "Новая школа"},                                  // and in capitals
		{"Новая Школа зелёных", "Новая школа зеленых"},                  //
		{"Ακαδημiα", "Ακαδημία"},                                        // a Latin i in a Greek name
		{"СITY academy", "City Academy"},                                // one Cyrillic letter, and capitals
		{"Bepa", "Вера"},                                                // all four
		{"City\u2010Academy", "City-Academy"}, {"O’Neil’s", "O'Neil's"}, //
		{"جامعةُ المدينة", "جامعة المدينة"}, // a vowel sign
	} {
		if !lookalike.Of(pair[0]).Like(pair[1]) {
			t.Errorf("%q is not taken for %q", pair[0], pair[1])
		}
	}
}

// Names that are merely similar, or the same word in another language, are their own.
func TestNotAlike(t *testing.T) {
	for _, pair := range [][2]string{
		{"City Academy", "City Academies"}, {"City Academy", "City Academy of Arts"},
		{"Modern School", "Modem School"}, {"Vine", "Vive"}, {"Nine", "Vive"}, {"Clay House", "Day House"},
		{"Нева", "Heba"}, {"рот", "pom"}, {"мой", "мои"}, {"Школа мира", "Школа мыра"},
		{"Νίκη", "Vikn"}, {"किताब", "कुताब"}, {"كتاب", "كاتب"}, {"北京大学", "北京人学"}, {"学校", "學校"},
		{"Group 2", "Group 3"}, {"School A", "School B"}, {"", "City"}, {"\u200B", ""}, {"\u200B", "\u2060"},
	} {
		for n := range 2 {
			if lookalike.Of(pair[n]).Like(pair[1-n]) {
				t.Errorf("%q is taken for %q", pair[n], pair[1-n])
			}
		}
	}
}
