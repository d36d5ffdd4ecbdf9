package deps

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"laurel/internal/bill"
)

// licences are told by what only they say. A text that matches none is
// unknown, and unknown is not allowed.
var licences = []struct {
	name string
	says *regexp.Regexp
}{
	{"Apache-2.0", regexp.MustCompile(`(?i)apache license,? version 2\.0`)},
	{"MPL-2.0", regexp.MustCompile(`(?i)mozilla public license,? version 2\.0`)},
	{"LGPL", regexp.MustCompile(`(?i)gnu lesser general public license`)},
	{"AGPL", regexp.MustCompile(`(?i)gnu affero general public license`)},
	{"GPL", regexp.MustCompile(`(?i)gnu general public license`)},
	{"Unlicense", regexp.MustCompile(`(?i)free and unencumbered software released into the public domain`)},
	{"ISC", regexp.MustCompile(`(?i)permission to use, copy, modify, and/?(or)? distribute this software for any purpose`)},
	{"Bitstream-Vera", regexp.MustCompile(`(?i)bitstream vera fonts copyright`)},
	{"MIT", regexp.MustCompile(`(?i)permission is hereby granted, free of charge, to any person obtaining a copy`)},
	{"BSD", regexp.MustCompile(`(?i)redistributions? (in binary form|of source code) must (reproduce|retain)`)},
}

// What is shipped may be passed on with nothing but a notice. A test may also
// use what asks for its own files to stay open.
var (
	shipped = []string{"Apache-2.0", "Bitstream-Vera", "BSD", "ISC", "MIT", "Unlicense"}
	tested  = append([]string{"MPL-2.0"}, shipped...)
)

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)`)

func TestLicences(t *testing.T) {
	program, all := modules(t, "./cmd/laurel"), modules(t, "-test", "./...")
	if len(program) < 20 || len(all) <= len(program) {
		t.Fatalf("%d modules in the program, %d with its tests; were they read?", len(program), len(all))
	}
	for path, m := range all {
		allowed := tested
		if _, ok := program[path]; ok {
			allowed = shipped
		}
		for file, licence := range licencesOf(t, m) {
			if _, ok := program[path]; ok && !strings.Contains(bill.Licence(path), licence) {
				t.Errorf("%s is under %s by its file %s, and under %q in internal/bill", path, licence, file, bill.Licence(path))
			}
			if !slices.Contains(allowed, licence) {
				t.Errorf("%s is under %s by its file %s: only %v may be used here", path, licence, file, allowed)
			}
		}
	}
}

// licencesOf reads the licence files of a module, of which there must be one.
func licencesOf(t *testing.T, m module) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		t.Errorf("%s: %v", m.Path, err)
	}
	found := map[string]string{}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.Dir, e.Name()))
		if err != nil {
			t.Errorf("%s: %v", m.Path, err)
		}
		found[e.Name()] = licenceOf(text)
	}
	if len(found) == 0 {
		t.Errorf("%s has no licence file", m.Path)
	}
	return found
}

var space = regexp.MustCompile(`\s+`)

func licenceOf(text []byte) string {
	words := space.ReplaceAllString(string(text), " ")
	for _, l := range licences {
		if l.says.MatchString(words) {
			return l.name
		}
	}
	return "unknown"
}
