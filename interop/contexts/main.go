// Command contexts prints the JSON-LD contexts that Laurel holds, as one JSON
// object of documents by URL, so that programs in other languages can compare
// them with their own. It is part of the interoperability tests and of
// nothing that is shipped; interop/tests/contexts.test.js reads it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"laurel/schemas"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "contexts:", err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	documents := map[string]json.RawMessage{}
	for _, url := range schemas.ContextURLs() {
		document, ok := schemas.ContextDocument(url)
		if !ok {
			return fmt.Errorf("%s is listed and not held", url)
		}
		documents[url] = document
	}
	return json.NewEncoder(w).Encode(documents)
}
