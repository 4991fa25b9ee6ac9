package passwdhttp

import (
	_ "embed"
	"net/http"
	"strconv"

	"github.com/passwd-go/passwd/internal/endpoint"
)

//go:embed openapi.json
var openAPI []byte

// document serves the OpenAPI document of the API to whoever asks. It is the same
// wherever the API is mounted: its server is relative to where it is.
func document(f *endpoint.Face, doc []byte) http.Handler {
	return endpoint.Get(f,
		func(http.ResponseWriter, *http.Request) ([]byte, error) { return doc, nil },
		func(w http.ResponseWriter, _ *http.Request, doc []byte) {
			h := w.Header()
			h.Set("Content-Type", "application/json")
			h.Set("Content-Length", strconv.Itoa(len(doc)))
			h.Set("Cache-Control", "public, max-age=3600") // there is no secret in it, and an update may take an hour
			w.Write(doc)
		})
}
