package api

import (
	_ "embed"
	"net/http"

	"laurel/api/wire"
)

// document describes every route for programs (OpenAPI 3.1). A test holds it
// against the route table, both ways, and against what is really answered.
//
//go:embed openapi.json
var document []byte

// openAPI answers GET /openapi.json.
func openAPI(w http.ResponseWriter, r *http.Request) error {
	wire.ServeCached(w, r, "application/json", wire.Revalidate, document)
	return nil
}
