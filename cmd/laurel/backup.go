package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/keys/keyring"
	"laurel/store"
	"laurel/store/backup"
)

// backupPath is where the admin socket gives a backup, as bytes.
const backupPath = "/backup"

// backupRequest is what the command asks of whoever has the store open. That one
// sends the plain stream; encrypting it and keeping it is the command's matter,
// so that no passphrase goes from one process to another.
type backupRequest struct {
	Seal    bool          `json:"seal"` // the file that opens all keys is wanted too
	Timeout time.Duration `json:"timeout"`
}

// writeBackup copies one snapshot and the keys. The keys are read after the
// snapshot was taken: a key is in its folder before the store knows of it.
func writeBackup(ctx context.Context, svc *service, in backupRequest, out io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, in.Timeout, fmt.Errorf("the backup took longer than %s; --timeout gives it more", in.Timeout))
	defer cancel()
	meta, err := issuer.ReadMeta(ctx, svc.store)
	if err != nil {
		return err
	}
	m := backup.Manifest{Made: time.Now().UTC(), Program: version(), BaseURL: meta.BaseURL, Schema: meta.Schema}
	return svc.store.View(ctx, func(r store.Reader) error {
		files, err := keyFiles(svc.settings.keysFolder(), in.Seal, &m)
		if err != nil {
			return err
		}
		if m.LogSize, err = auditlog.Size(r); err != nil {
			return err
		}
		signed, err := auditlog.Signed(r)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		m.Checkpoint = string(signed)
		w, err := backup.NewWriter(out, m)
		if err != nil {
			return err
		}
		if err := fillBackup(ctx, w, files, r); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return errors.Join(err, w.GiveUp(err))
		}
		return nil
	})
}

func fillBackup(ctx context.Context, w *backup.Writer, files []keyring.File, r store.Reader) error {
	for _, f := range files {
		if err := w.File(f.Name, f.Content); err != nil {
			return err
		}
	}
	if err := store.Stream(ctx, r, w); err != nil {
		return err
	}
	_, err := w.Close()
	return err
}

// keyFiles are those of the keys, without the one that opens them all unless it
// is wanted.
func keyFiles(folder string, seal bool, m *backup.Manifest) ([]keyring.File, error) {
	all, err := keyring.Files(folder)
	if err != nil {
		return nil, err
	}
	m.Seal = backup.SealPassphrase
	var files []keyring.File
	for _, f := range all {
		switch {
		case !f.OpensAll():
			files = append(files, f)
		case seal:
			m.Seal = backup.SealIncluded
			files = append(files, f)
		default:
			m.Seal = backup.SealKeptBack
		}
	}
	return files, nil
}

// serveBackup is writeBackup over the admin socket. A reader who stands still
// loses the connection when the time is up, for a snapshot that is held keeps
// the store's file from using its pages anew.
func (svc *service) serveBackup(w http.ResponseWriter, r *http.Request) {
	var in backupRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody)).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(in.Timeout + time.Second)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out := &counting{Writer: w}
	start := time.Now()
	ctx, done := svc.traces.operation(r.Context(), "backup")
	err := writeBackup(ctx, svc, in, out)
	done(err)
	if err == nil {
		svc.log.InfoContext(r.Context(), "backup given", "bytes", out.n, "took", time.Since(start).String())
		return
	}
	svc.log.ErrorContext(r.Context(), "backup", "error", err)
	if out.n == 0 {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

type counting struct {
	io.Writer
	n int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n += int64(n)
	return n, err
}

// backupStream is a backup as it comes from the running service, or from the
// store itself where none runs.
func backupStream(ctx context.Context, s *settings, in backupRequest) (io.ReadCloser, error) {
	if client := adminClient(s.socket()); client != nil {
		return askStream(ctx, client, backupPath, in)
	}
	svc, err := openAny(ctx, s, discard())
	if err != nil {
		return nil, err
	}
	from, to := io.Pipe()
	go func() {
		err := writeBackup(ctx, svc, in, to)
		_ = to.CloseWithError(errors.Join(err, svc.store.Close())) // which never fails
	}()
	return from, nil
}

// askStream has the running service send something long.
func askStream(ctx context.Context, client *http.Client, path string, in any) (io.ReadCloser, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://laurel"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the running service: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	return nil, errors.Join(errors.New(string(bytes.TrimSpace(said))), err)
}

// backupTimeout is how long a snapshot is held unless more is asked for.
const backupTimeout = time.Hour

func (p *program) backup(ctx context.Context, args []string) error {
	var recipients []string
	var passphraseFile string
	in := backupRequest{}
	s, operands, err := p.manage("backup", args, "FILE|-", func(set *flag.FlagSet) {
		set.Func("encrypt-to", "age `recipient` (age1…) who can read the backup, as often as there are some", appendTo(&recipients))
		set.StringVar(&passphraseFile, "passphrase-file", "", "`file` with a passphrase that the backup is encrypted with")
		set.DurationVar(&in.Timeout, "timeout", backupTimeout, "how long it may take at most")
	})
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("backup takes the name of one new file, or - for standard output")
	}
	if in.Timeout <= 0 {
		return usagef("--timeout is a time such as 1h")
	}
	lock, err := backupLock(recipients, passphraseFile)
	if err != nil {
		return err
	}
	in.Seal = lock.Encrypts()
	return p.keepBackup(ctx, s, in, lock, operands[0])
}

