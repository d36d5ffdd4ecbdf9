package issuer

import (
	"fmt"
	"regexp"
	"time"

	"laurel/internal/calendar"
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
)

// addValidity is when a term ends that begins at a time. An empty one has no end
// and gives the zero time.
func addValidity(from time.Time, term string) (time.Time, error) {
	if term == "" {
		return time.Time{}, nil
	}
	d, ok := calendar.ParseDuration(term)
	if !ok {
		return time.Time{}, fmt.Errorf("%q is no duration", clip(term, 20))
	}
	return d.After(from), nil
}
