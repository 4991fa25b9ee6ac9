package wire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/wire"
)

// Every format has a reply to every code, and of a status that suits it.
func TestEveryCodeHasAReply(t *testing.T) {
	for format, statuses := range wire.Statuses() {
		for _, code := range endpoint.Codes() {
			status, known := statuses[code]
			if !known {
				t.Errorf("%s: no reply to %s", format, code)
				continue
			}
			want, fixed := map[passwd.Code]int{
				passwd.CodeRateLimited: 429, passwd.CodeBusy: 503, passwd.CodeUnavailable: 503, passwd.CodeInternal: 500,
				passwd.CodeInvalidRequest: 400, passwd.CodePasswordRejected: 400,
				endpoint.CodeCrossOrigin: 403, endpoint.CodeNotFound: 404, endpoint.CodeMethodNotAllowed: 405,
				endpoint.CodeTooLarge: 413, endpoint.CodeUnsupportedMediaType: 415,
			}[code]
			if status < 400 || fixed && status != want {
				t.Errorf("%s: %s is %d", format, code, status)
			}
		}
		if len(statuses) != len(endpoint.Codes()) {
			t.Errorf("%s: %d rows for %d codes", format, len(statuses), len(endpoint.Codes()))
		}
	}
}

// failingStore makes every call end in one error.
type failingStore struct {
	wiretest.Store
	err *error
}

func (s failingStore) Find(ctx context.Context, l passwd.Login, max int) ([]passwd.Account, error) {
	if *s.err != nil {
		return nil, *s.err
	}
	return s.Store.Find(ctx, l, max)
}

func (s failingStore) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	if *s.err != nil {
		return passwd.TokenRecord{}, *s.err
	}
	return s.Store.Peek(ctx, ref, now)
}

// What comes out of a service in trouble has the shape of the format, as well
// where no request could provoke it, and tells nothing of the cause.
func TestTroubleHasTheShapeOfTheFormat(t *testing.T) {
	for _, f := range formats {
		for _, cause := range []error{
			passwd.ErrConflict, passwd.ErrBusy, passwd.ErrOutcomeUnknown, passwd.ErrUnavailable,
			context.DeadlineExceeded, fmt.Errorf("dial 10.0.0.1: refused"),
		} {
			var fail error
			w := wiretest.New(t, func(t testing.TB, a ...passwd.Account) wiretest.Store {
				return failingStore{open(t, a...), &fail}
			}, wiretest.Options{})
			r := f.request(t, w, f.wrong)
			fail = cause
			got := w.Do(r)
			f.checkError(t, got)
			if got.Code < 400 || strings.Contains(got.Body.String(), "10.0.0.1") {
				t.Errorf("%s: %v: %d %s", f.name, cause, got.Code, got.Body)
			}
			if (got.Header().Get("Retry-After") != "") != (got.Code == 503) {
				t.Errorf("%s: %v: %d with Retry-After %q", f.name, cause, got.Code, got.Header().Get("Retry-After"))
			}
		}
	}
}

// error_description has no character that RFC 6749 §5.2 excludes.
func TestDescriptionsAreASCII(t *testing.T) {
	for _, text := range wire.GrantTexts() {
		for _, r := range text {
			if text == "" || r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
				t.Errorf("%q", text)
			}
		}
	}
}

// format is what tests want to know of a format: a route, a body that is well
// formed and refused, and the members that its errors have.
type format struct {
	name, path  string
	contentType string
	wrong       string // well formed, refused for its credentials or token
	header      func(t testing.TB, w *wiretest.World, h http.Header)
	members     func(v map[string]any) bool
}

func (f format) request(t testing.TB, w *wiretest.World, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", f.path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if f.header != nil {
		f.header(t, w, r.Header)
	}
	return r
}

