// Package auditlog keeps the audit records of the service in a Merkle tree
// (RFC 6962 section 2.1), so that others can hold us to what we once showed
// them: whoever kept a checkpoint can tell that nothing before it was changed,
// removed or slipped in, and a record with its inclusion proof shows that it
// was there when the checkpoint was signed.
//
// An entry is written with Put, in the same Update as the change that it
// tells of, and counts nothing, so writers never wait for each other. A
// sequencer (Log.Run) gives entries their places afterwards and signs a
// checkpoint (C2SP tlog-checkpoint, signed note). Several may run on one store:
// the size of the tree is read and written in one serializable Update, so that
// of two which append at once one is told to begin anew.
//
// The package refuses to sign a tree that is shorter than one it signed, and to
// prove what no checkpoint covers. It knows nothing of what its entries say;
// personal data has to be kept out of them, because nothing here is ever
// removed.
//
// Start at Log.
package auditlog
