package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"laurel/badge/canon"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// contextsManifest names the file of a contexts folder that lists the others.
const contextsManifest = "contexts.json"

// addedContext is one line of it: a published address, the file with what is
// published there, and its SHA-256 in hexadecimal. The digest keeps a file that
// was changed, or another edition of it, from changing what badges mean.
type addedContext struct {
	URL    string `json:"url"`
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// canonicaliser holds the contexts of ours and those of --contexts. Nothing is
// fetched: a context that is not there is unknown.
func (s *settings) canonicaliser() (*canon.Canonicalizer, error) {
	if s.contexts == "" {
		return canon.New()
	}
	list, err := readManifest(s.contexts)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	var added []*schemas.Extension
	for _, c := range list {
		x, err := c.read(s.contexts)
		if err != nil {
			return nil, usagef("--contexts: %s: %w", filepath.Join(s.contexts, c.File), err)
		}
		added, files[c.URL] = append(added, x), filepath.Join(s.contexts, c.File)
	}
	processor, err := canon.NewWith(added...)
	var refused *canon.AddedError
	if errors.As(err, &refused) {
		return nil, usagef("--contexts: %s: %w", files[refused.URL], err)
	}
	return processor, err
}

func readManifest(folder string) ([]addedContext, error) {
	name := filepath.Join(folder, contextsManifest)
	raw, err := readInFolder(folder, contextsManifest)
	if err != nil {
		return nil, usagef("--contexts: %w", err)
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, usagef("--contexts: %s: %w", name, err)
	}
	var manifest struct {
		Contexts []addedContext `json:"contexts"`
	}
	if err := strictjson.Decode(v, &manifest); err != nil {
		return nil, usagef("--contexts: %s: %w", name, err)
	}
	if len(manifest.Contexts) == 0 {
		return nil, usagef("--contexts: %s lists no contexts", name)
	}
	return manifest.Contexts, nil
}

// read reads one context and holds it against its digest.
func (c addedContext) read(folder string) (*schemas.Extension, error) {
	raw, err := readInFolder(folder, c.File)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, c.SHA256) {
		return nil, fmt.Errorf("its SHA-256 is %s, not %q as %s says", got, c.SHA256, contextsManifest)
	}
	return schemas.ReadExtension(c.URL, raw)
}

// readInFolder reads a file that lies within the folder, links included.
func readInFolder(folder, name string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, schemas.MaxExtension+1))
	if err == nil && len(raw) > schemas.MaxExtension {
		err = fmt.Errorf("more than %d bytes", schemas.MaxExtension)
	}
	return raw, err
}
