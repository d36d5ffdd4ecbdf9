package wire

import (
	"errors"
	"io"
	"net/http"

	"laurel/api/limit"
)

// aroundParts is what may stand around the parts of a form, in bytes.
const aroundParts = 64 << 10

// ReadForm reads a multipart body whole: each part once, by its name, and at
// most so many bytes in all, when there is room for them. It waits for the turn
// of the request, as ReadBody does. The error is a Fault, or that of the room or
// the turn.
func ReadForm(w http.ResponseWriter, r *http.Request, most int64) (map[string][]byte, error) {
	if r.ContentLength > most+aroundParts {
		Discard(w, r)
		return nil, tooLarge(most)
	}
	if err := Hold(w, r, most+aroundParts); err != nil {
		return nil, err
	}
	whole := r.Body
	r.Body = http.MaxBytesReader(w, whole, most+aroundParts)
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, malformedForm()
	}
	parts := map[string][]byte{}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return parts, limit.Await(r.Context())
		}
		var raw []byte
		if err == nil {
			raw, err = io.ReadAll(part)
		}
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over) || int64(len(raw)) > most:
			r.Body = whole
			Discard(w, r)
			return nil, tooLarge(most)
		case err != nil || part.FormName() == "" || parts[part.FormName()] != nil:
			return nil, malformedForm()
		}
		parts[part.FormName()] = raw
	}
}

func malformedForm() error {
	return &Fault{Code: MalformedBody, Detail: "The multipart body cannot be read. Send each part once, with a name."}
}

// FormFile is the part called file of a form.
func FormFile(parts map[string][]byte) ([]byte, error) {
	raw, ok := parts["file"]
	if !ok {
		return nil, &Fault{Code: MalformedBody, Detail: "The body has no part called file."}
	}
	return raw, nil
}
