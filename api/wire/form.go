package wire

import (
	"errors"
	"io"
	"net/http"
)

// aroundParts is what may stand around the parts of a form, in bytes.
const aroundParts = 64 << 10

// ReadForm reads a multipart body whole: each part once, by its name, and at
// most limit bytes in all, when there is room for them. The error is a Fault, or
// that of the room.
func ReadForm(w http.ResponseWriter, r *http.Request, limit int64) (map[string][]byte, error) {
	if r.ContentLength > limit+aroundParts {
		Discard(w, r)
		return nil, tooLarge(limit)
	}
	if err := Hold(w, r, limit+aroundParts); err != nil {
		return nil, err
	}
	whole := r.Body
	r.Body = http.MaxBytesReader(w, whole, limit+aroundParts)
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, malformedForm()
	}
	parts := map[string][]byte{}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		var raw []byte
		if err == nil {
			raw, err = io.ReadAll(part)
		}
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over) || int64(len(raw)) > limit:
			r.Body = whole
			Discard(w, r)
			return nil, tooLarge(limit)
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
