package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/keys"
)

// keyInfo is what may be shown of a key.
type keyInfo struct {
	Issuer    string         `json:"issuer"`
	ID        string         `json:"id"`
	Algorithm keys.Algorithm `json:"algorithm"`
	State     keys.State     `json:"state"`
	Signs     bool           `json:"signs"`
	Created   time.Time      `json:"created"`
	Activates time.Time      `json:"activates,omitzero"`
	Retired   time.Time      `json:"retired,omitzero"`
	Revoked   time.Time      `json:"revoked,omitzero"`
}

func keyInfos(list []keys.Info) []keyInfo {
	out := []keyInfo{}
	for _, k := range list {
		out = append(out, keyInfo{k.Issuer, k.Method.ID, k.Algorithm, k.State, k.Signs, k.Created, k.Activates, k.Retired, k.Revoked})
	}
	return out
}

// keyRequest is what any of the operations on keys may be told.
type keyRequest struct {
	Issuer     string    `json:"issuer"`
	ID         string    `json:"id,omitempty"`
	Algorithms []string  `json:"algorithms,omitempty"`
	At         time.Time `json:"at,omitzero"` // zero: as is usual
	Reason     string    `json:"reason,omitempty"`
	JWKS       bool      `json:"jwks,omitempty"`
}

func listKeys(_ context.Context, svc *service, in keyRequest) ([]keyInfo, error) {
	if in.Issuer != "" {
		return keyInfos(svc.ring.KeysOf(in.Issuer)), nil
	}
	return keyInfos(svc.ring.Keys()), nil
}

func createKeys(ctx context.Context, svc *service, in keyRequest) ([]keyInfo, error) {
	return makeMore(ctx, svc, in, false)
}

func rotateKeys(ctx context.Context, svc *service, in keyRequest) ([]keyInfo, error) {
	return makeMore(ctx, svc, in, true)
}

func makeMore(ctx context.Context, svc *service, in keyRequest, rotate bool) ([]keyInfo, error) {
	algorithms, err := parseAlgorithms(in.Algorithms)
	if err != nil {
		return nil, err
	}
	if rotate && len(svc.ring.KeysOf(in.Issuer)) == 0 {
		return nil, fmt.Errorf("%q has no keys that could be rotated; laurel keys create makes the first", in.Issuer)
	}
	made, _, err := svc.issuer.CreateKeys(ctx, issuer.NewKeys{Issuer: in.Issuer, Algorithms: algorithms, Activates: in.At, Rotate: rotate, Actor: actorCommand})
	return keyInfos(made), err
}

func activateKey(ctx context.Context, svc *service, in keyRequest) ([]keyInfo, error) {
	return changeKey(ctx, in, svc.issuer.ActivateKey)
}

func retireKey(ctx context.Context, svc *service, in keyRequest) ([]keyInfo, error) {
	return changeKey(ctx, in, svc.issuer.RetireKey)
}

func revokeKey(ctx context.Context, svc *service, in keyRequest) ([]keyInfo, error) {
	return changeKey(ctx, in, svc.issuer.RevokeKey)
}

func changeKey(ctx context.Context, in keyRequest, change func(context.Context, issuer.KeyChange) (keys.Info, error)) ([]keyInfo, error) {
	k, err := change(ctx, issuer.KeyChange{Issuer: in.Issuer, ID: in.ID, At: in.At, Reason: in.Reason, Actor: actorCommand})
	return keyInfos([]keys.Info{k}), err
}

// testKeys makes the test issuer of an issuer.
func testKeys(ctx context.Context, svc *service, in keyRequest) ([]keyInfo, error) {
	made, err := svc.issuer.MakeTestIssuer(ctx, in.Issuer, actorCommand)
	if errors.Is(err, issuer.ErrNotFound) {
		err = fmt.Errorf("there is no issuer %q", in.Issuer)
	}
	return keyInfos(made), err
}

