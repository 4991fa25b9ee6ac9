package passwdhttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// Errors have the host's shape everywhere, with status and headers as before, and the
// document that is served says so.
func TestEnvelope(t *testing.T) {
	cfg := passwdhttp.Config{Envelope: passwdhttp.Envelope{
		Of: func(r *http.Request, e passwdhttp.APIError) any {
			reasons := []string{}
			for _, one := range e.Errors {
				reasons = append(reasons, one.Pointer+" "+one.Code)
			}
			return map[string]any{"error": map[string]any{"type": e.Code, "message": e.Detail, "path": r.URL.Path, "reasons": reasons}}
		},
		Schema:    json.RawMessage(`{"type": "object", "required": ["error"], "properties": {"error": {"type": "object"}}}`),
		MediaType: "application/vnd.example+json",
	}}
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	cfg.Service, cfg.Authenticate = s.Service, s.authenticate
	own, err := passwdhttp.API(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string, edits ...func(*http.Request)) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		own.ServeHTTP(w, request(method, path, body, edits...))
		return w
	}
	s.ada(t)
	session := s.signIn(t, "ada", current)
	for _, tc := range []struct {
		path, body string
		edits      []func(*http.Request)
		status     int
		want       string
	}{
		{"change", `{"current_password":"x","new_password":"y"}`, nil, 401, `"type":"unauthenticated"`},
		{"change", `{"current_password":"` + current + `","new_password":"short"}`, []func(*http.Request){bearer(session)}, 422, `"reasons":["#/new_password too_short`},
		{"change", `{"current_password":1}`, []func(*http.Request){bearer(session)}, 400, `"#/new_password missing"`},
		{"nothing", `{}`, nil, 404, `"path":"` + base + `/api/v1/nothing"`},
	} {
		w := ask("POST", tc.path, tc.body, tc.edits...)
		if w.Code != tc.status || w.Header().Get("Content-Type") != "application/vnd.example+json" || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s: %d %s: %s", tc.path, w.Code, w.Header(), w.Body)
		}
		if tc.status == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Error("no challenge")
		}
	}

	doc := ask("GET", "openapi.json", "").Body.String()
	if strings.Contains(doc, "problem+json") || !strings.Contains(doc, `"application/vnd.example+json"`) || !strings.Contains(doc, `"required": [`+"\n") || strings.Contains(doc, "ProblemError") {
		t.Error("the document has problems")
	}
	for name, bad := range map[string]passwdhttp.Envelope{
		"no function":    {MediaType: "application/json"},
		"a schema alone": {Schema: json.RawMessage(`{}`)},
		"no schema":      {Of: cfg.Envelope.Of, Schema: json.RawMessage(`[]`)},
		"no JSON":        {Of: cfg.Envelope.Of, Schema: json.RawMessage(`{`)},
		"no media type":  {Of: cfg.Envelope.Of, MediaType: "json"},
	} {
		if _, err := passwdhttp.API(passwdhttp.Config{Service: s.Service, Envelope: bad}); err == nil || !strings.Contains(err.Error(), "Config.Envelope") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
