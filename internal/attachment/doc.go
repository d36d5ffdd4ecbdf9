// Package attachment reads the files that are attached to a PDF (ISO 32000-2
// sections 7.11.4 and 14.13), whoever wrote it: from cross-reference tables and
// streams, object streams and incremental updates, wherever in the document an
// attachment hangs.
//
// PDFs come from strangers, so all work and memory is bounded, and nothing is
// guessed: a file that does not keep to its own cross-references is damaged, and
// is not searched for things that look like objects, as readers do each in a way
// of its own. It draws, runs and decrypts nothing.
//
// Start at Files.
package attachment
