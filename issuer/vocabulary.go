package issuer

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// The closed lists of OB 3.0 appendix B; what is not on a list may be added
// with the prefix ext:.
var (
	achievementTypes = []string{"Achievement", "ApprenticeshipCertificate", "Assessment", "Assignment", "AssociateDegree", "Award",
		"Badge", "BachelorDegree", "Certificate", "CertificateOfCompletion", "Certification", "CommunityService", "Competency",
		"Course", "CoCurricular", "Degree", "Diploma", "DoctoralDegree", "Fieldwork", "GeneralEducationDevelopment",
		"JourneymanCertificate", "LearningProgram", "License", "Membership", "ProfessionalDoctorate",
		"QualityAssuranceCredential", "MasterCertificate", "MasterDegree", "MicroCredential", "ResearchDoctorate",
		"SecondarySchoolDiploma"}
	alignmentTypes = []string{"ceasn:Competency", "ceterms:Credential", "CFItem", "CFRubric", "CFRubricCriterion",
		"CFRubricCriterionLevel", "CTDL"}
	resultTypes = []string{"GradePointAverage", "LetterGrade", "Percent", "PerformanceLevel", "PredictedScore", "RawScore",
		"Result", "RubricCriterion", "RubricCriterionLevel", "RubricScore", "ScaledScore", "Status"}
)

// pageLanguages are the languages of our pages, in the order in which other
// editions of an achievement are listed.
var pageLanguages = []string{"en", "fr", "es", "ru", "ar", "zh"}

var (
	extension       = regexp.MustCompile(`^ext:[a-zA-Z0-9._|-]+$`)
	languagePattern = regexp.MustCompile(`^[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)
	versionPattern  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9.-]{0,39}$`)
	durationPattern = regexp.MustCompile(`^P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$`)
)

// addValidity adds an ISO 8601 duration of years, months and days. An empty
// one means no end and gives the zero time.
func addValidity(from time.Time, duration string) (time.Time, error) {
	if duration == "" {
		return time.Time{}, nil
	}
	m := durationPattern.FindStringSubmatch(duration)
	if m == nil || duration == "P" {
		return time.Time{}, fmt.Errorf("%q is no duration", clip(duration, 20))
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n } // the pattern admits digits only
	return from.AddDate(number(m[1]), number(m[2]), number(m[3])), nil
}
