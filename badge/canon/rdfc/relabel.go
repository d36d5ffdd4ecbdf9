package rdfc

import (
	"bytes"
	"slices"
)

// Relabel gives the blank nodes of canonical N-Quads other labels, and returns
// the lines in their new order, each with its line end. label is asked once for
// each place of a node, with its label as it stands, "_:" left out; what it
// returns has to be a label too. What is not canonical N-Quads comes out as
// something else that is none.
func Relabel(canonical []byte, label func(string) (string, error)) ([]string, error) {
	lines := make([]string, 0, bytes.Count(canonical, []byte("\n")))
	for line := range bytes.Lines(canonical) {
		relabelled, err := relabelLine(line, label)
		if err != nil {
			return nil, err
		}
		lines = append(lines, relabelled)
	}
	slices.Sort(lines) // as code points: UTF-8 keeps their order
	return lines, nil
}

// relabelLine goes through the terms of a line, which stand with one blank
// between them. Only literals have blanks within.
func relabelLine(line []byte, label func(string) (string, error)) (string, error) {
	out := make([]byte, 0, len(line)+64)
	for len(line) > 0 {
		n := termEnd(line)
		term := line[:n]
		if name, blank := bytes.CutPrefix(term, []byte("_:")); blank {
			l, err := label(string(name))
			if err != nil {
				return "", err
			}
			out = append(append(out, "_:"...), l...)
		} else {
			out = append(out, term...)
		}
		if n < len(line) { // the blank after the term
			out = append(out, line[n])
			n++
		}
		line = line[n:]
	}
	return string(out), nil
}

// termEnd returns how many bytes the first term of a line has.
func termEnd(line []byte) int {
	from := 0
	if line[0] == '"' {
		for from = 1; from < len(line) && line[from] != '"'; from++ {
			if line[from] == '\\' {
				from++
			}
		}
	}
	if from >= len(line) {
		return len(line)
	}
	if i := bytes.IndexByte(line[from:], ' '); i >= 0 {
		return from + i
	}
	return len(line)
}
