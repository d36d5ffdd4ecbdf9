package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"laurel/internal/strictjson"
	"laurel/programme/completion"
)

// maxMembers bounds what a workflow sends.
const maxMembers = 2000

var errNames = errors.New("platform: two names contradict each other")

// parseWorkflow parses what a workflow of Moodle's trigger plug-in sends: JSON,
// or a form. In both a name such as learner[email] is the member email of the
// object learner, and a name that ends in [] is an element of a list.
func parseWorkflow(body []byte) (strictjson.Value, error) {
	body = bytes.TrimSpace(body)
	if len(body) > completion.MaxBytes || bytes.HasPrefix(body, []byte("{")) || bytes.HasPrefix(body, []byte("[")) {
		v, err := parse(body)
		if err != nil || !bracketed(v) {
			return v, err
		}
		return nest(func(put func(string, any) error) error {
			for name, m := range v.Members() {
				if err := put(name, json.RawMessage(m.Raw())); err != nil {
					return err
				}
			}
			return nil
		})
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form) == 0 {
		return strictjson.Value{}, fault("malformed_body", "", "This is neither a JSON object nor a form.")
	}
	return nest(func(put func(string, any) error) error {
		for _, name := range slices.Sorted(maps.Keys(form)) { // always in the same order
			for _, text := range form[name] {
				if err := put(name, text); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func bracketed(v strictjson.Value) bool {
	for name := range v.Members() {
		if strings.Contains(name, "[") {
			return true
		}
	}
	return false
}

// nest makes an object of members with names in brackets.
func nest(members func(put func(string, any) error) error) (strictjson.Value, error) {
	root, count := map[string]any{}, 0
	err := members(func(name string, value any) error {
		at := path(name)
		if count++; count > maxMembers || len(at) > completion.MaxDepth || slices.Contains(at[1:max(len(at)-1, 1)], "") {
			return errNames
		}
		return putAt(root, at, value)
	})
	if err != nil {
		return strictjson.Value{}, fault("malformed_body", "", "There are too many members, they are too deep, or one contradicts another.")
	}
	raw, err := json.Marshal(root)
	if err != nil {
		return strictjson.Value{}, fault("malformed_body", "", "The members make no object.")
	}
	return parse(raw)
}

// path takes learner[email] apart. Whatever has no such form is one name.
func path(name string) []string {
	first, rest, ok := strings.Cut(name, "[")
	if !ok || first == "" || !strings.HasSuffix(rest, "]") {
		return []string{name}
	}
	return append([]string{first}, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
}

// putAt puts a value at a place that has none yet.
func putAt(object map[string]any, at []string, value any) error {
	name := at[0]
	switch inner := object[name].(type) {
	case nil:
		if len(at) == 1 {
			object[name] = value
			return nil
		}
		if len(at) == 2 && at[1] == "" {
			object[name] = []any{value}
			return nil
		}
		next := map[string]any{}
		object[name] = next
		return putAt(next, at[1:], value)
	case map[string]any:
		if len(at) > 2 || len(at) == 2 && at[1] != "" {
			return putAt(inner, at[1:], value)
		}
	case []any:
		if len(at) == 2 && at[1] == "" {
			object[name] = append(inner, value)
			return nil
		}
	}
	return errNames
}