// exportKeys is what everybody may see of an issuer's keys.
func exportKeys(ctx context.Context, svc *service, in keyRequest) (json.RawMessage, error) {
	if !in.JWKS {
		return svc.issuer.PublishedKeys(ctx, in.Issuer)
	}
	methods, err := svc.ring.Issuer(in.Issuer).Published(ctx)
	if err != nil {
		return nil, err
	}
	return keys.JWKS(methods)
}

type reloaded struct {
	Changed bool `json:"changed"`
}

// reloadKeys takes in what others have changed in the folder.
func reloadKeys(ctx context.Context, svc *service, _ nothing) (reloaded, error) {
	changed, err := svc.ring.Reload(ctx)
	return reloaded{changed}, err
}

type signedAfter struct {
	Issuer string `json:"issuer"`
	ID     string `json:"id"`
	Cursor string `json:"cursor"`
}

// signedPage is a part of the badges that a key signed. A part can be empty and not the
// last one.
type signedPage struct {
	IDs  []string `json:"ids"`
	Next string   `json:"next"`
}

// signedPages is how many pages of the store make one of these: where no service runs,
// store and keys are opened for each.
const signedPages = 50

func signedByKey(ctx context.Context, svc *service, in signedAfter) (signedPage, error) {
	p := signedPage{Next: in.Cursor}
	for range signedPages {
		ids, next, err := svc.issuer.SignedBy(ctx, in.Issuer, in.ID, p.Next)
		if err != nil {
			return signedPage{}, err
		}
		if p.IDs, p.Next = append(p.IDs, ids...), next; next == "" {
			break
		}
	}
	return p, nil
}

// keyCommands are the operations, and the flags that each needs.
var keyCommands = []struct {
	name  string
	needs string
}{
	{"list", ""}, {"create", "issuer"}, {"rotate", "issuer"}, {"activate", "issuer id"}, {"retire", "issuer id"},
	{"revoke", "issuer id"}, {"badges", "issuer id"}, {"test", "issuer"}, {"export-public", "issuer"}, {"reload", ""},
}

// keyOperands are what a command takes beside its flags.
var keyOperands = map[string]string{"test": "SLUG"}

func (p *program) keys(ctx context.Context, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		args = append([]string{"list"}, args...)
	}
	var names []string
	for _, c := range keyCommands {
		names = append(names, c.name)
	}
	name, rest, err := subcommand(args, names...)
	if err != nil {
		return err
	}
	in, s, err := p.keyFlags(name, rest)
	if err != nil {
		return err
	}
	switch name {
	case "export-public":
		raw, err := operate[json.RawMessage](ctx, s, "keys.export", in)
		if err == nil {
			fmt.Fprintln(p.stdout, string(raw))
		}
		return err
	case "badges":
		return p.keyBadges(ctx, s, in)
	case "reload":
		done, err := operate[reloaded](ctx, s, "keys.reload", nothing{})
		if err == nil {
			fmt.Fprintf(p.stdout, "changed: %t\n", done.Changed)
		}
		return err
	}
	list, err := operate[[]keyInfo](ctx, s, "keys."+name, in)
	if err != nil {
		return err
	}
	printKeys(p.stdout, list)
	if name == "retire" || name == "revoke" {
		return p.warnOfSilence(ctx, s, list)
	}
	return nil
}

