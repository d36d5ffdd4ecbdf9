package feed

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"laurel/store"
)

// The layout in the store; every value is sealed with a checksum:
//
//	wh/h/<hook>               Hook
//	wh/c/<hook>               place in the audit log of the next entry to look at
//	wh/b/<hook>               sequences of the entries of before it that have not been passed yet; absent without any
//	wh/d/<hook>/<seq>         Delivery
//	wh/q/<hook>/<due>/<seq>   present while the delivery is pending; <due> is its Next, in 16 hexadecimal digits of milliseconds
func hookKey(id string) []byte            { return []byte("wh/h/" + id) }
func progressKey(id string) []byte        { return []byte("wh/c/" + id) }
func beforeKey(id string) []byte          { return []byte("wh/b/" + id) }
func deliveryKey(hook, seq string) []byte { return []byte("wh/d/" + hook + "/" + seq) }
func queuePrefix(hook string) []byte      { return []byte("wh/q/" + hook + "/") }
func queueKey(hook string, d *Delivery) []byte {
	return fmt.Appendf(nil, "wh/q/%s/%016x/%s", hook, max(0, d.Next.UnixMilli()), d.Event)
}

// parseQueueKey is what stands in a key of the queue; store.ErrDamaged.
func parseQueueKey(k []byte) (hook, seq string, due time.Time, err error) {
	parts := strings.Split(string(k), "/")
	if len(parts) != 5 {
		return "", "", due, fmt.Errorf("%s: %w", k, store.ErrDamaged)
	}
	millis, err := strconv.ParseInt(parts[3], 16, 64)
	if err != nil {
		return "", "", due, fmt.Errorf("%s: %w", k, store.ErrDamaged)
	}
	return parts[2], parts[4], time.UnixMilli(millis), nil
}

// get reads a record; store.ErrNotFound.
func get(r store.Reader, k []byte, into any) error {
	v, err := r.Get(k)
	if err != nil {
		return err
	}
	return store.UnsealJSON(k, v, into)
}

// find is get for what may not be there.
func find(r store.Reader, k []byte, into any) (found bool, err error) {
	err = get(r, k, into)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// putBefore keeps what of before a hook has not been passed yet.
func putBefore(tx store.Tx, hook string, seqs []string) error {
	if len(seqs) == 0 {
		return tx.Delete(beforeKey(hook))
	}
	return store.PutJSON(tx, beforeKey(hook), seqs)
}

// putDelivery writes a delivery as it has become, and its place in the queue.
func putDelivery(tx store.Tx, hook string, was time.Time, d *Delivery) error {
	if !was.IsZero() {
		if err := tx.Delete(queueKey(hook, &Delivery{Event: d.Event, Next: was})); err != nil {
			return err
		}
	}
	d.Next = d.Next.Truncate(time.Millisecond)
	if d.State == Pending {
		k := queueKey(hook, d)
		if err := tx.Put(k, store.Seal(k, nil)); err != nil {
			return err
		}
	}
	return store.PutJSON(tx, deliveryKey(hook, d.Event), d)
}
