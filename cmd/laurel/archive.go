package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"laurel/api"
	"laurel/api/pages"
	"laurel/endorser"
	"laurel/issuer"
)

// An archive is what anybody may read of a service, each address asked of the
// service's own handler and its answer written down, so that the bytes are those
// that were served. It goes from whoever has the store open to the command as a
// tar, whose headers say beside a file what it answers to.

// archivePath is where the admin socket gives an archive, as a tar.
const archivePath = "/archive"

// Records of the tar's headers (PAX), and names of the entries that are no files.
const (
	tarAddress = "LAUREL.address"
	tarType    = "LAUREL.type"
	tarStatus  = "LAUREL.status"
	tarBegin   = ".begin"
	tarEnd     = ".end"
)

// archiveBegin and archiveEnd are what the first and the last entry hold.
type archiveBegin struct {
	BaseURL string    `json:"baseUrl"`
	Made    time.Time `json:"made"`
	Program string    `json:"program"`
}

type archiveEnd struct {
	Entries int `json:"entries"`
}

// archiver asks for everything that is public, one after the other.
type archiver struct {
	svc     *service
	handler http.Handler
	pages   *pages.Pages
	host    string
	made    time.Time
	out     *tar.Writer
	entries int
}

// writeArchive writes what is public as it stands while it is asked for. Lists
// come after the badges, so that none of these is missing in them.
func writeArchive(ctx context.Context, svc *service, out io.Writer) error {
	cfg, err := svc.face()
	if err != nil {
		return err
	}
	// A face of its own: it asks for nothing that costs the public its turn, and
	// what it serves counts nowhere.
	cfg.Archive, cfg.VerifyRate, cfg.Cache, cfg.Log = true, 0, nil, discard()
	cfg.Observer, cfg.Sessions, cfg.Outbox, cfg.VCAPI = nil, nil, nil, nil
	handler, err := api.New(cfg)
	if err != nil {
		return err
	}
	_, host, _ := strings.Cut(svc.baseURL, "://")
	a := &archiver{svc: svc, handler: handler, pages: cfg.Pages, host: host, made: time.Now().UTC().Truncate(time.Second), out: tar.NewWriter(out)}
	// Before the first byte, behind which a fault can only be told by breaking off.
	if _, err := svc.audit.Sequence(ctx); err != nil {
		return fmt.Errorf("an archive begins with what has no place in the audit log yet: %w", err)
	}
	if err := a.settle(ctx); err != nil {
		return err
	}
	if err := a.note(tarBegin, archiveBegin{svc.baseURL, a.made, version()}); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{a.assets, a.badges, a.endorsements, a.achievements, a.issuers, a.lists, a.log} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := a.note(tarEnd, archiveEnd{a.entries}); err != nil {
		return err
	}
	return a.out.Close()
}

// note writes an entry that is no file.
func (a *archiver) note(name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return a.write(&tar.Header{Name: name}, raw)
}

func (a *archiver) write(h *tar.Header, raw []byte) error {
	h.Typeflag, h.Mode, h.Size, h.ModTime = tar.TypeReg, 0o644, int64(len(raw)), a.made
	if err := a.out.WriteHeader(h); err != nil {
		return err
	}
	_, err := a.out.Write(raw)
	return err
}

// served is what the service answered, held whole: nothing public is large.
type served struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (a *served) Header() http.Header { return a.header }

func (a *served) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *served) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// What is still being made is asked for so often, and between two times it is
// waited.
const (
	askings   = 5
	askedWait = time.Second
)

