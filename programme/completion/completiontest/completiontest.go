// Package completiontest reads events from bytes, as the tests of several packages
// have them.
package completiontest

import (
	"fmt"

	"laurel/internal/strictjson"
	"laurel/programme/completion"
)

// Read parses and reads one event in our own form. What is no JSON is a
// *strictjson.Error; for the rest see completion.ReadValue.
func Read(raw []byte, source string) (completion.Completion, error) {
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: completion.MaxBytes, Depth: completion.MaxDepth})
	if err != nil {
		return completion.Completion{}, fmt.Errorf("reading a completion: %w", err)
	}
	return completion.ReadValue(v, "", source)
}
