package endpoint

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// Empty replies with a status and no body.
func Empty[Out any](status int) func(http.ResponseWriter, *http.Request, Out) {
	return func(w http.ResponseWriter, _ *http.Request, _ Out) { w.WriteHeader(status) }
}

// JSON replies with a status and the JSON form of what was called for.
func JSON[Out any](status int, contentType string) func(http.ResponseWriter, *http.Request, Out) {
	return func(w http.ResponseWriter, _ *http.Request, out Out) { WriteJSON(w, status, contentType, out) }
}

// WriteJSON replies with the JSON form of v, which must have one. Characters
// that matter in HTML stay as they are: no reply is HTML, and nosniff says so.
func WriteJSON(w http.ResponseWriter, status int, contentType string, v any) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // the parameters of a host's rule are not what pwpolicy.Violation allows
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	w.Write(body.Bytes())
}