// settle waits for the JWTs that are still to be made, as long as they become
// fewer.
func (a *archiver) settle(ctx context.Context) error {
	for before, still := -1, 0; still < askings; {
		n, _, err := a.svc.issuer.WaitingJWTs(ctx, math.MaxInt)
		if err != nil || n == 0 {
			return err
		}
		if still++; n != before {
			before, still = n, 0
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(askedWait):
		return nil
	}
}

func (a *archiver) ask(ctx context.Context, address, accept string, times int) (*served, error) {
	for n := 1; ; n++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.svc.baseURL+address, nil)
		if err != nil {
			return nil, err
		}
		r.RemoteAddr, r.RequestURI = "127.0.0.1:0", address
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		got := &served{header: http.Header{}}
		a.handler.ServeHTTP(got, r)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if got.status != http.StatusServiceUnavailable || n >= times {
			return got, nil
		}
		if _, err := a.svc.audit.Sequence(ctx); err != nil {
			return nil, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// take writes what an address answers into a file. It is false where nothing is
// shown there; of what is gone for good, and with keep of what was asked for once
// and is not made yet, that is noted and no file written.
func (a *archiver) take(ctx context.Context, address, accept, file string) (bool, error) {
	return a.keep(ctx, address, accept, file, askings)
}

func (a *archiver) keep(ctx context.Context, address, accept, file string, times int) (bool, error) {
	got, err := a.ask(ctx, address, accept, times)
	if err != nil {
		return false, err
	}
	h := &tar.Header{Name: file, PAXRecords: map[string]string{tarAddress: address, tarStatus: strconv.Itoa(got.status)}}
	switch status := got.status; {
	case status == http.StatusOK:
		h.PAXRecords[tarType] = got.header.Get("Content-Type")
		a.entries++
		return true, a.write(h, got.body.Bytes())
	case status == http.StatusGone, status == http.StatusServiceUnavailable && times == 1:
		a.entries++
		return false, a.write(h, nil)
	case status == http.StatusNotFound:
		return false, nil
	}
	return false, fmt.Errorf("%s answers %d, and is not in an archive like that: %.300s", address, got.status, &got.body)
}

// need is take for what has to be there.
func (a *archiver) need(ctx context.Context, address, accept, file string) error {
	ok, err := a.take(ctx, address, accept, file)
	if err == nil && !ok {
		err = fmt.Errorf("%s is not there any more; make the archive again", address)
	}
	return err
}

const (
	asPage = "text/html"
	asJSON = "application/json"
)

// assets are what the pages need.
func (a *archiver) assets(ctx context.Context) error {
	style, _ := a.pages.Stylesheet()
	icon, _ := a.pages.Icon()
	for _, name := range []string{style, icon} {
		if err := a.need(ctx, pages.AssetPath+name, "", strings.TrimPrefix(pages.AssetPath, "/")+name); err != nil {
			return err
		}
	}
	return nil
}

// idsAtOnce bounds what is held of the ids.
const idsAtOnce = 1000

func (a *archiver) badges(ctx context.Context) error {
	for after := ""; ; {
		ids, err := a.svc.issuer.IDs(ctx, after, idsAtOnce)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := a.badge(ctx, id); err != nil {
				return err
			}
		}
		if len(ids) < idsAtOnce {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

// badge asks for all forms of a badge that a file can be: not for paper, codes or
// previews, which are made from these.
func (a *archiver) badge(ctx context.Context, id string) error {
	path := "/credentials/" + id
	if shown, err := a.take(ctx, path, asJSON, path[1:]); err != nil || !shown {
		return err
	}
	rec, err := a.svc.issuer.PublicEdition(ctx, id, 0)
	if errors.Is(err, issuer.ErrNotFound) || errors.Is(err, issuer.ErrErased) {
		return fmt.Errorf("%s was taken back just now; make the archive again", path)
	} else if err != nil {
		return err
	}
	page := "/v/" + id
	if lang := signedLanguage(rec); lang != "" {
		page += "?lang=" + url.QueryEscape(lang)
	}
	for _, form := range []struct{ address, accept, file string }{
		{path + ".json", asJSON, path + ".json"}, {path + ".svg", "", path + ".svg"}, {path + ".png", "", path + ".png"},
		{page, asPage, "/v/" + id}, {"/log/entries/" + id, "", "/log/entries/" + id},
	} {
		if err := a.need(ctx, form.address, form.accept, form.file[1:]); err != nil {
			return err
		}
	}
	// There may be no key to make it with: the archive is none the worse.
	if _, err := a.keep(ctx, path+".jwt", "", path[1:]+".jwt", 1); err != nil {
		return err
	}
	for n := 1; n < rec.Edition; n++ { // those that were but renewed are shown
		edition := strconv.Itoa(n)
		if _, err := a.take(ctx, path+".json?edition="+edition, asJSON, path[1:]+".edition-"+edition+".json"); err != nil {
			return err
		}
	}
	return nil
}

// signedLanguage is that of the achievement as the badge has it; "" where that
// says none.
func signedLanguage(rec *issuer.Record) string {
	doc, err := rec.View()
	if err != nil {
		return ""
	}
	s := doc.View().CredentialSubject
	if s == nil || s.Achievement == nil {
		return ""
	}
	return s.Achievement.InLanguage
}

func (a *archiver) endorsements(ctx context.Context) error {
	for after := ""; ; {
		list, more, err := a.svc.endorsers.List(ctx, endorser.Filter{After: after, Limit: idsAtOnce})
		if err != nil {
			return err
		}
		for _, e := range list {
			after = e.ID
			if _, err := a.take(ctx, "/endorsements/"+e.ID, "", "endorsements/"+e.ID); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// both asks for an address below which there are others, so that its files have
// endings: a web server finds them by trying these.
func (a *archiver) both(ctx context.Context, path, lang string) error {
	_, err := a.take(ctx, path, asJSON, path[1:]+".json")
	if err == nil {
		_, err = a.take(ctx, path+"?lang="+url.QueryEscape(lang), asPage, path[1:]+".html")
	}
	return err
}

func (a *archiver) achievements(ctx context.Context) error {
	profiles, err := a.svc.issuer.Profiles(ctx)
	if err != nil {
		return err
	}
	for _, p := range profiles {
		list, err := a.svc.issuer.Achievements(ctx, p.Slug)
		if err != nil {
			return err
		}
		for _, ach := range list {
			if err := a.achievement(ctx, ach); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *archiver) achievement(ctx context.Context, ach *issuer.Achievement) error {
	path := "/achievements/" + ach.Slug
	err := a.both(ctx, path, ach.InLanguage)
	for _, lang := range ach.Languages() {
		err = errors.Join(err, a.both(ctx, path+"/"+lang, lang))
	}
	for _, picture := range []string{path + "/image.png", path + "/image.svg"} {
		err = errors.Join(err, a.need(ctx, picture, "", picture[1:]))
	}
	var parts []string // that have addresses of their own
	for _, r := range ach.ResultDescription {
		parts = append(parts, r.ID)
		for _, l := range r.RubricCriterionLevel {
			parts = append(parts, l.ID)
		}
	}
	for _, id := range parts {
		if own, ok := strings.CutPrefix(id, a.svc.baseURL+path+"/"); ok {
			_, taken := a.take(ctx, path+"/"+own, asJSON, path[1:]+"/"+own+".json")
			err = errors.Join(err, taken)
		}
	}
	return err
}

func (a *archiver) issuers(ctx context.Context) error {
	profiles, err := a.svc.issuer.Profiles(ctx)
	if err != nil {
		return err
	}
	for _, p := range profiles {
		path := "/issuers/" + p.Slug
		err = errors.Join(err, a.both(ctx, path, ""))
		_, taken := a.take(ctx, path+"/did.json", asJSON, path[1:]+"/did.json")
		err = errors.Join(err, taken)
	}
	for _, path := range []string{"/.well-known/did.json", "/.well-known/jwks.json"} {
		_, taken := a.take(ctx, path, asJSON, path[1:])
		err = errors.Join(err, taken)
	}
	return err
}

func (a *archiver) lists(ctx context.Context) error {
	names, err := a.svc.issuer.StatusLists(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := a.need(ctx, "/status/"+name, asJSON, "status/"+name); err != nil {
			return err
		}
	}
	return nil
}

func (a *archiver) log(ctx context.Context) error {
	return errors.Join(a.need(ctx, "/log/checkpoint", "", "log/checkpoint"), a.need(ctx, "/log/key", "", "log/key"))
}

// serveArchive is writeArchive over the admin socket. An archive that broke off
// has no end, by which its reader knows.
func (svc *service) serveArchive(w http.ResponseWriter, r *http.Request) {
	out := &counting{Writer: w}
	start := time.Now()
	err := writeArchive(r.Context(), svc, out)
	if err == nil {
		svc.log.InfoContext(r.Context(), "archive given", "bytes", out.n, "took", time.Since(start).String())
		return
	}
	svc.log.ErrorContext(r.Context(), "archive", "error", err)
	if out.n == 0 {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	panic(http.ErrAbortHandler)
}

// archiveStream is an archive as it comes from the running service, or from the
// store itself where none runs: then what is made after a badge was issued is
// made now, if it is still to be made and the store is one that issues.
func archiveStream(ctx context.Context, s *settings) (io.ReadCloser, error) {
	if client := adminClient(s.socket()); client != nil {
		return askStream(ctx, client, archivePath, nothing{})
	}
	svc, err := openAny(ctx, s, discard())
	if err != nil {
		return nil, err
	}
	issues := svc.wentBack(ctx) == nil
	from, to := io.Pipe()
	work, stop := context.WithCancel(ctx)
	made := make(chan struct{})
	go func() {
		defer close(made)
		if issues {
			_ = svc.issuer.Run(work) // until it is stopped
		}
	}()
	go func() {
		err := writeArchive(ctx, svc, to)
		stop()
		<-made
		_ = to.CloseWithError(errors.Join(err, svc.store.Close())) // which never fails
	}()
	return from, nil
}
