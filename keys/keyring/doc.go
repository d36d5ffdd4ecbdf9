// Package keyring keeps the private keys of the issuers of one service in a
// folder: one file a key, sealed with age, readable by the owner alone.
//
// It makes keys only when asked to by Create and Generate. Open never makes
// one: a folder that is missing, empty, damaged, open to others or sealed with
// something else is an error that names the file and says what to do, so that
// an unmounted disk does not become a new issuer. It overwrites no key, and it
// never shows a private key: not in errors, not in logs, not when formatted.
//
// Start at Create and Open; Ring.Issuer gives what an issuer signs with.
package keyring
