package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"time"

	"laurel/api/badges"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/verifier"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// manage is the common part of the commands that work on a data folder.
func (p *program) manage(command string, args []string, operands string, define func(set *flag.FlagSet)) (*settings, []string, error) {
	s := defaults()
	set, err := p.flags(command, s, "data", "store", "base-url", "seal-passphrase-file", "contexts")
	if err != nil {
		return nil, nil, err
	}
	if define != nil {
		define(set)
	}
	if err := p.parse(set, args, operands); err != nil {
		return nil, nil, err
	}
	return s, set.Args(), nil
}

// subcommand takes the first operand as a name.
func subcommand(args []string, names ...string) (string, []string, error) {
	if len(args) > 0 {
		for _, n := range names {
			if args[0] == n {
				return n, args[1:], nil
			}
		}
	}
	return "", nil, usagef("say which: %s", strings.Join(names, ", "))
}

// Tokens.

type tokenRequest struct {
	Issuers    []string      `json:"issuers"`
	Scopes     []string      `json:"scopes"`
	Activities []string      `json:"activities,omitempty"`
	Source     string        `json:"source,omitempty"`
	Country    string        `json:"country,omitempty"`
	Rate       int           `json:"rate,omitempty"` // requests a minute; 0: no limit
	Test       bool          `json:"test,omitempty"`
	Label      string        `json:"label,omitempty"`
	Lifetime   time.Duration `json:"lifetime,omitempty"` // 0: no end
}

type tokenMade struct {
	Token string `json:"token"`
}

func createToken(ctx context.Context, svc *service, in tokenRequest) (tokenMade, error) {
	t := auth.Token{Issuers: in.Issuers, Activities: in.Activities, Source: in.Source, Country: in.Country,
		Rate: in.Rate, Test: in.Test, Label: in.Label}
	for _, name := range in.Scopes {
		scope, err := auth.ParseScope(name)
		if err != nil {
			return tokenMade{}, err
		}
		t.Scopes = append(t.Scopes, scope)
	}
	for _, slug := range in.Issuers {
		if err := speaksFor(ctx, svc, slug, in.Test); err != nil {
			return tokenMade{}, err
		}
	}
	if in.Lifetime > 0 {
		t.Expires = time.Now().Add(in.Lifetime)
	}
	_, text, err := svc.tokens.Create(ctx, t)
	return tokenMade{Token: text}, err
}

// speaksFor refuses an issuer that a token could do nothing for.
func speaksFor(ctx context.Context, svc *service, slug string, test bool) error {
	switch {
	case slug == auth.Any:
		return nil
	case issuer.IsTest(slug):
		return fmt.Errorf("%q is a test issuer; a token for trials names the issuer itself: --issuer %s --test", slug, issuer.LiveSlug(slug))
	}
	if who, ok := strings.CutPrefix(slug, issuer.EndorserPrefix); ok {
		_, err := svc.endorsers.Endorser(ctx, who)
		if errors.Is(err, issuer.ErrNotFound) {
			return fmt.Errorf("there is no endorser %q; make it first: PUT /v1/endorsers/%s", who, who)
		}
		return err
	}
	if _, err := svc.issuer.Profile(ctx, slug); errors.Is(err, issuer.ErrNotFound) {
		return fmt.Errorf("there is no issuer %q", slug)
	} else if err != nil || !test {
		return err
	}
	_, err := svc.issuer.Profile(ctx, issuer.TestSlug(slug))
	if errors.Is(err, issuer.ErrNotFound) {
		return fmt.Errorf("%q has no test issuer yet; make it first: laurel keys test %s", slug, slug)
	}
	return err
}

type nothing struct{}

// tokenInfo is what may be shown of a token: never its secret, not even hashed.
type tokenInfo struct {
	ID         string       `json:"id"`
	Label      string       `json:"label,omitempty"`
	Test       bool         `json:"test,omitempty"`
	Issuers    []string     `json:"issuers"`
	Scopes     []auth.Scope `json:"scopes"`
	Activities []string     `json:"activities,omitempty"`
	Source     string       `json:"source,omitempty"`
	Country    string       `json:"country,omitempty"`
	Rate       int          `json:"rate,omitempty"`
	Created    time.Time    `json:"created"`
	LastUsed   time.Time    `json:"lastUsed,omitzero"` // to the minute; never, where it is missing
	Expires    time.Time    `json:"expires,omitzero"`
	Revoked    time.Time    `json:"revoked,omitzero"`
}

func listTokens(ctx context.Context, svc *service, _ nothing) ([]tokenInfo, error) {
	all, err := svc.tokens.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]tokenInfo, len(all))
	for n, t := range all {
		out[n] = tokenInfo{ID: t.ID, Label: t.Label, Test: t.Test, Issuers: t.Issuers, Scopes: t.Scopes, Activities: t.Activities,
			Source: t.Source, Country: t.Country, Rate: t.Rate, Created: t.Created, LastUsed: t.Used, Expires: t.Expires, Revoked: t.Revoked}
	}
	return out, nil
}

