package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The layout that all tables share: a line that starts in the first column is
// a heading, a line indented by two spaces is a row under the last heading, and
// both consist of words between spaces. Blank lines separate; a line whose
// first word starts with "#" is a remark. Words of the form key=value are
// attributes and stand last. Which headings and rows there are is told by
// contexttable.go and classtable.go.

// line is a heading or a row.
type line struct {
	number int // from 1
	row    bool
	words  []string
}

// scan splits a table into its headings and rows.
func scan(text string) ([]line, error) {
	if !strings.HasSuffix(text, "\n") {
		return nil, errors.New("the last line has no end")
	}
	var lines []line
	for i, s := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		l, err := scanLine(s)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if l.number = i + 1; len(l.words) > 0 {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

func scanLine(s string) (line, error) {
	body := strings.TrimLeft(s, " ")
	indent := len(s) - len(body)
	switch {
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }):
		return line{}, errors.New("a character other than printable ASCII")
	case strings.HasSuffix(s, " "):
		return line{}, errors.New("a space at the end")
	case indent != 0 && indent != 2:
		return line{}, fmt.Errorf("indented by %d spaces, not by 0 or 2", indent)
	case strings.HasPrefix(body, "#"):
		return line{}, nil
	}
	return line{row: indent == 2, words: strings.Fields(body)}, nil
}

// attribute is a word key=value. A flag has no value.
type attribute struct{ key, value string }

// attributes reads the words after the fixed columns. Each must be among the
// keys known ("key=" takes a value, "key" is a flag) and stand once, but for
// keys written "key=*", which may be repeated.
func attributes(words []string, known ...string) ([]attribute, error) {
	var list []attribute
	seen := map[string]bool{}
	for _, w := range words {
		key, value, valued := strings.Cut(w, "=")
		once, often := key, false
		if valued {
			once, often = key+"=", slices.Contains(known, key+"=*")
		}
		switch {
		case !often && !slices.Contains(known, once):
			return nil, fmt.Errorf("unknown attribute %q", w)
		case valued && value == "":
			return nil, fmt.Errorf("attribute %q has no value", key)
		case seen[key] && !often:
			return nil, fmt.Errorf("attribute %q stands twice", key)
		}
		seen[key] = true
		list = append(list, attribute{key, value})
	}
	return list, nil
}
