package postgres

// Groups tells of a key, or of the prefix of a Scan, to which group of keys it
// belongs: the beginning that all of the group share. It is nil for those that
// belong to none. What is a part of a group's name only belongs to no group or to
// another one, so a prefix stands for a group if it is longer than its name.
//
// A group is locked as a whole where an Update is settled that read or wrote any
// of its keys, so that a Scan of them is held up by nobody but who changes one of
// them. A Scan of keys that have no group holds up all. Groups are for small sets
// of keys to which seldom two add in the same moment, such as all about one
// person.
type Groups func(key []byte) (group []byte)

// Group has the store keep groups. It is for the time before it is in use, and
// every process on the database does the same.
func (db *DB) Group(by Groups) { db.groups = by }
