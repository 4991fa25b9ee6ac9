package passwdhttp_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// posts are the endpoints that take a body, with fields that must not matter to
// what the tests below try.
var posts = []struct {
	path   string
	fields []string
}{
	{"change", []string{"current_password", "new_password"}},
	{"change-required", []string{"ticket", "new_password"}},
	{"forgot", []string{"login"}},
	{"forgot/code", []string{"login"}},
	{"reset", []string{"token", "new_password"}},
	{"reset/check", []string{"token"}},
	{"reset/code", []string{"request_id", "code"}},
	{"invitation", []string{"token", "new_password"}},
	{"invitation/check", []string{"token"}},
	{"cancel", []string{"token"}},
	{"check", []string{"password"}},
	{"signin", []string{"login", "password"}},
	{"devices/end", []string{"id"}},
	{"signup/check", []string{"password"}},
}

const filler = "planted-secret-value"

// object makes a JSON object in which fields have the filler as value, but for
// one that has another.
func object(fields []string, field, value string) string {
	var members []string
	for _, f := range fields {
		v := fmt.Sprintf("%q", filler)
		if f == field {
			v = value
		}
		if v != "" {
			members = append(members, fmt.Sprintf("%q:%s", f, v))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func TestBadInput(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	session := s.signIn(t, "ada", current)
	planted := map[string]string{"": filler}
	for _, p := range posts {
		whole := object(p.fields, "", "")
		bad := map[string]string{
			"nothing":          "",
			"null":             "null",
			"array":            "[" + whole + "]",
			"string":           `"` + filler + `"`,
			"unclosed":         strings.TrimSuffix(whole, "}"),
			"trailing comma":   strings.TrimSuffix(whole, "}") + ",}",
			"trailing data":    whole + "0",
			"two objects":      whole + whole,
			"unknown field":    strings.TrimSuffix(whole, "}") + `,"` + filler + `":1}`,
			"byte order mark":  "\ufeff" + whole,
			"form":             "new_password=" + filler,
			"invalid UTF-8":    strings.Replace(whole, filler, filler+"\xff", 1),
			"lone surrogate":   strings.Replace(whole, filler, filler+`\ud800`, 1),
			"nested too deep":  strings.Repeat(`{"a":`, 2000),
			"nested in a list": strings.Repeat("[", 8000) + strings.Repeat("]", 8000),
		}
		for _, f := range p.fields {
			bad[f+" missing"] = object(p.fields, f, "")
			bad[f+" null"] = object(p.fields, f, "null")
			bad[f+" number"] = object(p.fields, f, "12345678")
			bad[f+" boolean"] = object(p.fields, f, "true")
			bad[f+" list"] = object(p.fields, f, `["`+filler+`"]`)
			bad[f+" object"] = object(p.fields, f, `{"`+f+`":"`+filler+`"}`)
			bad[f+" twice"] = strings.TrimSuffix(whole, "}") + fmt.Sprintf(",%q:%q}", f, filler)
			bad[f+" twice, escaped"] = strings.TrimSuffix(whole, "}") + fmt.Sprintf(`,"\u%04x%s":%q}`, f[0], f[1:], filler)
			bad[f+" in capitals"] = strings.Replace(whole, `"`+f+`"`, `"`+strings.ToUpper(f)+`"`, 1)
		}
		t.Run(p.path, func(t *testing.T) {
			for name, body := range bad {
				t.Run(name, func(t *testing.T) {
					before := len(s.Events.Named(passwd.EventInputRejected))
					r := request("POST", p.path, body, bearer(session), header("Content-Type", "application/json"))
					s.do(t, r, planted).want(t, 400, "malformed_request")
					events := s.Events.Named(passwd.EventInputRejected)[before:]
					if len(events) != 1 || events[0].Reason != "malformed_request" || events[0].Client.Addr.String() != "192.0.2.7" {
						t.Errorf("events %+v", events)
					}
				})
			}
		})
	}
	if s.opens(t, "ada", filler) {
		t.Error("a malformed request changed the password")
	}
}

// Which fields do not fit is told, by the names that the API gives them.
func TestFieldErrors(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{SignUp: true})
	for _, tt := range []struct {
		path, body string
		want       map[string]string
	}{
		{"change", `{"current_password":null}`, map[string]string{"#/current_password": "null", "#/new_password": "missing"}},
		{"forgot", `{"login":"ada","email":"ada@example.com"}`, map[string]string{"#/email": "unknown"}},
		{"forgot", `{"email":"ada@example.com"}`, map[string]string{"#/login": "missing", "#/email": "unknown"}},
		{"reset", `{"token":"x","newPassword":"x"}`, map[string]string{"#/new_password": "missing", "#/newPassword": "unknown"}},
		{"signup/check", `{"password":"x","user":"ada"}`, map[string]string{"#/user": "unknown"}},
		{"change", `{"current_password":"x","new_password":"x","Analytical-Engine-1843":1}`, map[string]string{"#": "unknown"}},
		{"check", `{"password":"x","token":"x","ticket":"x"}`, map[string]string{"#/token": "exclusive", "#/ticket": "exclusive"}},
		{"check", `{"password":"x","cookie":"session"}`, map[string]string{"#/cookie": "not_allowed"}},
		{"policy", `{"invitation":"x","ticket":"x"}`, map[string]string{"#/invitation": "exclusive", "#/ticket": "exclusive"}},
		{"policy", `{}`, map[string]string{"#/token": "missing"}},
	} {
		got := s.do(t, request("POST", tt.path, tt.body), nil)
		got.want(t, 400, "malformed_request")
		found := map[string]string{}
		for _, e := range got.problem.Errors {
			found[e.Pointer] = e.Code
		}
		equal(t, tt.path+" "+tt.body, found, tt.want)
	}
}

// A login that cannot be one is malformed, whoever exists.
func TestBadLogin(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, path := range []string{"forgot", "forgot/code"} {
		for _, login := range []string{"", "   ", "a\x00dmin", strings.Repeat("a", 513)} {
			s.post(t, path, map[string]string{"login": login}).want(t, 400, "malformed_request")
		}
	}
}

func TestTooLarge(t *testing.T) { // H7
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, p := range posts {
		exact := object(p.fields, "", "")
		exact += strings.Repeat(" ", 16<<10-len(exact))
		if got := s.do(t, request("POST", p.path, exact), nil); got.Code == 413 {
			t.Errorf("%s: 16 KiB are too large", p.path)
		}
		s.do(t, request("POST", p.path, exact+" "), nil).want(t, 413, "too_large")
	}
	for _, path := range []string{"policy", "devices/end-others", "signout"} {
		s.do(t, request("POST", path, "{"+strings.Repeat(" ", 16<<10)+"}"), nil).want(t, 413, "too_large")
	}
	if events := s.Events.Named(passwd.EventInputRejected); !slices.ContainsFunc(events, func(e passwd.Event) bool { return e.Reason == "too_large" }) {
		t.Errorf("events %+v", events)
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "post"} {
		for _, p := range posts {
			got := s.do(t, request(method, p.path, object(p.fields, "", "")), nil)
			got.want(t, 405, "method_not_allowed")
			equal(t, "Allow of "+p.path, got.Header().Get("Allow"), "POST")
		}
	}
	for path, allowed := range map[string]string{"policy": "GET, HEAD, POST", "devices": "GET, HEAD", "devices/end-others": "POST", "signout": "POST"} {
		for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS"} {
			got := s.do(t, request(method, path, "{}"), nil)
			got.want(t, 405, "method_not_allowed")
			equal(t, "Allow of "+path, got.Header().Get("Allow"), allowed)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, p := range posts {
		body := object(p.fields, "", "")
		for _, contentType := range []string{
			"", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
			"application/json-patch+json", "application/problem+json", "application", "application/json; charset=utf-16",
			"application/json; charset=latin1", "application/json, text/plain", ";", "*/*",
		} {
			r := request("POST", p.path, body, header("Content-Type", contentType))
			got := s.do(t, r, nil)
			got.want(t, 415, "unsupported_media_type")
			equal(t, "Accept", got.Header().Get("Accept"), "application/json")
		}
		for name, edit := range map[string]func(*http.Request){
			"none": func(r *http.Request) { r.Header.Del("Content-Type") },
			"two":  func(r *http.Request) { r.Header["Content-Type"] = []string{"application/json", "text/plain"} },
		} {
			if got := s.do(t, request("POST", p.path, body, edit), nil); got.Code != 415 {
				t.Errorf("%s: content types: %s: %d", p.path, name, got.Code)
			}
		}
	}
	for _, contentType := range []string{"application/json", "Application/JSON", "application/json; charset=UTF-8", `application/json;charset="utf-8"`} {
		s.do(t, request("POST", "forgot", `{"login":"ada@example.com"}`, header("Content-Type", contentType)), nil).want(t, 202, "")
	}
}

func TestNotFound(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, path := range []string{
		api, api + "nothing", api + "change/", api + "Change", base + "/api/v2/change", base + "/api/", base + "/api/v1", api + "policy/x",
	} {
		for _, method := range []string{"GET", "POST"} {
			s.do(t, request(method, path, "{}"), nil).want(t, 404, "not_found")
		}
	}
}

// W2: a browser that another site makes send something is refused, with valid
// JSON in a text/plain form as well; what is not a browser passes.
func TestCrossOrigin(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	session := s.signIn(t, "ada", current)
	body := map[string]string{"current_password": current, "new_password": next}
	for name, edit := range map[string]func(*http.Request){
		"cross-site":   header("Sec-Fetch-Site", "cross-site"),
		"same-site":    header("Sec-Fetch-Site", "same-site"),
		"nonsense":     header("Sec-Fetch-Site", "nonsense"),
		"other origin": header("Origin", "https://evil.example"),
		"null origin":  header("Origin", "null"),
		"lookalike":    header("Origin", "https://example.com.evil.example"),
	} {
		t.Run(name, func(t *testing.T) {
			before := len(s.Events.Named(passwd.EventCrossOriginRejected))
			s.post(t, "change", body, bearer(session), edit).want(t, 403, "cross_origin")
			s.post(t, "change", body, bearer(session), edit, header("Content-Type", "text/plain")).want(t, 403, "cross_origin")
			equal(t, "events", len(s.Events.Named(passwd.EventCrossOriginRejected))-before, 2)
		})
	}
	if !s.opens(t, "ada", current) {
		t.Fatal("a refused request changed the password")
	}
	s.do(t, request("GET", "policy", "", header("Sec-Fetch-Site", "cross-site")), nil).want(t, 200, "")
	for _, edit := range []func(*http.Request){
		header("Sec-Fetch-Site", "same-origin"), header("Sec-Fetch-Site", "none"), header("Origin", "https://example.com"), // Host of httptest
	} {
		s.post(t, "forgot", map[string]string{"login": "ada@example.com"}, edit).want(t, 202, "")
	}
}

// The host's own instance decides, with its trusted origins.
func TestCrossOriginOfHost(t *testing.T) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin("https://spa.example"); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, passwd.Config{}, passwdhttp.Config{CrossOrigin: protection})
	for origin, status := range map[string]int{"https://spa.example": 202, "https://evil.example": 403} {
		got := s.post(t, "forgot", map[string]string{"login": "ada@example.com"}, header("Origin", origin), header("Sec-Fetch-Site", "cross-site"))
		equal(t, origin, got.Code, status)
	}
}

// What stands in the URL is no input: it would be in logs.
func TestQueryIsIgnored(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	token := s.link(t, "ada")
	s.do(t, request("POST", "reset?token="+token+"&new_password=different+engine+no.+9", "{}"), nil).want(t, 400, "malformed_request")
	s.post(t, "reset?token=x&new_password=different+engine+no.+9", map[string]string{"token": token, "new_password": next}).want(t, 204, "")
	if !s.opens(t, "ada", next) {
		t.Error("the password is not that of the body")
	}
}

// W1: whoever opens a link, reads its headers or prefetches it spends nothing.
func TestGetSpendsNothing(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	token := s.link(t, "ada")
	for range 5 {
		for _, p := range posts {
			for _, method := range []string{"GET", "HEAD"} {
				s.do(t, request(method, p.path+"?token="+token, ""), nil).want(t, 405, "method_not_allowed")
				s.do(t, request(method, p.path, `{"token":"`+token+`","new_password":"`+next+`"}`), nil).want(t, 405, "method_not_allowed")
			}
		}
	}
	s.post(t, "reset", map[string]string{"token": token, "new_password": next}).want(t, 204, "")
}

// A body that breaks off is malformed.
func TestBodyBreaksOff(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.do(t, request("POST", "forgot", `{}`, func(r *http.Request) {
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"login":"ada@example.com"}`), iotest.ErrReader(io.ErrUnexpectedEOF)))
	}), nil).want(t, 400, "malformed_request")
}
