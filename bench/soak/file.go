package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"laurel/store"
	"laurel/store/bolt"
)

// maxOver is how many times larger than what is in it the file may be.
const maxOver = 1.3

// room is what the file may have beyond that: it grows by 16 MiB at a time.
const room = 16 << 20

// fileOver holds the size of the store's file against what is in it, once it is
// closed, and tells whether it is too large.
func (s *soak) fileOver(w io.Writer) (large bool, err error) {
	size, err := s.service.StoreSize()
	if err != nil {
		return false, err
	}
	db, err := bolt.Open(filepath.Join(s.service.Folder, "laurel.db"), bolt.Options{})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	data := 0
	err = db.View(context.Background(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			data += len(k) + len(v)
			return nil
		})
	})
	if err != nil {
		return false, err
	}
	large = float64(size-room) > maxOver*float64(data)
	badges := max(1, s.issued.Load())
	fmt.Fprintf(w, "store: %.1f kB in it for each badge, a file of %.2f times that (bar %.1f, beside %d MiB)\n", float64(data)/1000/float64(badges),
		float64(size)/float64(data), maxOver, room>>20)
	return large, nil
}
