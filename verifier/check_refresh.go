package verifier

import "context"

// checkRefresh tells whether the issuer declares a place for newer editions.
// It is not asked here.
func checkRefresh(_ context.Context, s *subject) Finding {
	if !s.doc.Root().Get("refreshService").Exists() {
		return skipped(NoRefresh)
	}
	f := skipped(NotRefreshed)
	f.Pointer = "/refreshService"
	return f
}