// checkError checks the shape of an error, and the headers of every reply.
func (f format) checkError(t testing.TB, got *httptest.ResponseRecorder) {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %d %q: %v", f.name, got.Code, got.Body, err)
	}
	if !f.members(body) {
		t.Errorf("%s: %d %s", f.name, got.Code, got.Body)
	}
	h := got.Header()
	if h.Get("Content-Type") != f.contentType || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %d: headers %v", f.name, got.Code, h)
	}
	if (h.Get("WWW-Authenticate") != "") != (got.Code == 401) || (h.Get("Allow") != "") != (got.Code == 405) {
		t.Errorf("%s: %d: headers %v", f.name, got.Code, h)
	}
}

func text(v any) bool { s, ok := v.(string); return ok && s != "" }

const utf8JSON = "application/json; charset=utf-8"

var formats = []format{
	{
		name: "grant", path: "/api/change-password", contentType: utf8JSON,
		wrong:   `{"grant_type":"password","client_id":"client-2","device_name":"d","device_id":"d","username":"example@domain.com","password":"wrong","new_password":"password123"}`,
		members: func(v map[string]any) bool { return text(v["error"]) && text(v["error_description"]) },
	},
	{
		name: "grant token", path: "/api/token", contentType: utf8JSON,
		wrong:   `{"grant_type":"password","client_id":"client-2","device_name":"d","device_id":"d","username":"example@domain.com","password":"wrong"}`,
		members: func(v map[string]any) bool { return text(v["error"]) && text(v["error_description"]) },
	},
	{
		name: "profile", path: "/profile/v1/user/forgot-password-submit", contentType: "application/json",
		wrong: `{"user":"AAAAAAAAAAAAAAAAAAAAAA","token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","new_password":"Looking-Gl4ss"}`,
		header: func(_ testing.TB, _ *wiretest.World, h http.Header) {
			h.Set("apikey", wiretest.APIKey)
		},
		members: envelope,
	},
	{
		name: "signin", path: "/api/auth/changePasswordAfterSignin", contentType: utf8JSON,
		wrong:   `{"username":"st.huber","old_password":"wrong","new_password":"SaverPassword1234!"}`,
		members: func(v map[string]any) bool { return text(v["msg"]) && text(v["error_code"]) },
	},
	{
		name: "remind", path: "/v1/password/reset", contentType: utf8JSON,
		wrong: `{"email":"testuser@teen-quotes.com","token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","password":"azerty"}`,
		header: func(t testing.TB, w *wiretest.World, h http.Header) {
			h.Set("Authorization", "Bearer "+application(t, w))
		},
		members: func(v map[string]any) bool { return text(v["status"]) && text(v["error"]) },
	},
	{
		name: "brand", path: "/auth/v1/password/validate", contentType: utf8JSON,
		wrong:   `{"identifierType":"MOBILE","identifierValue":"919999922332","brand":"DocDemo","deviceId":"d","password":"wrong"}`,
		members: brandStatus,
	},
	{
		name: "brand change", path: "/auth/v1/web/password/change", contentType: utf8JSON,
		wrong:   `{"identifierType":"MOBILE","identifierValue":"919999922332","brand":"DocDemo","password":"abc123","newPassword":"b","confirmPassword":"b","token":"wrong"}`,
		members: brandStatus,
	},
}

func envelope(v map[string]any) bool {
	errors, _ := v["errors"].(map[string]any)
	data, ok := v["data"].(map[string]any)
	for _, all := range errors {
		list, _ := all.([]any)
		ok = ok && len(list) > 0 && text(list[0])
	}
	status, _ := v["status_code"].(float64)
	return ok && len(v) == 3 && len(errors) > 0 && len(data) == 0 && status >= 400
}

func brandStatus(v map[string]any) bool {
	status, _ := v["status"].(map[string]any)
	code, _ := status["code"].(float64)
	return code >= 400 && status["success"] == false && text(status["message"])
}

// application returns an access token of the demo application.
func application(t testing.TB, w *wiretest.World) string {
	t.Helper()
	r := httptest.NewRequest("POST", "/v1/oauth/token", strings.NewReader("grant_type=client_credentials&client_id=demo-app&client_secret=demo-secret"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Do(r).Body.Bytes(), &body); err != nil || body.AccessToken == "" {
		t.Fatalf("no application token: %v", err)
	}
	return body.AccessToken
}
