package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"laurel/store"
)

// bbolt has no checksums of its pages. A page that changed on the disk lets it
// panic, fault, go round in circles, or, worst, answer that there is nothing
// where there was something. So the file is read once when it is opened, page by
// page and by itself: the form of every page is fixed so closely by what bbolt
// writes that a flipped bit shows, but for those in values, which carry
// checksums of their own (Options.CheckValue).

// Facts of bbolt's file, version 2: package internal/common of it. Numbers are in
// the order of the machine's own bytes.
const (
	headSize    = 16 // id 8, flags 2, count 2, overflow 4
	elementSize = 16 // of a branch: pos 4, ksize 4, page 8; of a leaf: flags 4, pos 4, ksize 4, vsize 4
	metaSize    = 64 // magic 4, version 4, page size 4, flags 4, root 8, sequence 8, freelist 8, end 8, txid 8, checksum 8

	branchFlag, leafFlag, freeFlag = 0x01, 0x02, 0x10
	bucketFlag                     = 0x01 // of a leaf's element
	manyFree                       = 0xffff
	deepest                        = 64 // a tree of two keys a page would have more pages than a disk has room
)

// damaged makes a store.ErrDamaged of what is wrong with a page.
func damaged(page uint64, format string, args ...any) error {
	return fmt.Errorf("%w: page %d %s", store.ErrDamaged, page, fmt.Sprintf(format, args...))
}

// meta is what a meta page says.
type meta struct {
	page                  int64 // size of one
	root, free, end, txid uint64
}

// readMeta reads one of the two meta pages. One behind the end of the file is not
// whole.
func readMeta(file io.ReaderAt, slot, pageSize int64) (m meta, whole bool, err error) {
	page := make([]byte, headSize+metaSize)
	if _, err := file.ReadAt(page, slot*pageSize); errors.Is(err, io.EOF) {
		return m, false, nil
	} else if err != nil {
		return m, false, unreadable(uint64(slot), err)
	}
	b, order := page[headSize:], binary.NativeEndian
	m = meta{page: int64(order.Uint32(b[8:])), root: order.Uint64(b[16:]), free: order.Uint64(b[32:]), end: order.Uint64(b[40:]), txid: order.Uint64(b[48:])}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56]) // never fails
	return m, sum.Sum64() == order.Uint64(b[56:]), nil
}

// newestMeta reads the newest meta page that is whole. Where the first is not, the
// second is looked for at every size that a page can have, as bbolt does.
func newestMeta(file io.ReaderAt) (newest meta, found bool, err error) {
	newest, found, err = readMeta(file, 0, 0)
	least, most := newest.page, newest.page
	if !found {
		newest, least, most = meta{}, 1<<10, 16<<20
	}
	for size := least; err == nil && size > 0 && size <= most; size *= 2 {
		var m meta
		var whole bool
		if m, whole, err = readMeta(file, 1, size); whole && m.txid >= newest.txid {
			newest, found = m, true
		}
	}
	return newest, found, err
}

// complete refuses a file whose end is missing, which bbolt meets as memory that is
// not there, and one that was never a store. It needs no lock: the size is asked for
// after the meta page that counts on it, and a file that another process writes only
// grows.
func complete(file *os.File) error {
	m, found, err := newestMeta(file)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w: the file is no store, or its first pages are lost", store.ErrDamaged)
	}
	info, err := file.Stat()
	if err != nil {
		return unreadable(0, err)
	}
	if have := uint64(info.Size() / max(m.page, 1)); have < m.end {
		return fmt.Errorf("%w: the file was cut: %d of its %d pages are there", store.ErrDamaged, have, m.end)
	}
	return nil
}

// unreadable tells a file that ends too early from a disk that does not read.
func unreadable(page uint64, err error) error {
	if errors.Is(err, io.EOF) {
		return damaged(page, "lies behind the end of the file, which was cut")
	}
	return fmt.Errorf("%w: page %d cannot be read: %w", store.ErrDamaged, page, err)
}

// inspection is one reading of a file, as it is in one transaction.
type inspection struct {
	ctx      context.Context
	file     io.ReaderAt
	pageSize uint64
	meta     meta
	known    []uint64 // a bit for each page that has its place
	value    func(key, value []byte) error
	levels   [deepest][]byte // the page that is looked at on each level
	faulty   error           // the first value that is not what was written
}

