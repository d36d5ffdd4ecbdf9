// Package badge is the vocabulary of the house: what an Open Badges 3.0
// credential is, as exact bytes (Document) with typed views for reading.
//
// A badge is bytes. A struct goes out once, through NewDocument, and is never
// marshalled again; what comes in is parsed once and only read. Nothing here
// signs, verifies, stores or fetches.
//
// Start at Document; the types of the data model (OB 3.0 appendix B) stand in
// credential.go, faults in errors.go.
package badge
