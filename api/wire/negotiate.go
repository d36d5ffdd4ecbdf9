package wire

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxAccept bounds what is read of an Accept header, in bytes and in ranges.
const maxAccept, maxRanges = 2000, 40

// Negotiate chooses among media types that an answer can have, the preferred
// first (RFC 9110 section 12.5.1). The caller's preference counts, and at equal
// preference ours; a caller who takes none of them gets the first, because
// something readable is better than a refusal.
func Negotiate(r *http.Request, offers ...string) string {
	ranges := acceptRanges(r)
	best, most := offers[0], 0.0
	for _, offer := range offers {
		if q := quality(ranges, offer); q > most {
			best, most = offer, q
		}
	}
	return best
}

// Prefers reports whether a caller would rather have one media type than
// another.
func Prefers(r *http.Request, one, other string) bool {
	ranges := acceptRanges(r)
	return quality(ranges, one) > quality(ranges, other)
}

// Vary names headers of the request that an answer depends on, each once,
// whoever named it before.
func Vary(w http.ResponseWriter, names ...string) {
	var all []string
	if before := w.Header().Get("Vary"); before != "" {
		all = strings.Split(before, ", ")
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	w.Header().Set("Vary", strings.Join(all, ", "))
}

// mediaRange is one entry of an Accept header.
type mediaRange struct {
	of      string
	quality float64
}

func acceptRanges(r *http.Request) []mediaRange {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" || len(accept) > maxAccept {
		return []mediaRange{{"*/*", 1}}
	}
	var out []mediaRange
	for entry := range strings.SplitSeq(accept, ",") {
		mt, params, err := mime.ParseMediaType(strings.TrimSpace(entry))
		if err != nil || len(out) == maxRanges {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 || q > 1 {
				continue
			}
		}
		out = append(out, mediaRange{mt, q})
	}
	return out
}

// quality of an offer is that of the most specific range it lies in.
func quality(ranges []mediaRange, offer string) float64 {
	kind, _, _ := strings.Cut(offer, "/")
	best, q := 0, 0.0
	for _, m := range ranges {
		specific := map[string]int{"*/*": 1, kind + "/*": 2, offer: 3}[m.of]
		if specific > best || specific > 0 && specific == best && m.quality > q {
			best, q = specific, m.quality
		}
	}
	return q
}
