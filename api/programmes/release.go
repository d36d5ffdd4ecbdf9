package programmes

import (
	"context"
	"errors"
	"net/http"
	"time"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/programme"
)

const maxRelease = 4 << 10 // bytes of a body

type releaseBody struct {
	Edition *string `json:"edition"`
}

type releaseAnswer struct {
	Activity   string       `json:"activity"`
	Edition    *string      `json:"edition"`
	ReleasedAt time.Time    `json:"releasedAt"` // when it was released first
	Issued     int          `json:"issued"`     // by this call
	Held       int          `json:"held"`       // go on waiting, each of which stands in left
	Errors     int          `json:"errors"`
	Left       []leftAnswer `json:"left"`
}

type leftAnswer struct {
	Ref         *string           `json:"ref"`
	Achievement string            `json:"achievement"`
	Outcome     programme.Outcome `json:"outcome"`
	Code        *string           `json:"code"`
	Message     *string           `json:"message"`
	English     string            `json:"english,omitempty"` // the exact English words, where Message is in another language
}

// Release answers POST /v1/activities/{slug}/release. It may be repeated: what
// was issued is not issued twice.
func (h *Handler) Release(w http.ResponseWriter, r *http.Request) error {
	body, err := readRelease(w, r)
	if err != nil {
		return err
	}
	c := caller(r, auth.Roster)
	activity := r.PathValue("slug")
	wire.Vary(w, "Accept")
	if wire.Negotiate(r, "application/json", wire.NDJSON) == wire.NDJSON {
		lines := wire.NewLines(w)
		var broken error
		done, err := h.programme.Release(r.Context(), c, activity, noDash(deref(body.Edition)), func(done, of int) {
			broken = errors.Join(broken, lines.Write(progress{Done: done, Of: of}))
		})
		if err = errors.Join(err, broken); err != nil {
			return h.cutShort(r, lines, err)
		}
		return lines.Write(answerRelease(r.Context(), done))
	}
	done, err := h.programme.Release(r.Context(), c, activity, noDash(deref(body.Edition)), nil)
	wire.AfterWork(w)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, answerRelease(r.Context(), done))
}

func readRelease(w http.ResponseWriter, r *http.Request) (body releaseBody, err error) {
	if err = plain(r); err != nil {
		return body, err
	}
	if r.ContentLength == 0 {
		return body, nil // the activity's only edition
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxRelease})
	if err != nil {
		return body, err
	}
	return body, wire.Decode(v, &body)
}

func answerRelease(ctx context.Context, done *programme.Released) releaseAnswer {
	a := releaseAnswer{Activity: done.Activity, Edition: optional(done.Edition), ReleasedAt: done.At, Issued: done.Issued, Left: []leftAnswer{}}
	for _, l := range done.Left {
		if l.Outcome == programme.OutcomeError {
			a.Errors++
		} else {
			a.Held++
		}
		message, english := wire.Sentence(wire.Language(ctx), l.Code, l.Message)
		a.Left = append(a.Left, leftAnswer{Ref: optional(l.Ref), Achievement: l.Achievement, Outcome: l.Outcome, Code: optional(l.Code), Message: optional(message), English: english})
	}
	return a
}
