package programme

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"laurel/issuer"
	"laurel/programme/statistics"
	"laurel/store"
)

// Counts counts exactly what is the caller's: of its issuers, its activities
// and its country, and for trials the trials alone.
func (p *Programme) Counts(ctx context.Context, c Caller, f statistics.Filter) (statistics.Report, error) {
	if c.Country != "" {
		f.Country = c.Country
	}
	if tried := issuer.TestSlug(f.Issuer); c.Test && tried != "" {
		f.Issuer = tried
	}
	t, err := p.tallies(ctx, c.realm(), func(t *statistics.Tally) bool {
		return c.MayIssue(issuer.LiveSlug(t.Issuer)) && (c.MayReport == nil || c.MayReport(t.Activity))
	})
	if err != nil {
		return statistics.Report{}, err
	}
	report := t.Official(f)
	report.Test = c.Test
	return report, nil
}

// tallies is the table of what is counted.
func (p *Programme) tallies(ctx context.Context, r realm, mine func(*statistics.Tally) bool) (table statistics.Table, err error) {
	err = p.store.View(ctx, func(from store.Reader) error {
		table = statistics.Table{}
		return scan(from, r.key("t", ""), func(_ []byte, t *statistics.Tally) error {
			if mine(t) {
				table.Add(*t, 1)
			}
			return nil
		})
	})
	return table, err
}

func snapshotKey() []byte { return live.key("s") }

// TakeSnapshot makes the public form of what is counted now. It stands until
// the next one: who asks before and after an award must not see it.
func (p *Programme) TakeSnapshot(ctx context.Context) error {
	all, err := p.tallies(ctx, live, func(*statistics.Tally) bool { return true })
	if err != nil {
		return err
	}
	taken, err := json.Marshal(statistics.Take(p.issuer.Now(), all))
	if err != nil {
		return fmt.Errorf("encoding the snapshot: %w", err)
	}
	return p.store.Update(ctx, func(tx store.Tx) error {
		return tx.Put(snapshotKey(), store.Seal(snapshotKey(), taken))
	})
}

// snapshotEvery is how long the public figures stand.
const snapshotEvery = 24 * time.Hour

// KeepSnapshot takes a snapshot where there is none of the last day.
func (p *Programme) KeepSnapshot(ctx context.Context) error {
	last, err := p.snapshot(ctx)
	if err != nil || last != nil && p.issuer.Now().Before(last.Taken().Add(snapshotEvery)) {
		return err
	}
	return p.TakeSnapshot(ctx)
}

// Public answers a question of the public; ok is false for what is no question
// (statistics.Snapshot.Public). An achievement that one activity alone awards
// may be asked for together with that activity. taken is when the figures were
// made, the zero time where none were yet.
func (p *Programme) Public(ctx context.Context, q statistics.Scope) (r statistics.Report, taken time.Time, ok bool, err error) {
	snap, err := p.snapshot(ctx)
	if err != nil {
		return r, taken, false, err
	}
	if snap == nil {
		snap = statistics.Take(time.Time{}, nil)
	}
	if q.Activity != "" && q.Achievement != "" {
		alone, err := p.awardedBy(ctx, q.Achievement, q.Activity)
		if err != nil || !alone {
			return r, taken, false, err
		}
		q.Activity = ""
	}
	r, ok = snap.Public(q)
	return r, snap.Taken(), ok, nil
}

// awardedBy tells whether an activity awards an achievement, and no other does.
func (p *Programme) awardedBy(ctx context.Context, achievement, activity string) (alone bool, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		by, err := awarding(r, achievement)
		alone = len(by) == 1 && by[0] == activity
		return err
	})
	return alone, err
}

// lastSnapshot keeps the last snapshot that was read, by its bytes.
type lastSnapshot struct {
	mu     sync.Mutex
	stored []byte
	read   *statistics.Snapshot
}

// snapshot is the last one taken; nil where there is none.
func (p *Programme) snapshot(ctx context.Context) (*statistics.Snapshot, error) {
	var stored []byte
	err := p.store.View(ctx, func(r store.Reader) (err error) {
		stored, err = r.Get(snapshotKey())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // there is none, which is no fault
	} else if err != nil {
		return nil, err
	}
	p.last.mu.Lock()
	defer p.last.mu.Unlock()
	if bytes.Equal(stored, p.last.stored) {
		return p.last.read, nil
	}
	snap := new(statistics.Snapshot)
	if err := store.UnsealJSON(snapshotKey(), stored, snap); errors.Is(err, statistics.ErrVersion) {
		return nil, nil //nolint:nilnil // of an earlier version: a new one is due
	} else if err != nil {
		return nil, err
	}
	p.last.stored, p.last.read = stored, snap
	return snap, nil
}
