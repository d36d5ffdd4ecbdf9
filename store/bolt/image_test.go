//go:build linux

package bolt_test

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
)

const (
	pageSize   = 8 << 10 // of the file and of images
	sectorSize = 512
)

// image is a sparse file. Copies share pages, which are never changed.
type image struct {
	size  int64
	pages map[int64][]byte
}

// load reads the file at path, without its holes.
func load(path string) (*image, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	img := &image{size: int64(len(content)), pages: map[int64][]byte{}}
	for at := 0; at < len(content); at += pageSize {
		if page := content[at:min(at+pageSize, len(content))]; !bytes.Equal(page, make([]byte, len(page))) {
			img.write(int64(at), page)
		}
	}
	return img, nil
}

func (i *image) clone() *image { return &image{i.size, maps.Clone(i.pages)} }

func (i *image) write(at int64, data []byte) {
	i.size = max(i.size, at+int64(len(data)))
	for len(data) > 0 {
		n, off := at/pageSize, at%pageSize
		page := make([]byte, pageSize)
		copy(page, i.pages[n])
		done := copy(page[off:], data)
		i.pages[n] = page
		at, data = at+int64(done), data[done:]
	}
}

// apply does what the event does. With a source of chance each sector of a write
// gets to the file or does not.
func (i *image) apply(e event, chance *rand.Rand) {
	switch {
	case e.kind == "truncate":
		i.size = e.at
	case chance == nil:
		i.write(e.at, e.data)
	default:
		for off := 0; off < len(e.data); off += sectorSize {
			if chance.IntN(2) == 0 {
				i.write(e.at+int64(off), e.data[off:min(off+sectorSize, len(e.data))])
			}
		}
	}
}

func (i *image) save(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	err = file.Truncate(i.size)
	for n, page := range i.pages {
		if at := n * pageSize; at < i.size {
			_, werr := file.WriteAt(page[:min(pageSize, i.size-at)], at)
			err = errors.Join(err, werr)
		}
	}
	return errors.Join(err, file.Close())
}

// replay returns the file after the events. With a source of chance, each event
// takes place, takes place in part, or does not.
func replay(start *image, events []event, chance *rand.Rand) *image {
	img := start.clone()
	for _, e := range events {
		switch {
		case chance == nil:
			img.apply(e, nil)
		case chance.IntN(3) == 0: // lost
		case chance.IntN(2) == 0:
			img.apply(e, nil)
		default:
			img.apply(e, chance)
		}
	}
	return img
}
