package passwdhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/passwd-go/passwd"
)

// Envelope is a shape of the host's own for the errors of the API, in the place of
// problems (RFC 9457). Status and headers stay. The zero Envelope is problems.
type Envelope struct {
	// Of makes the body of an error, which must have a JSON form. It is called
	// concurrently.
	Of func(*http.Request, APIError) any
	// Schema is the JSON schema of what Of returns, an object: the OpenAPI document that
	// the API serves has it for every error. If nil, any value.
	Schema json.RawMessage
	// MediaType is that of the body. If "", application/json.
	MediaType string
}

// APIError is an error as the API answers it. Code, Status and what is in Errors but for
// Detail are API; title and details are for people, in the language of the request.
type APIError struct {
	Status        int
	Code          passwd.Code
	Title, Detail string
	Errors        []APIFieldError // what is wrong with the fields, or with the new password
	Ticket        passwd.Token    // of a sign-in that has to change its password first, else ""
}

// APIFieldError is one of several things that are wrong with a request.
type APIFieldError struct {
	Pointer string // RFC 6901, of the field in the request
	Code    string
	Detail  string
	Params  map[string]any // never nil
}

// String returns "[redacted]", as Format, LogValue and MarshalText do: there may be a
// ticket. Its fields are read one by one.
func (APIError) String() string               { return "[redacted]" }
func (APIError) Format(f fmt.State, _ rune)   { io.WriteString(f, "[redacted]") }
func (APIError) LogValue() slog.Value         { return slog.StringValue("[redacted]") }
func (APIError) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// apiError is a problem as a host gets it.
func (p problem) apiError() APIError {
	e := APIError{Status: p.Status, Code: p.Code, Title: p.Title, Detail: p.Detail, Ticket: passwd.Token(p.Ticket)}
	for _, one := range p.Errors {
		e.Errors = append(e.Errors, APIFieldError(one))
	}
	return e
}

// body is what a problem is sent as.
func (e Envelope) body(r *http.Request, p problem) (mediaType string, body any) {
	if e.Of == nil {
		return "application/problem+json", p
	}
	return e.mediaType(), e.Of(r, p.apiError())
}

func (e Envelope) mediaType() string {
	if e.MediaType == "" {
		return "application/json"
	}
	return e.MediaType
}

func (e Envelope) validate() error {
	if e.Of == nil {
		if e.Schema != nil || e.MediaType != "" {
			return errors.New("passwdhttp: Config.Envelope has no Of")
		}
		return nil
	}
	if media, _, err := mime.ParseMediaType(e.mediaType()); err != nil || !strings.Contains(media, "/") {
		return errors.New("passwdhttp: Config.Envelope.MediaType is no media type")
	}
	if e.Schema != nil {
		var schema map[string]any
		if err := json.Unmarshal(e.Schema, &schema); err != nil || schema == nil {
			return errors.New("passwdhttp: Config.Envelope.Schema is no JSON schema: it must be an object")
		}
	}
	return nil
}

// document is the OpenAPI document with the host's errors in it.
func (e Envelope) document() ([]byte, error) {
	if e.Of == nil {
		return openAPI, nil
	}
	var doc map[string]any
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		return nil, err
	}
	schema := any(map[string]any{})
	if e.Schema != nil {
		schema = e.Schema
	}
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	schemas["Problem"] = schema
	delete(schemas, "ProblemError") // which nothing else refers to
	e.replace(doc)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(doc)
	return out.Bytes(), err
}

// replace puts the host's media type and schema into the place of each problem.
func (e Envelope) replace(node any) {
	switch node := node.(type) {
	case map[string]any:
		if _, is := node["application/problem+json"]; is {
			delete(node, "application/problem+json")
			node[e.mediaType()] = map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Problem"}}
		}
		for _, child := range node {
			e.replace(child)
		}
	case []any:
		for _, child := range node {
			e.replace(child)
		}
	}
}
