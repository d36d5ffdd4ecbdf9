package programmes

import (
	"context"
	"encoding/json"

	"laurel/api/wire"
	"laurel/programme"
)

// ListAnswer is what the API answers to a list, for who uploads it without HTTP.
func ListAnswer(baseURL string, result *programme.Result, dryRun bool) (json.RawMessage, error) {
	h := &Handler{baseURL: baseURL}
	return wire.Marshal(rosterAnswer{summarise(result, false, dryRun), h.rows(context.Background(), result.Rows)})
}

// ReleaseAnswer is what the API answers to a release.
func ReleaseAnswer(done *programme.Released) (json.RawMessage, error) {
	return wire.Marshal(answerRelease(context.Background(), done))
}

// UploadsAnswer is how the API lists uploads.
func UploadsAnswer(all []programme.Upload) (json.RawMessage, error) {
	items := make([]uploadAnswer, len(all))
	for n := range all {
		items[n] = answerUpload(&all[n])
	}
	return wire.Marshal(items)
}
