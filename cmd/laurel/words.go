package main

import "strings"

// words is a flag of several words with commas between, given once or often.
type words []string

// String implements flag.Value.
func (w *words) String() string { return strings.Join(*w, ",") }

// Set implements flag.Value.
func (w *words) Set(s string) error {
	for _, one := range strings.Split(s, ",") {
		if one = strings.TrimSpace(one); one != "" {
			*w = append(*w, one)
		}
	}
	return nil
}