type tokenID struct {
	ID string `json:"id"`
}

func revokeToken(ctx context.Context, svc *service, in tokenID) (nothing, error) {
	_, err := svc.tokens.Revoke(ctx, in.ID)
	return nothing{}, err
}

func (p *program) token(ctx context.Context, args []string) error {
	name, rest, err := subcommand(args, "create", "list", "revoke")
	if err != nil {
		return err
	}
	switch name {
	case "create":
		return p.tokenCreate(ctx, rest)
	case "list":
		s, _, err := p.manage("token list", rest, "", nil)
		if err != nil {
			return err
		}
		all, err := operate[[]json.RawMessage](ctx, s, "token.list", nothing{})
		if err != nil {
			return err
		}
		for _, t := range all {
			fmt.Fprintln(p.stdout, string(t))
		}
		return nil
	}
	s, operands, err := p.manage("token revoke", rest, "ID", nil)
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("token revoke takes the id of one token; `laurel token list` shows them")
	}
	_, err = operate[nothing](ctx, s, "token.revoke", tokenID{operands[0]})
	return err
}

// defaultRate is what a token may ask for in a minute unless it is made otherwise:
// more than a platform needs that is in order, and an end to one that is not.
const defaultRate = 60_000

func (p *program) tokenCreate(ctx context.Context, args []string) error {
	var in tokenRequest
	s, operands, err := p.manage("token create", args, "", func(set *flag.FlagSet) {
		set.Var((*words)(&in.Issuers), "issuer", "`slug` of the issuer it speaks for; several with commas, * for all")
		set.Var((*words)(&in.Scopes), "scope", "what it may do: issue, read, revoke, roster, manage, …; several with commas")
		set.Var((*words)(&in.Activities), "activity", "`slug` of the only activities it may name; several with commas")
		set.StringVar(&in.Source, "source", "", "the one `name` under which it sends events of a platform; * for any")
		set.StringVar(&in.Country, "country", "", "two capital `letters` of the only country that it may see and award in")
		set.IntVar(&in.Rate, "rate", defaultRate, "requests a `minute`; 0 for no limit")
		set.BoolVar(&in.Test, "test", false, "for trials: what it issues is signed by the test issuer, marked as a test and counts nowhere")
		set.StringVar(&in.Label, "label", "", "a `note` for yourself")
		set.DurationVar(&in.Lifetime, "expires", 0, "`time` until it ends, such as 8760h; 0 for no end")
	})
	if err != nil {
		return err
	}
	if len(operands) > 0 || len(in.Issuers) == 0 || len(in.Scopes) == 0 {
		return usagef("token create needs --issuer and --scope, such as --issuer city-academy --scope issue,read")
	}
	made, err := operate[tokenMade](ctx, s, "token.create", in)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, made.Token)
	return nil
}

// Badges.

func issueOne(ctx context.Context, svc *service, in json.RawMessage) (json.RawMessage, error) {
	award, err := badges.ParseAward(in)
	if err != nil {
		return nil, err
	}
	award.Actor = actorCommand
	issued, err := svc.programme.Issue(ctx, award, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	return badges.Answer(svc.baseURL, issued, svc.issuer.Claim(issued.Record))
}

func (p *program) issue(ctx context.Context, args []string) error {
	s, operands, err := p.manage("issue", args, "FILE|-", nil)
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("issue takes one file with a request as POST /v1/credentials has it, or - for standard input")
	}
	in, err := p.readInput(operands[0], verifier.MaxBytes)
	if err != nil {
		return err
	}
	out, err := operate[json.RawMessage](ctx, s, "issue", json.RawMessage(in))
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, string(out))
	return nil
}

type revocation struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

func revokeOne(ctx context.Context, svc *service, in revocation) (nothing, error) {
	_, err := svc.issuer.Revoke(ctx, in.ID, in.Reason, actorCommand, func(string) bool { return true })
	return nothing{}, err
}

func (p *program) revoke(ctx context.Context, args []string) error {
	var in revocation
	s, operands, err := p.manage("revoke", args, "ID", func(set *flag.FlagSet) {
		set.StringVar(&in.Reason, "reason", "", "why: a code such as issued_in_error or withdrawn_by_holder is shown to anybody, other `words` stay with the issuer")
	})
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("revoke takes the id or the address of one badge")
	}
	in.ID = strings.TrimSuffix(path.Base(operands[0]), ".json")
	if _, err := operate[nothing](ctx, s, "revoke", in); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "revoked %s\n", in.ID)
	return nil
}
