package canon

import (
	"strings"

	"laurel/internal/strictjson"
)

// redefinitions notes which terms have several definitions. Of these json-gold
// reads two kinds wrongly where one is protected: it does not compare @prefix,
// and in the context of a term, which may define protected terms anew, it takes
// the one that another is made of now as allowed and now as not, by chance.
type redefinitions struct {
	first    map[string]string // term -> its first definition, as written
	several  map[string]bool
	prefixed map[string]string // terms with @prefix -> pointer
	leaned   map[string]string // in contexts of terms: what other terms of it are made of -> pointer
	protects bool              // something is protected
	named    bool              // contexts that are held are named
}

func newRedefinitions() redefinitions {
	return redefinitions{first: map[string]string{}, several: map[string]bool{}, prefixed: map[string]string{}, leaned: map[string]string{}}
}

// note looks at one definition of a context.
func (r *redefinitions) note(term string, v strictjson.Value, ptr string) {
	if first, ok := r.first[term]; !ok {
		r.first[term] = v.Raw()
	} else if first != v.Raw() {
		r.several[term] = true
	}
	if v.Get("@prefix").Exists() {
		r.prefixed[term] = ptr
	}
}

// noteScope looks at a context of a term.
func (r *redefinitions) noteScope(context strictjson.Value, ptr string) {
	names := make(map[string]bool, context.Len())
	for name := range context.Members() {
		names[name] = true
	}
	for term, v := range context.Members() {
		for _, text := range []string{term, v.Text(), v.Get("@id").Text(), v.Get("@type").Text(), v.Get("@reverse").Text()} {
			prefix, _, _ := strings.Cut(text, ":")
			for _, other := range []string{text, prefix} {
				if other != term && names[other] {
					r.leaned[other] = strictjson.Pointer(ptr, term)
				}
			}
		}
	}
}

// fault returns the refusal that what was noted calls for. Terms of the contexts
// that are held count as protected, where any of these is named.
func (r *redefinitions) fault(held map[string]bool) error {
	const detail = "a term that is defined several times, and protected, is not handled here: "
	for _, kind := range []struct {
		terms map[string]string
		why   string
	}{{r.prefixed, "it has @prefix"}, {r.leaned, "others are made of it within the context of a term"}} {
		least := ""
		for term, ptr := range kind.terms {
			if (r.named && held[term] || r.protects && r.several[term]) && (least == "" || ptr < least) {
				least = ptr
			}
		}
		if least != "" {
			return &Error{Kind: Unsupported, Pointer: least, Detail: detail + kind.why}
		}
	}
	return nil
}
