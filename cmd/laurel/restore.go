package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/keys/keyring"
	"laurel/store"
	"laurel/store/backup"
	"laurel/store/bolt"
	"laurel/store/postgres"
)

// wentBack refuses a store of which there may be a later state elsewhere.
func (svc *service) wentBack(ctx context.Context) error {
	mark, err := issuer.ReadRollback(ctx, svc.store)
	if err != nil || !mark.Pending {
		return err
	}
	accept := "laurel restore --accept-rollback --data " + svc.settings.data
	if mark.Moved {
		at, by := "", "name it with --store, or leave that out where it is the file in the data folder" // programs before this one did not note it
		switch mark.To {
		case "":
		case storeInFile:
			at, by = ", the file in the data folder,", "leave --store (LAUREL_STORE) out"
		default:
			at, by = ", "+mark.To+",", "name it with --store"
		}
		return fmt.Errorf("%w: it was moved to another one%s on %s, which is in force. Serve that one: %s. Where that one is lost for good, this one can go on as a restored backup does (docs/operations.md, Restore):\n  %s",
			issuer.ErrRolledBack, at, mark.AsOf.Format(time.RFC3339), by, accept)
	}
	return fmt.Errorf("%w: it was restored from a backup of %s. What came later is not in it: badges issued since, revocations, withdrawn tokens. docs/operations.md, Restore, says how to compare; to go on without, say\n  %s",
		issuer.ErrRolledBack, mark.AsOf.Format(time.RFC3339), accept)
}

// restoring is how a backup is restored.
type restoring struct {
	identity, passphraseFile, sealKey string
	accept, checkOnly                 bool
}

func (p *program) restore(ctx context.Context, args []string) error {
	var how restoring
	s, operands, err := p.manage("restore", args, "FILE|-", func(set *flag.FlagSet) {
		set.StringVar(&how.identity, "identity", "", "age identity `file` that opens the backup")
		set.StringVar(&how.passphraseFile, "passphrase-file", "", "`file` with the passphrase of the backup")
		set.StringVar(&how.sealKey, "seal-key", "", "`file` that opens the keys, where it was not put into the backup: the copy of keys/seal.key")
		set.BoolVar(&how.accept, "accept-rollback", false, "go on from here although later badges and changes may be elsewhere; without a FILE, of a folder that is restored already")
		set.BoolVar(&how.checkOnly, "check", false, "read the backup only, and say whether it is whole")
	})
	if err != nil {
		return err
	}
	if len(operands) == 0 && how.accept {
		return p.acceptRollback(ctx, s)
	}
	if len(operands) != 1 {
		return usagef("restore takes one backup, a file or - for standard input")
	}
	key, err := how.key()
	if err != nil {
		return err
	}
	in := p.stdin
	if operands[0] != "-" {
		file, err := os.Open(operands[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	if how.checkOnly {
		m, t, err := openBackup(in, key, backup.Taker{Record: p.counter("read")})
		return p.told(hinted(err), m, t, "The backup is whole")
	}
	return p.restoreFrom(ctx, s, how, key, in)
}

// told says what a backup is, unless there is an error.
func (p *program) told(err error, m backup.Manifest, t backup.Totals, what string) error {
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s: %s as of %s, %d badges, %d records, %d files of keys.\n", what, m.BaseURL, m.Made.Format(time.RFC3339), t.Kinds["n"], t.Records, t.Files)
	return nil
}

func (how restoring) key() (backup.Key, error) {
	switch {
	case how.identity != "" && how.passphraseFile != "":
		return backup.Key{}, usagef("a backup is opened with --identity or --passphrase-file, not both")
	case how.identity != "":
		raw, err := readSecret("--identity", how.identity)
		if err != nil {
			return backup.Key{}, err
		}
		defer clear(raw)
		return backup.KeyFrom(raw)
	case how.passphraseFile != "":
		passphrase, err := readPassphrase(how.passphraseFile)
		if err != nil {
			return backup.Key{}, err
		}
		return backup.KeyOf(passphrase)
	}
	return backup.Key{}, nil
}

// hinted says what to do about a backup that is not opened.
func hinted(err error) error {
	if errors.Is(err, backup.ErrEncrypted) {
		return fmt.Errorf("%w: name what opens it with --identity or --passphrase-file", err)
	}
	return err
}

func (p *program) acceptRollback(ctx context.Context, s *settings) error {
	svc, err := openAny(ctx, s, discard())
	if err != nil {
		return err
	}
	mark, err := issuer.ReadRollback(ctx, svc.store)
	if db, ok := svc.store.(*postgres.DB); ok && err == nil && mark.Pending && mark.Moved {
		err = db.Return(ctx)
	}
	if err == nil {
		err = svc.issuer.AcceptRollback(ctx, actorCommand)
	}
	if err = errors.Join(err, svc.store.Close()); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Accepted: new badges go into new status lists.\nNext: %s\n", s.next("serve"))
	return nil
}

// unfinishedKeys is where keys lie until all of a data folder is there.
func (s *settings) unfinishedKeys() string { return s.keysFolder() + ".unfinished" }

// restoreFrom makes a data folder. Nothing in it has its name before all of it
// was read to the end and tried out, and on failure nothing is left.
func (p *program) restoreFrom(ctx context.Context, s *settings, how restoring, key backup.Key, in io.Reader) (err error) {
	made, err := emptyFolder(s)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(s.unfinishedKeys()))
			if made {
				err = errors.Join(err, removed(os.Remove(s.data)))
			}
		}
	}()
	builder, err := buildStore(ctx, s, "restoration")
	if err != nil {
		return err
	}
	m, t, err := p.rebuild(ctx, s, how, key, in, builder)
	err = errors.Join(err, builder.Close()) // gives up what is not finished
	if err != nil {
		return hinted(err)
	}
	next := "Next: " + s.next("serve")
	if !how.accept {
		next = "What happened later is not in it: badges issued since are unknown here, and what was revoked since counts as good again.\n" +
			"docs/operations.md, Restore, says how to compare. Next: " + s.next("restore --accept-rollback")
	}
	if err := p.told(nil, m, t, s.data+" is restored"); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, next)
	return nil
}

