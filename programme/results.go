package programme

import (
	"encoding/json"

	"laurel/badge"
	"laurel/programme/facts"
	"laurel/programme/rules"
)

func encodeFacts(f facts.Facts) (string, error) {
	raw, err := json.Marshal(f)
	return string(raw), err
}
