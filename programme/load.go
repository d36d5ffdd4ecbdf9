package programme

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme/rules"
)

// Definitions is a folder of definitions, read: who issues, what can be
// earned, where, and which platforms report.
type Definitions struct {
	Issuers      []issuer.Profile
	Achievements []issuer.Achievement
	Activities   []Definition
	Sources      []Source
	Others       []string // files that define nothing of this
}

// Definition is an activity in the words of its file.
type Definition struct {
	File string
	JSON []byte
}

// ReadDefinitions reads files by name: parties.json, achievements.json,
// sources.json and every other JSON file that describes an activity (a member
// "id" and a member "kind"). Where a file names the base address it was written
// for ("base" in achievements.json), that is replaced by ours. The error tells
// of every activity that is not in order, with the file and the places in it.
func ReadDefinitions(files map[string][]byte, baseURL string) (*Definitions, error) {
	d := &Definitions{}
	if err := d.readIssuers(files); err != nil {
		return nil, err
	}
	if err := d.readAchievements(files, baseURL); err != nil {
		return nil, err
	}
	if err := d.readSources(files); err != nil {
		return nil, err
	}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		raw, v, err := readJSON(files, name)
		switch {
		case err != nil:
			return nil, err
		case name == partiesFile || name == achievementsFile || name == sourcesFile:
		case v.Get("id").Exists() && v.Get("kind").Exists():
			if _, err := rules.ReadActivity(raw); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
			d.Activities = append(d.Activities, Definition{name, raw})
		default:
			d.Others = append(d.Others, name)
		}
	}
	return d, errors.Join(faults...)
}

// The files that have a name of their own.
const (
	partiesFile      = "parties.json"
	achievementsFile = "achievements.json"
	sourcesFile      = "sources.json"
)

func (d *Definitions) readSources(files map[string][]byte) error {
	_, v, err := readJSON(files, sourcesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for n, e := range v.Get("sources").Elements() {
		var s Source
		if err := strictjson.Decode(e, &s); err != nil {
			return fmt.Errorf("%s: /sources/%d: %w", sourcesFile, n, err)
		}
		d.Sources = append(d.Sources, s)
	}
	return nil
}

func readJSON(files map[string][]byte, name string) ([]byte, strictjson.Value, error) {
	raw, ok := files[name]
	if !ok {
		return nil, strictjson.Value{}, fmt.Errorf("reading definitions: %s: %w", name, fs.ErrNotExist)
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, v, fmt.Errorf("reading definitions: %s: %w", name, err)
	}
	return raw, v, nil
}

func (d *Definitions) readIssuers(files map[string][]byte) error {
	_, v, err := readJSON(files, partiesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the issuers stand already
	} else if err != nil {
		return err
	}
	for _, e := range v.Get("issuers").Elements() {
		var p issuer.Profile
		strictjson.View(e, &p)
		p.ID = "" // the service gives it
		d.Issuers = append(d.Issuers, p)
	}
	return nil
}

func (d *Definitions) readAchievements(files map[string][]byte, baseURL string) error {
	raw, v, err := readJSON(files, achievementsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if base := v.Get("base").Text(); base != "" {
		raw = bytes.ReplaceAll(raw, []byte(`"`+base+"/"), []byte(`"`+baseURL+"/"))
		if v, err = strictjson.Parse(raw, strictjson.Limits{}); err != nil {
			return fmt.Errorf("reading definitions: achievements.json: %w", err)
		}
	}
	for _, e := range v.Get("achievements").Elements() {
		var a issuer.Achievement
		strictjson.View(e, &a)
		d.Achievements = append(d.Achievements, a)
	}
	return nil
}

// Load stores definitions: issuers first, then what they award, then where, and
// who reports.
// It stops at the first that is refused; loading again carries on.
func (p *Programme) Load(ctx context.Context, d *Definitions, actor string) error {
	for _, profile := range d.Issuers {
		if _, err := p.issuer.PutProfile(ctx, profile, actor); err != nil {
			return fmt.Errorf("issuer %s: %w", profile.Slug, err)
		}
	}
	for _, a := range partsFirst(d.Achievements) {
		if _, err := p.issuer.PutAchievement(ctx, a, actor); err != nil {
			return fmt.Errorf("achievement %s: %w", a.Slug, err)
		}
	}
	for _, a := range d.Activities {
		if _, err := p.PutActivity(ctx, a.JSON, actor); err != nil {
			return fmt.Errorf("%s: %w", a.File, err)
		}
	}
	for _, s := range d.Sources {
		if err := p.PutSource(ctx, s, actor); err != nil {
			return fmt.Errorf("source %s: %w", s.Slug, err)
		}
	}
	return nil
}

// partsFirst lists achievements behind those that they rest on, as they are to be:
// what has turned around since would look like a circle.
func partsFirst(all []issuer.Achievement) (sorted []issuer.Achievement) {
	seen := make([]bool, len(all))
	var visit func(n int)
	visit = func(n int) {
		if n < 0 || seen[n] {
			return
		}
		seen[n] = true
		for _, part := range all[n].Requires.Parts() {
			visit(slices.IndexFunc(all, func(a issuer.Achievement) bool { return a.Slug == part }))
		}
		sorted = append(sorted, all[n])
	}
	for n := range all {
		visit(n)
	}
	return sorted
}
