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
)

// Definitions is a folder of definitions, read: who issues, what can be
// earned, and where.
type Definitions struct {
	Issuers      []issuer.Profile
	Achievements []issuer.Achievement
	Activities   [][]byte // JSON, as given
}

// ReadDefinitions reads files by name: parties.json, achievements.json and every other JSON
// file that describes an activity (a member "id" and a member "kind"). Where a
// file names the base address it was written for ("base" in
// achievements.json), that is replaced by ours.
func ReadDefinitions(files map[string][]byte, baseURL string) (*Definitions, error) {
	d := &Definitions{}
	if err := d.readIssuers(files); err != nil {
		return nil, err
	}
	if err := d.readAchievements(files, baseURL); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		raw, v, err := readJSON(files, name)
		if err != nil {
			return nil, err
		}
		if v.Get("id").Exists() && v.Get("kind").Exists() {
			d.Activities = append(d.Activities, raw)
		}
	}
	return d, nil
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
	_, v, err := readJSON(files, "parties.json")
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
	raw, v, err := readJSON(files, "achievements.json")
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

// Load stores definitions: issuers first, then what they award, then where.
// It stops at the first that is refused; loading again carries on.
func (p *Programme) Load(ctx context.Context, d *Definitions, actor string) error {
	for _, profile := range d.Issuers {
		if _, err := p.issuer.PutProfile(ctx, profile, actor); err != nil {
			return fmt.Errorf("issuer %s: %w", profile.Slug, err)
		}
	}
	for _, a := range d.Achievements {
		if _, err := p.issuer.PutAchievement(ctx, a, actor); err != nil {
			return fmt.Errorf("achievement %s: %w", a.Slug, err)
		}
	}
	for _, raw := range d.Activities {
		if _, err := p.PutActivity(ctx, raw, actor); err != nil {
			return err
		}
	}
	return nil
}
