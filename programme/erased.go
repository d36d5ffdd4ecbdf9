package programme

import (
	"errors"

	"laurel/issuer"
	"laurel/programme/completion"
	"laurel/store"
)

// errErased says that a list has somebody on it who was erased.
var errErased = errors.New("programme: the person was erased")

// markErased keeps that somebody was erased: the same list, uploaded once more,
// would serve them again. What is kept tells nothing by itself: it is a digest
// under the store's pepper of a name with a ref, or with an address, and only
// who shows both finds it.
func (s *session) markErased(r realm, l *learner) error {
	if !l.known() {
		return nil
	}
	for _, digest := range l.Addresses {
		if err := store.PutJSON(s.tx, r.erasedKey(l.Issuer, s.erasedDigest("address", digest, l.Name)), true); err != nil {
			return err
		}
	}
	for source, ids := range l.Platforms {
		for _, id := range ids {
			if err := store.PutJSON(s.tx, r.erasedKey(l.Issuer, s.erasedDigest(source, id, l.Name)), true); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) erasedDigest(source, id, name string) string {
	return s.issuer.Digest("erased", source, id, issuer.FoldName(name))
}

// notErased refuses who was erased, unless they are to be served again: that is
// then forgotten.
func (s *session) notErased(t teller, told completion.Learner, again bool) error {
	if told.Name == "" {
		return nil
	}
	var marks [][]byte
	if told.ID != "" {
		marks = append(marks, t.realm.erasedKey(t.issuer, s.erasedDigest(t.source, told.ID, told.Name)))
	}
	if told.Email != "" {
		marks = append(marks, t.realm.erasedKey(t.issuer, s.erasedDigest("address", s.addressDigest(told.Email), told.Name)))
	}
	for _, k := range marks {
		found, err := get(s.tx, k, new(bool))
		switch {
		case err != nil:
			return err
		case !found:
		case !again:
			return errErased
		default:
			if err := s.tx.Delete(k); err != nil {
				return err
			}
		}
	}
	return nil
}