// newInspection begins to inspect the file of a transaction, before any other
// commits. Of the meta pages, the one that is not in force is of the commit before,
// and then it does not matter whether it is whole. If it may have been of the
// commit after, which somebody may have been told of, nothing here can be relied
// on.
func newInspection(file io.ReaderAt, tx *bbolt.Tx, value func(key, value []byte) error) (*inspection, error) {
	i := &inspection{file: file, pageSize: uint64(tx.DB().Info().PageSize), value: value}
	txid := uint64(tx.ID())
	now, whole, err := readMeta(file, int64(txid%2), int64(i.pageSize))
	if err != nil {
		return nil, err
	}
	if !whole || now.txid != txid || now.end < 4 || now.end > 1<<40 {
		return nil, damaged(txid%2, "is no meta page any more")
	}
	other, whole, err := readMeta(file, int64(1-txid%2), int64(i.pageSize))
	if err != nil {
		return nil, err
	}
	if !whole && other.txid != txid-1 {
		return nil, damaged(1-txid%2, "is a meta page that is not whole, and may have been that of the last commit")
	}
	i.meta, i.known = now, make([]uint64, now.end/64+1)
	return i, nil
}

// run reads all pages. It returns store.ErrDamaged for pages on which nothing can
// be built, and as faulty what is wrong with a value.
func (i *inspection) run(ctx context.Context) (faulty, err error) {
	i.ctx = ctx
	if err := i.tree(i.meta.root, part{}); err != nil {
		return nil, err
	}
	if err := i.free(); err != nil {
		return nil, err
	}
	for page := uint64(2); page < i.meta.end; page++ {
		if i.known[page/64]>>(page%64)&1 == 0 {
			return nil, damaged(page, "is neither used nor free")
		}
	}
	return i.faulty, nil
}

// place notes that pages are used, each for one thing.
func (i *inspection) place(first, count uint64) error {
	if first < 2 || count > i.meta.end || first+count > i.meta.end {
		return damaged(first, "is beyond the %d pages of the store", i.meta.end)
	}
	for page := first; page < first+count; page++ {
		bit := uint64(1) << (page % 64)
		if i.known[page/64]&bit != 0 {
			return damaged(page, "is used twice")
		}
		i.known[page/64] |= bit
	}
	return nil
}

// read reads a page with those that it runs over into.
func (i *inspection) read(page uint64, into []byte) ([]byte, error) {
	if err := i.place(page, 1); err != nil {
		return nil, err
	}
	if uint64(cap(into)) < i.pageSize {
		into = make([]byte, i.pageSize)
	}
	into = into[:i.pageSize]
	if _, err := i.file.ReadAt(into, int64(page*i.pageSize)); err != nil {
		return nil, unreadable(page, err)
	}
	if id := binary.NativeEndian.Uint64(into); id != page {
		return nil, damaged(page, "says that it is page %d", id)
	}
	over := uint64(binary.NativeEndian.Uint32(into[12:]))
	if over == 0 {
		return into, nil
	}
	if err := i.place(page+1, over); err != nil {
		return nil, err
	}
	whole := make([]byte, (over+1)*i.pageSize)
	if _, err := i.file.ReadAt(whole, int64(page*i.pageSize)); err != nil {
		return nil, unreadable(page, err)
	}
	return whole, nil
}

// part is where a page stands: what is below it are buckets or records, whose keys
// have to be from first on and below end; nil for no bound.
type part struct {
	level      int
	records    bool
	kind       string // first byte of the keys of records; "" for any
	branch     bool   // it stands below a branch, so it has entries
	first, end []byte
}

// tree looks at a page and at all below it.
func (i *inspection) tree(page uint64, at part) error {
	if err := i.ctx.Err(); err != nil {
		return err
	}
	if at.level == deepest {
		return damaged(page, "lies too deep")
	}
	p, err := i.read(page, i.levels[at.level])
	if err != nil {
		return err
	}
	if uint64(len(p)) == i.pageSize {
		i.levels[at.level] = p // to be used again
	}
	return i.elements(page, p, at)
}

// element is an entry of a page.
type element struct {
	flags      uint32
	child      uint64
	key, value []byte
}

