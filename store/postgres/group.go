package postgres

// Groups tells of a key to which group of keys it belongs: the beginning that all
// of the group share. It is nil for those that belong to none. Of the prefix of a
// Scan it tells to which group all keys belong that begin so, nil where not all of
// them do, as where the prefix is the beginning of a group's name.
//
// A group is locked as a whole where an Update is settled that read or wrote any
// of its keys, so that a Scan of them is held up by nobody but who changes one of
// them. A Scan of keys that have no group holds up all. Groups are for small sets
// of keys to which seldom two add in the same moment, such as all about one
// person.
type Groups func(key []byte, prefix bool) (group []byte)

// Group has the store keep groups. It is for the time before it is in use, and
// every process on the database does the same.
func (db *DB) Group(by Groups) { db.groups = by }