// keyBadges prints the ids of the badges that a key signed and that are still to be taken
// for good, oldest first.
func (p *program) keyBadges(ctx context.Context, s *settings, in keyRequest) error {
	for after := ""; ; {
		page, err := operate[signedPage](ctx, s, "keys.badges", signedAfter{in.Issuer, in.ID, after})
		if err != nil {
			return err
		}
		for _, id := range page.IDs {
			fmt.Fprintln(p.stdout, id)
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// keyFlags reads the command line of one of the operations.
func (p *program) keyFlags(name string, args []string) (keyRequest, *settings, error) {
	var in keyRequest
	var at string
	s, operands, err := p.manage("keys "+name, args, keyOperands[name], func(set *flag.FlagSet) {
		set.StringVar(&in.Issuer, "issuer", "", "`slug` of the issuer")
		switch name {
		case "create", "rotate":
			set.Var((*words)(&in.Algorithms), "alg", "`algorithms`, with commas: "+algorithmNames()+" (default those that it signs with)")
			set.StringVar(&at, "at", "", "`when` they begin to sign: now, a duration such as 2h, or a time; by default after being published for "+issuer.PublishLead.String()+", and at once where there is none yet")
		case "activate", "retire":
			set.StringVar(&at, "at", "", "`when`: now, a duration such as 2h, or a time (default now)")
		case "revoke":
			set.StringVar(&at, "since", "", "`time` from which the key may have been in strange hands, such as 2026-11-21T10:00:00Z (default now)")
			set.StringVar(&in.Reason, "reason", "", "why, as a `code` such as key_compromised, for the audit log; words of your own are not kept")
		case "export-public":
			set.BoolVar(&in.JWKS, "jwks", false, "as a JSON Web Key Set instead of a controller document")
		}
		if slices.Contains([]string{"activate", "retire", "revoke", "badges"}, name) {
			set.StringVar(&in.ID, "id", "", "`id` of the key, as the list shows it")
		}
	})
	if err != nil {
		return in, s, err
	}
	if name == "test" && in.Issuer == "" && len(operands) == 1 {
		in.Issuer, operands = operands[0], nil
	}
	for _, c := range keyCommands {
		if c.name == name && (len(operands) > 0 || strings.Contains(c.needs, "issuer") && in.Issuer == "" || strings.Contains(c.needs, "id") && in.ID == "") {
			return in, s, usagef("keys %s is missing a flag; see laurel keys %s --help", name, name)
		}
	}
	if _, err := parseAlgorithms(in.Algorithms); err != nil {
		return in, s, err
	}
	in.At, err = parseWhen(at, time.Now())
	return in, s, err
}

// parseWhen reads a moment: "" for the usual one, now, a duration from now, a
// day or a time.
func parseWhen(text string, now time.Time) (time.Time, error) {
	switch text {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil && !at.IsZero() {
			return at, nil
		}
	}
	return time.Time{}, usagef("%q is no moment: say now, 2h, 2026-11-21 or 2026-11-21T10:00:00Z", text)
}

// printKeys prints a line for each key; the id comes last but for dates that
// say more.
func printKeys(w io.Writer, list []keyInfo) {
	for _, k := range list {
		signs := "-"
		if k.Signs {
			signs = "signs"
		}
		fmt.Fprintf(w, "%-28s %-6s %-8s %-5s %s  %s%s\n", k.Issuer, k.Algorithm, k.State, signs,
			k.Created.UTC().Format(time.DateOnly), k.ID, k.dates())
	}
}

func (k keyInfo) dates() string {
	var b strings.Builder
	for _, d := range []struct {
		word string
		at   time.Time
	}{{"activates", k.Activates}, {"retires", k.Retired}, {"revoked since", k.Revoked}} {
		if !d.at.IsZero() {
			fmt.Fprintf(&b, "  %s %s", d.word, d.at.UTC().Format(time.RFC3339))
		}
	}
	return b.String()
}

// warnOfSilence says so when an issuer was left without a key that signs.
func (p *program) warnOfSilence(ctx context.Context, s *settings, changed []keyInfo) error {
	for _, k := range changed {
		all, err := operate[[]keyInfo](ctx, s, "keys.list", keyRequest{Issuer: k.Issuer})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(o keyInfo) bool { return o.Algorithm == k.Algorithm && o.Signs }) {
			fmt.Fprintf(p.stderr, "laurel: %s has no key left that signs with %s; make one: laurel keys create --issuer %s --alg %s --at now\n",
				k.Issuer, k.Algorithm, k.Issuer, k.Algorithm)
		}
	}
	return nil
}