// emptyFolder makes the data folder, or makes sure that there is nothing in it
// but what an interrupted restoration has left, which it removes.
func emptyFolder(s *settings) (made bool, err error) {
	found, err := os.ReadDir(s.data)
	if errors.Is(err, os.ErrNotExist) {
		return true, makeFolder(s.data)
	} else if err != nil {
		return false, err
	}
	for _, f := range found {
		if f.Name() == "lost+found" {
			continue
		}
		if !strings.HasSuffix(f.Name(), ".unfinished") {
			return false, fmt.Errorf("%s is not empty: it holds %s. A backup is restored into a new folder", s.data, f.Name())
		}
		if err := os.RemoveAll(filepath.Join(s.data, f.Name())); err != nil {
			return false, err
		}
	}
	return false, makeFolder(s.data)
}

// buildStore begins a store where the settings have it. What is left of it, should
// this be cut short, is known again by the name.
func buildStore(ctx context.Context, s *settings, name string) (store.Builder, error) {
	if s.store != "" {
		return postgres.NewBuild(ctx, s.store, name)
	}
	return bolt.NewBuild(s.storeFile(), fileOptions())
}

// rebuild fills the store and the folder of keys, tries them out, and gives them
// their names: the keys first, for a store without keys could never sign.
func (p *program) rebuild(ctx context.Context, s *settings, how restoring, key backup.Key, in io.Reader, to store.Builder) (m backup.Manifest, t backup.Totals, err error) {
	var files []keyring.File
	count := p.counter("restored")
	m, t, err = openBackup(in, key, backup.Taker{
		File: func(name string, content []byte) error {
			files = append(files, keyring.File{Name: name, Content: content})
			return nil
		},
		Record: func(key, value []byte) error {
			return errors.Join(count(key, value), to.Append(ctx, key, value))
		},
	})
	if err == nil {
		err = to.Flush(ctx)
	}
	if err == nil {
		files, err = how.withSeal(m, files)
	}
	if err == nil {
		err = keyring.WriteFiles(s.unfinishedKeys(), files)
	}
	if err == nil {
		err = issuer.MarkRollback(ctx, to, m.Made)
	}
	if err == nil {
		err = tryOut(ctx, s, to, how.accept)
	}
	if err == nil {
		err = os.Rename(s.unfinishedKeys(), s.keysFolder())
	}
	if err != nil {
		return m, t, err
	}
	if err := errors.Join(syncFolder(s.data), to.Finish(ctx)); err != nil {
		return m, t, errors.Join(err, os.RemoveAll(s.keysFolder()))
	}
	return m, t, nil
}

// withSeal adds the seal that was kept back.
func (how restoring) withSeal(m backup.Manifest, files []keyring.File) ([]keyring.File, error) {
	switch {
	case m.Seal == backup.SealKeptBack && how.sealKey == "":
		return nil, usagef("what opens the keys was kept out of this backup: name your copy of keys/seal.key with --seal-key")
	case m.Seal != backup.SealKeptBack && how.sealKey != "":
		return nil, usagef("--seal-key: what opens the keys is in the backup, or is a passphrase")
	case how.sealKey == "":
		return files, nil
	}
	seal, err := keyring.ReadSealKey(how.sealKey, files)
	if err != nil {
		return nil, usagef("--seal-key: %w. Name the copy of keys/seal.key of the folder that the backup is of", err)
	}
	return append(files, seal), nil
}

// tryOut opens every key and wires the service, as serve will.
func tryOut(ctx context.Context, s *settings, db store.Store, accept bool) error {
	seal, err := s.seal()
	if err != nil {
		return err
	}
	ring, err := keyring.Open(s.unfinishedKeys(), seal)
	if err != nil {
		return err
	}
	svc, err := assemble(ctx, s, db, ring, discard())
	if err == nil {
		err = svc.issuer.CheckKeys(ctx)
	}
	if err == nil && accept {
		err = svc.issuer.AcceptRollback(ctx, actorCommand)
	}
	return err
}
