package wire_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/passwd-go/passwd/wire"
)

// The documents of the formats that a host has mounted, beside them.
func ExampleGrant_OpenAPI() {
	mux := http.NewServeMux()
	for name, format := range map[string]interface{ OpenAPI() []byte }{
		"grant":  wire.Grant{Base: "/api"},
		"remind": wire.Remind{Base: "/v1"},
	} {
		document := format.OpenAPI()
		mux.HandleFunc("GET /openapi/"+name+".json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(document)
		})
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/openapi/grant.json", nil))
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"servers": [{"url":"/api"}]`))
	// Output: 200 true
}