// elements looks at the entries of a page: their bytes follow one another without
// a gap, and their keys are in order.
func (i *inspection) elements(page uint64, p []byte, in part) error {
	kind, count := binary.NativeEndian.Uint16(p[8:]), int(binary.NativeEndian.Uint16(p[10:]))
	if kind != branchFlag && kind != leafFlag {
		return damaged(page, "is no page of a tree")
	}
	next := headSize + count*elementSize
	if next > len(p) || count == 0 && (kind == branchFlag || in.branch) {
		return damaged(page, "has %d entries", count)
	}
	at, before := next, []byte(nil)
	current, at, err := entryOf(p, kind, 0, count, at)
	for n := range count {
		if err != nil {
			return fmt.Errorf("%w in page %d", err, page)
		}
		e := current
		upper := in.end
		if n+1 < count {
			if current, at, err = entryOf(p, kind, n+1, count, at); err == nil {
				upper = current.key
			}
		}
		if len(e.key) == 0 || before != nil && bytes.Compare(before, e.key) >= 0 ||
			in.first != nil && bytes.Compare(e.key, in.first) < 0 || in.end != nil && bytes.Compare(e.key, in.end) >= 0 {
			return damaged(page, "has keys that are not in order")
		}
		before = e.key
		if err := i.below(page, kind, e, in, upper); err != nil {
			return err
		}
	}
	return nil
}

// entryOf reads the n-th entry of a page, whose bytes have to begin at a place, and
// tells where they end.
func entryOf(p []byte, kind uint16, n, count, at int) (e element, behind int, err error) {
	if n >= count {
		return e, at, nil
	}
	order, start := binary.NativeEndian, headSize+n*elementSize
	b := p[start : start+elementSize]
	var pos, key, value uint32
	if kind == branchFlag {
		pos, key, e.child = order.Uint32(b), order.Uint32(b[4:]), order.Uint64(b[8:])
	} else {
		e.flags, pos, key, value = order.Uint32(b), order.Uint32(b[4:]), order.Uint32(b[8:]), order.Uint32(b[12:])
	}
	middle := uint64(at) + uint64(key)
	if uint64(start)+uint64(pos) != uint64(at) || middle+uint64(value) > uint64(len(p)) {
		return e, at, fmt.Errorf("%w: entry %d does not follow the one before it", store.ErrDamaged, n)
	}
	e.key, e.value = p[at:middle], p[middle:middle+uint64(value)]
	return e, int(middle) + int(value), nil
}

// below looks at what an entry leads to.
func (i *inspection) below(page uint64, kind uint16, e element, in part, end []byte) error {
	switch {
	case kind == branchFlag:
		return i.tree(e.child, part{level: in.level + 1, records: in.records, kind: in.kind, branch: true, first: e.key, end: end})
	case e.flags == 0 && in.records && in.kind != "" && len(e.value) == 0 && slices.Contains(endMarks[:], string(e.key)):
		return nil
	case e.flags == 0 && in.records && bytes.HasPrefix(e.key, []byte(in.kind)):
		if i.value != nil && i.faulty == nil {
			if err := i.value(e.key, e.value); err != nil {
				i.faulty = fmt.Errorf("a value in page %d: %w", page, err)
			}
		}
		return nil
	case e.flags == bucketFlag && !in.records && len(e.value) >= 16:
		return i.bucket(page, e, in.level+1)
	}
	return damaged(page, "has an entry that is none of ours")
}

// bucket looks at one of ours; while it is small it lies within the entry that
// names it.
func (i *inspection) bucket(page uint64, e element, level int) error {
	in := part{level: level, records: true}
	switch {
	case len(e.key) == 1:
		in.kind = string(e.key)
	case !bytes.Equal(e.key, allKeys) && !bytes.Equal(e.key, manyKinds):
		return damaged(page, "has a bucket that is none of ours")
	}
	if root := binary.NativeEndian.Uint64(e.value); root != 0 {
		return i.tree(root, in)
	}
	inner := e.value[16:]
	if len(inner) < headSize || binary.NativeEndian.Uint16(inner[8:]) != leafFlag {
		return damaged(page, "has a bucket that is none")
	}
	return i.elements(page, bytes.Clone(inner), in)
}

// free looks at the list of free pages: a page in it that is used would be
// written over.
func (i *inspection) free() error {
	page := i.meta.free
	p, err := i.read(page, nil)
	if err != nil {
		return err
	}
	count, ids := uint64(binary.NativeEndian.Uint16(p[10:])), p[headSize:]
	if kind := binary.NativeEndian.Uint16(p[8:]); kind != freeFlag {
		return damaged(page, "is no list of free pages")
	}
	if count == manyFree {
		count, ids = binary.NativeEndian.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids))/8 {
		return damaged(page, "has room for fewer than %d free pages", count)
	}
	for n := range count {
		if err := i.place(binary.NativeEndian.Uint64(ids[8*n:]), 1); err != nil {
			return err
		}
	}
	return nil
}
