// Package backup writes a store as one stream of bytes, and reads it back: the
// one form that every backend can be copied from and to.
//
// A backup begins with a line that names its format, and goes on in parts: a
// manifest, the files that belong to the store, its records in ascending order
// of keys, and an end with the totals and a SHA-256 over all before. So one that
// was cut short has no end, one that was changed another digest, and nothing may
// follow. Records keep their own checksums (store.Seal), which are looked at
// when they are written and when they are read. The digest finds damage and
// says nothing about who made a backup.
//
// A backup may be encrypted with age, to recipients or with a passphrase; it is
// then a file as the age command reads and writes it.
//
// What is deleted is in no backup, as only a snapshot's live records are.
// Memory does not grow with the store.
//
// Start at NewWriter and Read.
package backup
