package bolt_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"laurel/store"
	"laurel/store/bolt"
)

// TestReopenWaitsForNobody: whoever reads for long, as a backup does, keeps neither
// the file from being opened anew nor others from reading; he is told.
func TestReopenWaitsForNobody(t *testing.T) {
	db, err := bolt.Create(filepath.Join(t.TempDir(), "store"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	put := func(key string) error {
		return db.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte(key), []byte("value of "+key)) })
	}
	for _, key := range []string{"a", "b", "c"} {
		if err := put(key); err != nil {
			t.Fatal(err)
		}
	}
	began, goOn, told := make(chan bool, 2), make(chan bool), make(chan error, 2)
	go func() {
		told <- db.View(context.WithoutCancel(t.Context()), func(r store.Reader) error {
			return r.Scan(nil, nil, func(key, value []byte) error {
				if string(key) == "a" {
					began <- true
					<-goOn
				}
				if string(value) != "value of "+string(key) {
					t.Errorf("%s: %q", key, value)
				}
				return nil
			})
		})
	}()
	go func() {
		told <- db.View(context.WithoutCancel(t.Context()), func(r store.Reader) error {
			began <- true
			<-goOn
			_, err := r.Get([]byte("b"))
			return err
		})
	}()
	<-began
	<-began
	db.Refuse(errors.New("a sync that failed"))
	reopened := make(chan error, 1)
	go func() { reopened <- db.Reopen(context.WithoutCancel(t.Context())) }()
	select {
	case err := <-reopened:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		close(goOn)
		t.Fatal("Reopen waits for whoever reads")
	}
	if err := put("d"); err != nil {
		t.Error(err)
	}
	if err := db.View(t.Context(), func(r store.Reader) error { _, err := r.Get([]byte("d")); return err }); err != nil {
		t.Error(err)
	}
	close(goOn)
	for range 2 {
		if err := <-told; !errors.Is(err, store.ErrBusy) {
			t.Errorf("whoever read on was told %v", err)
		}
	}
}
