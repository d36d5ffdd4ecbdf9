package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/card"
	"laurel/internal/i18n"
	"laurel/keys"
	sentences "laurel/verifier/words"
)

// cardReport is what is said of an offline card. It is no verdict on a badge.
type cardReport struct {
	Card       string     `json:"card"`       // genuine, not_genuine, not_in_force, unknown
	Code       string     `json:"code"`       // why
	Revocation string     `json:"revocation"` // always not_checked
	Message    string     `json:"message"`
	Signed     *cardFacts `json:"signed,omitempty"` // what the key signed; nil where it did not
	KeysAsOf   string     `json:"keysAsOf,omitempty"`
	Lines      []string   `json:"-"`
}

type cardFacts struct {
	ID          string `json:"id"`
	Achievement string `json:"achievement"`
	Holder      string `json:"holder,omitempty"`
	From        string `json:"validFrom"`
	Until       string `json:"validUntil,omitempty"`
	Issuer      string `json:"issuer"` // whose key it is, by the file of keys
	Key         string `json:"key"`
	Test        bool   `json:"test,omitempty"`
}

// cardOutcomes has what is said of each outcome, by the message that says it.
var cardOutcomes = map[card.Outcome]struct {
	card, message string
	exit          int
}{
	card.UnknownKey:  {"unknown", "card.unknown", exitUnknown},
	card.Changed:     {"not_genuine", "card.changed", exitFailure},
	card.RevokedKey:  {"not_genuine", "card.key.revoked", exitFailure},
	card.OtherIssuer: {"not_genuine", "card.other", exitFailure},
	card.NotBegun:    {"not_in_force", "card.early", exitFailure},
	card.Ended:       {"not_in_force", "card.ended", exitFailure},
	card.Genuine:     {"genuine", "card.genuine", 0},
}

// verifyCard checks a card with nothing but a file of keys.
func (p *program) verifyCard(text, keyFile string, asJSON bool, lang string) error {
	s, err := card.Parse(text)
	if err != nil {
		return usageError{err}
	}
	known, asOf, err := p.readKeys(keyFile)
	if err != nil {
		return err
	}
	catalog, err := i18n.New()
	if err != nil {
		return err
	}
	outcome, key := s.Check(known, time.Now())
	r := reportCard(catalog.For(catalog.Match("", lang)), s, outcome, key, asOf)
	if asJSON {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(p.stdout, strings.Join(r.Lines, "\n"))
	}
	if exit := cardOutcomes[outcome].exit; exit != 0 {
		return exitError(exit)
	}
	return nil
}

// readKeys reads a file of keys, and since when it is as it is.
func (p *program) readKeys(name string) ([]keys.VerificationMethod, time.Time, error) {
	raw, err := p.readInput(name, keys.MaxDocument)
	if err != nil {
		return nil, time.Time{}, err
	}
	known, err := card.ReadKeys(raw)
	if err != nil {
		return nil, time.Time{}, usageError{fmt.Errorf("reading the keys in %s: %w", name, err)}
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, time.Time{}, usageError{err}
	}
	return known, info.ModTime(), nil
}

const longestOnCard = 200 // characters of a name that are printed

// reportCard says what was found, in sentences: first whether the card is
// genuine, and always that nobody was asked whether the badge was withdrawn.
func reportCard(p *i18n.Printer, s *card.Signed, outcome card.Outcome, key keys.VerificationMethod, asOf time.Time) *cardReport {
	line := func(text string) string { return sentences.Line(text, longestOnCard) }
	date := func(day string) string {
		at, _ := time.Parse(time.DateOnly, day) // read before, so it is one
		return p.Date(at)
	}
	said := cardOutcomes[outcome]
	params := i18n.Params{"Achievement": line(s.Achievement), "Name": line(s.Holder), "Issuer": line(key.Controller), "Date": date(s.From)}
	id := said.message
	switch {
	case outcome == card.Genuine && s.Holder == "":
		id = "card.genuine.unnamed"
	case outcome == card.Ended:
		params["Date"] = date(s.Until)
	}
	_, code, _ := strings.Cut(id, ".")
	r := &cardReport{Card: said.card, Code: strings.ReplaceAll(code, ".", "_"), Revocation: "not_checked", Message: p.Text(id, params), KeysAsOf: badge.FormatTime(asOf)}
	r.Lines = []string{r.Message}
	if outcome == card.Genuine && s.Until == "" {
		r.Lines = append(r.Lines, p.Text("card.from", i18n.Params{"Date": date(s.From)}))
	} else if outcome == card.Genuine {
		r.Lines = append(r.Lines, p.Text("card.term", i18n.Params{"From": date(s.From), "Until": date(s.Until)}))
	}
	if key.ID != "" {
		r.Signed = &cardFacts{s.ID, s.Achievement, s.Holder, s.From, s.Until, key.Controller, key.ID, badge.IsTestSlug(s.Issuer)}
		if r.Signed.Test {
			r.Lines = append(r.Lines, p.Text("card.trial", nil))
		}
		r.Lines = append(r.Lines, p.Text("card.unchecked", nil))
	}
	r.Lines = append(r.Lines, p.Text("card.keys", i18n.Params{"Date": p.Date(asOf)}))
	return r
}

// findCard is the card that an operand is: by itself, in an address, or in a file
// or on standard input, where only somebody who has named keys expects one.
func (p *program) findCard(operand string, expected bool) (text string, ok bool, err error) {
	if text, ok = card.In(operand); ok || !expected {
		return text, ok, nil
	}
	raw, err := p.readInput(operand, card.MaxLength+4096)
	if err != nil {
		return "", false, err
	}
	text, ok = card.In(string(raw))
	return text, ok, nil
}
