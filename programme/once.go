package programme

import (
	"laurel/issuer"
)

// Of what definitions say the same is asked for each of some hundred rows, and no
// work of a session changes it: so a session asks once. What it says of people is
// read each time.

// question is what is asked about a slug.
type question struct{ kind, about string }

// once keeps an answer for the session and its parts; a session that was made
// without room for answers asks each time.
func once[A any](s *session, kind, about string, ask func() (A, error)) (A, error) {
	q := question{kind, about}
	if known, ok := s.answers[q].(A); ok {
		return known, nil
	}
	answer, err := ask()
	if err == nil && s.answers != nil {
		s.answers[q] = answer
	}
	return answer, err
}

// definition is an achievement. What it returns is shared: it must not be changed.
func (s *session) definition(slug string) (*issuer.Achievement, error) {
	return once(s, "achievement", slug, func() (*issuer.Achievement, error) { return s.issuer.Template(s.tx, slug) })
}

// wholes are the achievements that may rest on one.
func (s *session) wholes(slug string) ([]string, error) {
	return once(s, "wholes", slug, func() ([]string, error) { return s.issuer.Wholes(s.tx, slug) })
}
