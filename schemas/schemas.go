// Package schemas holds the JSON-LD contexts and JSON Schemas that Open Badges
// build on, as tables of facts: which term stands for which IRI, which class
// has which properties. The tables are text in a layout of our own (contexts/
// and classes.tbl, explained in table.go), built into the program, and read
// once. Nothing is ever fetched.
//
// From the tables come three views: Go values for compilers and validators
// (ContextTable, Classes), JSON-LD context documents (ContextDocument) and JSON
// Schema documents (Schema). They equal the published files in meaning, not in
// bytes; the tests compare them with the publishers' files and keep digests of
// what was compared.
//
// The package refuses to guess: a context is found by its exact URL or not at
// all, and a table with anything unknown in it does not parse. It validates no
// document itself.
//
// Start at contexts/ob-3.0.3.tbl and classes.tbl, then at ContextTable and
// Schema.
package schemas
