package typeset

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
)

const (
	maxFontFile  = 64 << 20 // bytes of one file; Noto's Chinese ones have 27 million
	maxFontFiles = 10_000   // looked at in all folders
	maxLoaded    = 96 << 20 // bytes of all files that are loaded at once
)

// SystemFolders are where Linux, BSD and macOS keep fonts.
func SystemFolders() []string {
	return []string{"/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"}
}

// Library is the fonts of some folders. It is safe for concurrent use; texts
// are set one after the other.
type Library struct {
	folders []string
	index   func() ([]*source, error) // in the order in which they are chosen, once

	mu      sync.Mutex
	loaded  map[*source]*Face
	used    []*source // of the loaded ones, longest ago first
	shaper  shaping.HarfbuzzShaper
	split   shaping.Segmenter
	wrapper shaping.LineWrapper
	orders  map[orderKey][]*source
}

// Open names the folders in which fonts are looked for, at the first use, with
// all that is in them. Folders that are not there hold none.
func Open(folders []string) *Library {
	l := &Library{folders: folders, loaded: map[*source]*Face{}, orders: map[orderKey][]*source{}}
	l.index = sync.OnceValues(l.find)
	return l
}

// Fonts are the names of the faces that were found, in the order in which they
// are asked for letters.
func (l *Library) Fonts() ([]string, error) {
	all, err := l.index()
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = (&Face{source: s}).Name()
	}
	return names, err
}

// find looks at every font file. One that cannot be read is passed over, as is
// a folder: what is missing then is told by Lacks.
func (l *Library) find() ([]*source, error) {
	all, err := builtIn()
	if err != nil {
		return nil, err
	}
	for _, path := range l.files() {
		if found, err := fromFile(path); err == nil {
			all = append(all, found...)
		}
	}
	slices.SortStableFunc(all, func(a, b *source) int {
		return cmp.Or(cmp.Compare(a.class(), b.class()), cmp.Compare(a.family, b.family), cmp.Compare(a.path, b.path))
	})
	return all, nil
}

func (l *Library) files() (paths []string) {
	for _, folder := range l.folders {
		_ = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
			if e == nil || err != nil { // a folder that may not be read holds no fonts for us
				return fs.SkipDir
			}
			if len(paths) >= maxFontFiles {
				return fs.SkipAll
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".ttf", ".otf", ".ttc", ".otc":
				if !e.IsDir() && !slices.Contains(paths, path) {
					paths = append(paths, path)
				}
			}
			return nil
		})
	}
	return paths
}

// class orders the families: one look for all scripts, as far as there is one.
// The built-in font comes before those that were made for who knows what.
func (s *source) class() int {
	switch {
	case s.family == "Noto Sans":
		return 0
	case strings.HasPrefix(s.family, "Noto Sans CJK"):
		return 2
	case strings.HasPrefix(s.family, "Noto Sans"):
		return 1
	case s.built != nil:
		return 3
	case strings.HasPrefix(s.family, "Noto "):
		return 4
	}
	return 5
}

// orderKey is what the order of the faces depends on.
type orderKey struct {
	first string // the family that comes before all others
	bold  bool
}

// order is the faces as they are asked for a letter.
func (l *Library) order(all []*source, key orderKey) []*source {
	order, ok := l.orders[key]
	if !ok {
		order = slices.Clone(all)
		slices.SortStableFunc(order, func(a, b *source) int {
			return cmp.Or(last(a.family != key.first, b.family != key.first), cmp.Compare(a.class(), b.class()),
				cmp.Compare(a.family, b.family), last(a.bold != key.bold, b.bold != key.bold))
		})
		l.orders[key] = order
	}
	return order
}

func last(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// familyOf is the family in which a script is set before any other that has its
// letters.
func familyOf(script language.Script, lang string) string {
	switch script {
	case language.Arabic:
		return "Noto Sans Arabic"
	case language.Han, language.Bopomofo:
		return "Noto Sans CJK " + region(lang)
	case language.Hiragana, language.Katakana:
		return "Noto Sans CJK JP"
	case language.Hangul:
		return "Noto Sans CJK KR"
	}
	return "Noto Sans"
}

// region is the form of Chinese characters that a language uses.
func region(lang string) string {
	tag := strings.ToLower(strings.ReplaceAll(lang, "_", "-"))
	switch primary(lang) {
	case "ja":
		return "JP"
	case "ko":
		return "KR"
	}
	switch {
	case strings.Contains(tag, "-hk"), strings.Contains(tag, "-mo"):
		return "HK"
	case strings.Contains(tag, "-hant"), strings.Contains(tag, "-tw"):
		return "TC"
	}
	return "SC"
}

func primary(lang string) string {
	tag, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(lang, "_", "-")), "-")
	return tag
}

// face loads a face, or says that it cannot be. It runs within the lock.
func (l *Library) face(s *source) *Face {
	if f := l.loaded[s]; f != nil {
		l.used = append(slices.DeleteFunc(l.used, func(u *source) bool { return u == s }), s)
		return f
	}
	if s.broken {
		return nil
	}
	f, err := s.read()
	if err != nil {
		s.broken = true
		return nil
	}
	l.loaded[s] = f
	l.used = append(l.used, s)
	l.shed()
	return f
}

// shed lets go of what was not used for longest, down to the bound, but never
// of what was just asked for.
func (l *Library) shed() {
	var weight int64
	for _, s := range l.used {
		weight += s.weight
	}
	for weight > maxLoaded && len(l.used) > 1 {
		weight -= l.used[0].weight
		delete(l.loaded, l.used[0])
		l.used = l.used[1:]
		l.shaper = shaping.HarfbuzzShaper{} // it holds on to fonts
	}
}
