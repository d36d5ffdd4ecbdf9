package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

// auditPage is how many records cross the admin socket at once.
const auditPage = 1000

// auditEntry is one record as it is stored and hashed, with its sequence.
type auditEntry struct {
	Seq   string          `json:"seq"`
	Entry json.RawMessage `json:"entry"`
}

type auditAfter struct {
	Seq string `json:"seq"`
}

func listAudit(ctx context.Context, svc *service, in auditAfter) ([]auditEntry, error) {
	var out []auditEntry
	err := svc.audit.Entries(ctx, in.Seq, auditPage, func(seq string, entry []byte) {
		out = append(out, auditEntry{seq, entry})
	})
	return out, err
}

type auditQuestion struct {
	Checkpoints [][]byte `json:"checkpoints"`
}

type auditAnswer struct {
	findings

	Size int64 `json:"size"`
}

func verifyAudit(ctx context.Context, svc *service, in auditQuestion) (a auditAnswer, err error) {
	a.Size, err = svc.audit.Verify(ctx, in.Checkpoints, a.note)
	return a, err
}

func auditKeys(ctx context.Context, svc *service, _ nothing) ([]string, error) {
	return svc.audit.VerifierKeys(ctx)
}

func (p *program) audit(ctx context.Context, args []string) error {
	name, rest, err := subcommand(args, "list", "verify", "key")
	if err != nil {
		return err
	}
	switch name {
	case "list":
		return p.auditList(ctx, rest)
	case "verify":
		return p.auditVerify(ctx, rest)
	}
	s, _, err := p.manage("audit key", rest, "", nil)
	if err != nil {
		return err
	}
	names, err := operate[[]string](ctx, s, "audit.keys", nothing{})
	for _, name := range names {
		fmt.Fprintln(p.stdout, name)
	}
	return err
}

// auditList prints one record a line, oldest first.
func (p *program) auditList(ctx context.Context, args []string) error {
	s, _, err := p.manage("audit list", args, "", nil)
	if err != nil {
		return err
	}
	for after := ""; ; {
		page, err := operate[[]auditEntry](ctx, s, "audit.list", auditAfter{after})
		if err != nil {
			return err
		}
		for _, e := range page {
			fmt.Fprintln(p.stdout, string(e.Entry))
			after = e.Seq
		}
		if len(page) < auditPage {
			return nil
		}
	}
}

func (p *program) auditVerify(ctx context.Context, args []string) error {
	var files words
	s, _, err := p.manage("audit verify", args, "", func(set *flag.FlagSet) {
		set.Var(&files, "checkpoint", "`file` with a checkpoint that was kept, of which this log must be the continuation; several with commas")
	})
	if err != nil {
		return err
	}
	var question auditQuestion
	for _, file := range files {
		signed, err := os.ReadFile(file)
		if err != nil {
			return usageError{err}
		}
		question.Checkpoints = append(question.Checkpoints, signed)
	}
	answer, err := operate[auditAnswer](ctx, s, "audit.verify", question)
	if err != nil {
		return err
	}
	if err := answer.err("the audit log is not whole"); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The audit log is whole: %d records in their places.\n", answer.Size)
	return nil
}