func backupLock(recipients []string, passphraseFile string) (backup.Lock, error) {
	switch {
	case len(recipients) > 0 && passphraseFile != "":
		return backup.Lock{}, usagef("a backup is encrypted to recipients or with a passphrase, not both")
	case len(recipients) > 0:
		lock, err := backup.LockTo(recipients)
		if err != nil {
			return lock, usagef("--encrypt-to: %w", err)
		}
		return lock, nil
	case passphraseFile != "":
		passphrase, err := readPassphrase(passphraseFile)
		if err != nil {
			return backup.Lock{}, err
		}
		return backup.LockBy(passphrase)
	}
	return backup.Lock{}, nil
}

func readPassphrase(path string) (string, error) {
	raw, err := readSecret("--passphrase-file", path)
	if err != nil {
		return "", err
	}
	passphrase := strings.TrimRight(string(raw), "\r\n")
	if passphrase == "" || strings.ContainsAny(passphrase, "\r\n\x00") {
		return "", usagef("--passphrase-file: %s does not hold a passphrase; it is one line of text", path)
	}
	return passphrase, nil
}

// keepBackup writes a backup and says what it is.
func (p *program) keepBackup(ctx context.Context, s *settings, in backupRequest, lock backup.Lock, name string) error {
	if name != "-" {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			return errors.Join(usagef("%s is there already; give each backup a name of its own", name), err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what writes into a pipe that nobody reads any more
	from, err := backupStream(ctx, s, in)
	if err != nil {
		return err
	}
	defer from.Close()
	var m backup.Manifest
	var t backup.Totals
	if name == "-" {
		m, t, err = p.copyBackup(from, lock, p.stdout)
	} else {
		m, t, err = p.fileBackup(from, lock, name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "%s is whole: %s as of %s, %d badges, %d records, %d files of keys.\n",
		map[bool]string{true: "The backup", false: name}[name == "-"], m.BaseURL, m.Made.Format(time.RFC3339), t.Kinds["n"], t.Records, t.Files)
	if m.Seal == backup.SealKeptBack {
		fmt.Fprintf(p.stderr, "It is not encrypted, so what opens the keys is not in it: keep a copy of %s apart from it, or encrypt with --encrypt-to.\n",
			filepath.Join(s.keysFolder(), "seal.key"))
	}
	return nil
}

// copyBackup writes a backup as it comes, and reads it meanwhile.
func (p *program) copyBackup(from io.Reader, lock backup.Lock, to io.Writer) (backup.Manifest, backup.Totals, error) {
	locked, err := lock.Writer(to)
	if err != nil {
		return backup.Manifest{}, backup.Totals{}, err
	}
	m, t, err := backup.Read(io.TeeReader(from, locked), backup.Taker{Record: p.counter("copied")})
	if err == nil {
		err = locked.Close()
	}
	return m, t, err
}

// tellEvery is how often a long command says how far it is.
const tellEvery = 3 * time.Second

// counter tells how many records were seen, every few seconds.
func (p *program) counter(what string) func(key, value []byte) error {
	var told time.Time
	n := 0
	return func(_, _ []byte) error {
		if n++; n == 1 {
			told = time.Now()
		}
		if n%1000 == 0 && time.Since(told) > tellEvery {
			told = time.Now()
			fmt.Fprintf(p.stderr, "%s %d records\n", what, n)
		}
		return nil
	}
}

// fileBackup writes a backup under another name, reads it back from there, and
// only then gives it its own.
func (p *program) fileBackup(from io.Reader, lock backup.Lock, name string) (m backup.Manifest, t backup.Totals, err error) {
	folder := filepath.Dir(name)
	file, err := os.CreateTemp(folder, filepath.Base(name)+".*.unfinished") // of mode 0600
	if err != nil {
		return m, t, err
	}
	defer func() { err = errors.Join(err, removed(os.Remove(file.Name()))) }()
	_, _, err = p.copyBackup(from, lock, file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return m, t, err
	}
	if m, t, err = readBackup(file.Name(), lock.Key(), backup.Taker{Record: p.counter("read back")}); err != nil {
		return m, t, fmt.Errorf("reading the backup back: %w", err)
	}
	if err := os.Link(file.Name(), name); err != nil { // unlike a renaming, never over another
		return m, t, err
	}
	return m, t, syncFolder(folder)
}

// removed passes over what is gone already.
func removed(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func readBackup(name string, key backup.Key, to backup.Taker) (backup.Manifest, backup.Totals, error) {
	file, err := os.Open(name)
	if err != nil {
		return backup.Manifest{}, backup.Totals{}, err
	}
	defer file.Close()
	return openBackup(file, key, to)
}

func openBackup(in io.Reader, key backup.Key, to backup.Taker) (backup.Manifest, backup.Totals, error) {
	plain, err := key.Reader(in)
	if err != nil {
		return backup.Manifest{}, backup.Totals{}, err
	}
	return backup.Read(plain, to)
}
