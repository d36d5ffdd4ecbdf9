package statistics

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Snapshot is the public form of all that the public may ask, of one moment.
// Nothing that it hides is in it.
type Snapshot struct {
	taken   time.Time
	reports map[Scope]Report
}

// Take makes the public form.
func Take(at time.Time, t Table) *Snapshot {
	y := suppressed(t)
	snap := &Snapshot{taken: at.UTC().Truncate(time.Second), reports: map[Scope]Report{}}
	for s, scope := range y.scopes {
		if !y.hidden[s] {
			snap.reports[scope] = y.report(s)
		}
	}
	return snap
}

// Taken is when the snapshot was taken, in UTC.
func (s *Snapshot) Taken() time.Time { return s.taken }

// Public answers a question. It is false for what is no question: the public
// form has an issuer, an activity or an achievement by itself, and editions of
// the last two. What has too few awards reads like what has none.
func (s *Snapshot) Public(q Scope) (Report, bool) {
	named := 0
	for _, name := range []string{q.Issuer, q.Activity, q.Achievement} {
		if name != "" {
			named++
		}
	}
	if named > 1 || q.Edition != "" && q.Activity+q.Achievement == "" {
		return Report{}, false
	}
	return s.reports[q], true
}

// Scopes are the questions that have an answer, in a fixed order.
func (s *Snapshot) Scopes() []Scope { return sorted(s.reports, compareScopes) }

func (y *system) report(s int) Report {
	total := y.total[s]
	r := Report{Total: &total, LeftOut: y.partial[s], ByLanguage: y.all[1].cells(s, 0), BySector: y.all[2].cells(s, 0),
		ByCountry: y.geo.cells(s, 0), ByRegion: y.geo.cells(s, 1)}
	if r.ByCountry != nil {
		r.Countries = r.ByCountry.different()
	}
	if r.ByRegion != nil {
		r.Regions = r.ByRegion.different()
	}
	return r
}

func (d *dimension) cells(s, level int) Cells {
	l, cells := d.levels[level], Cells{}
	if l.withheld[s] {
		return nil
	}
	for k, key := range l.keys {
		switch n := l.sum[s][k]; {
		case n == 0:
		case l.hidden[s][k]:
			cells[key] = nil
		default:
			cells[key] = &n
		}
	}
	return cells
}

// stored is the snapshot as it is kept.
type stored struct {
	Version int       `json:"version"`
	Taken   time.Time `json:"taken"`
	Reports []entry   `json:"reports"`
}

type entry struct {
	Scope  Scope  `json:"scope"`
	Report Report `json:"report"`
}

const version = 1

// ErrVersion refuses a snapshot of another version; take a new one.
var ErrVersion = errors.New("statistics: a snapshot of another version")

// MarshalJSON implements json.Marshaler.
func (s *Snapshot) MarshalJSON() ([]byte, error) {
	out := stored{Version: version, Taken: s.taken, Reports: []entry{}}
	for _, scope := range s.Scopes() {
		out.Reports = append(out.Reports, entry{scope, s.reports[scope]})
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Snapshot) UnmarshalJSON(raw []byte) error {
	var in stored
	if err := json.Unmarshal(raw, &in); err != nil {
		return fmt.Errorf("statistics: reading a snapshot: %w", err)
	}
	if in.Version != version {
		return ErrVersion
	}
	*s = Snapshot{taken: in.Taken, reports: map[Scope]Report{}}
	for _, e := range in.Reports {
		s.reports[e.Scope] = e.Report
	}
	return nil
}

// Hidden is what stands in a CSV for a count that is not told.
const Hidden = "hidden"

// WriteCSV writes a report as lines of dimension, key and count: what the JSON
// says, in the same words. Cells that are withheld as a whole are one line
// without a key.
func (r Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	write := func(dimension, key string, n *int) {
		count := Hidden
		if n != nil {
			count = strconv.Itoa(*n)
		}
		_ = out.Write([]string{dimension, safe(key), count}) // an error is kept by out
	}
	_ = out.Write([]string{"dimension", "key", "count"})
	for _, mark := range []struct {
		name string
		set  bool
	}{{"test", r.Test}, {"left_out", r.LeftOut}} {
		if mark.set {
			_ = out.Write([]string{mark.name, "", "true"})
		}
	}
	write("total", "", r.Total)
	write("countries", "", r.Countries)
	write("regions", "", r.Regions)
	for _, d := range []struct {
		name     string
		cells    Cells
		official bool
	}{{"by_region", r.ByRegion, false}, {"by_country", r.ByCountry, false}, {"by_language", r.ByLanguage, false}, {"by_sector", r.BySector, false},
		{"by_month", r.ByMonth, true}, {"by_state", r.ByState, true}, {"by_achievement", r.ByAchievement, true}, {"by_edition", r.ByEdition, true}} {
		if d.cells == nil && !d.official {
			write(d.name, "", nil)
		}
		for _, key := range slices.Sorted(maps.Keys(d.cells)) {
			write(d.name, key, d.cells[key])
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("statistics: writing: %w", err)
	}
	return nil
}

// safe is text that no spreadsheet runs as a formula.
func safe(text string) string {
	if strings.IndexAny(strings.TrimLeft(text, " "), "=+-@\t\r＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
