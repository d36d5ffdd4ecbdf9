package programme

import (
	"context"
	"fmt"
	"slices"
	"time"

	"laurel/issuer"
	"laurel/store"
)

// forget takes a person out of all records. What is counted stays, without
// them, and so does what was decided about them.
func (s *session) forget(r realm, l *learner) error {
	gone := [][]byte{r.learnerKey(l.Issuer, l.ID), r.namelessKey(l.Since.UTC().Format(time.DateOnly), l.Issuer, l.ID)}
	if l.Doubt != "" {
		gone = append(gone, r.reviewKey(l.Issuer, l.Doubt))
	}
	for _, digest := range l.Addresses {
		gone = append(gone, r.addressKey(l.Issuer, digest, l.ID))
	}
	for source, ids := range l.Platforms {
		for _, id := range ids {
			gone = append(gone, r.platformKey(l.Issuer, s.issuer.Digest("platform", source, id)))
		}
	}
	err := s.tx.Scan(r.key("f", l.ID, ""), nil, func(k, _ []byte) error {
		gone = append(gone, k)
		if upload, ok := uploadOf(k); ok {
			gone = append(gone, r.listedKey(upload, l.ID))
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = scan(s.tx, r.key("a", l.ID, ""), func(k []byte, a *award) error {
		gone = append(gone, append(r.leads(a), k)...)
		if a.Upload != "" {
			gone = append(gone, r.listedKey(a.Upload, l.ID))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if err := s.tx.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// leads are the keys that lead to an award, and fall with it.
func (r realm) leads(a *award) (keys [][]byte) {
	for _, credential := range slices.Concat(a.Before, []string{a.Credential}) {
		if credential != "" {
			keys = append(keys, r.credentialKey(credential))
		}
	}
	for _, part := range a.Parts {
		keys = append(keys, r.partKey(part, a))
	}
	if a.State == StateWaiting {
		keys = append(keys, r.waitingKey(a.Activity, a.Edition, a.Achievement, a.Learner))
	}
	return keys
}

// namelessFor is how long is kept what was reported of somebody whose name
// nobody told.
const namelessFor = 90 * 24 * time.Hour

// DropNameless forgets those of whom platforms reported for 90 days without
// anybody saying who they are, and returns how many they were. The audit record
// tells so, too. It may be cut short and called again.
func (p *Programme) DropNameless(ctx context.Context) (dropped int, err error) {
	for _, r := range []realm{live, test} {
		for {
			n, err := p.dropSome(ctx, r)
			dropped += n
			if err != nil {
				return dropped, fmt.Errorf("dropping learners without a name: %w", err)
			}
			if n < chunk {
				break
			}
		}
	}
	return dropped, nil
}

// dropSome drops as many as go well into one Update.
func (p *Programme) dropSome(ctx context.Context, r realm) (n int, err error) {
	last := p.issuer.Now().Add(-namelessFor).UTC().Format(time.DateOnly)
	err = p.run(ctx, false, func(s *session) error {
		n = 0
		due, err := s.nameless(r, last)
		if err != nil {
			return err
		}
		byIssuer := map[string]int{}
		for _, l := range due {
			if err := s.forget(r, l); err != nil {
				return err
			}
			byIssuer[l.Issuer]++
			n++
		}
		for slug, count := range byIssuer {
			err := s.note(r, issuer.Event{Actor: actorRules, Action: "learners.drop", Issuer: slug, Subject: fmt.Sprintf("%d without a name", count)})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// nameless are some of those without a name of whom was first heard before a
// day.
func (s *session) nameless(r realm, before string) (due []*learner, err error) {
	prefix := r.key("n", "")
	err = s.tx.Scan(prefix, nil, func(k, _ []byte) error {
		where, id, _ := cut(string(k[len(prefix):]))
		day, slug, _ := cut(where)
		if day >= before || len(due) == chunk {
			return store.ErrStop
		}
		l, err := s.learnerAt(r, slug, id)
		due = append(due, l)
		return err
	})
	return due, err
}
