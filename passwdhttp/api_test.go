package passwdhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestConfig(t *testing.T) {
	if _, err := passwdhttp.API(passwdhttp.Config{}); err == nil || !strings.Contains(err.Error(), "Config.Service") {
		t.Errorf("without a service: %v", err)
	}
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	if _, err := passwdhttp.API(passwdhttp.Config{Service: s.Service, Challenge: "Bearer\r\nX: y"}); err == nil || !strings.Contains(err.Error(), "Config.Challenge") {
		t.Errorf("challenge of two lines: %v", err)
	}
}

func TestChange(t *testing.T) { // F1, P10
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	session := s.signIn(t, "ada", current)

	s.post(t, "change", map[string]string{"current_password": current, "new_password": next}).want(t, 401, "unauthenticated")
	s.post(t, "change", map[string]string{"current_password": "not this one", "new_password": next}, bearer(session)).want(t, 403, "wrong_password")

	got := s.post(t, "change", map[string]string{"current_password": current, "new_password": "plum quartz 9"}, bearer(session))
	got.want(t, 422, "password_rejected")
	if len(got.problem.Errors) != 1 {
		t.Fatalf("errors: %s", got.Body)
	}
	e := got.problem.Errors[0]
	equal(t, "pointer", e.Pointer, "#/new_password")
	equal(t, "code", e.Code, "too_short")
	equal(t, "params", e.Params, map[string]any{"min": 15.0})
	equal(t, "detail", e.Detail, "Use at least 15 characters.")

	s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(session)).want(t, 204, "")
	if s.opens(t, "ada", current) || !s.opens(t, "ada", next) {
		t.Error("the password is not the new one")
	}
	// I5: the session was stamped with the epoch before.
	s.post(t, "change", map[string]string{"current_password": next, "new_password": current}, bearer(session)).want(t, 401, "unauthenticated")
}

// A store that keeps sessions is told which one asks, and keeps that.
func TestKeepSession(t *testing.T) {
	store := &recordingStore{Store: memstore.New()}
	s := newSite(t, passwd.Config{Store: store}, passwdhttp.Config{})
	s.Kit.Store = store.Store
	s.ada(t)
	session := s.signIn(t, "ada", current)
	s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(session)).want(t, 204, "")
	equal(t, "session", store.last.KeepSession, session)
	s.post(t, "reset", map[string]string{"token": s.link(t, "ada"), "new_password": current}, bearer(session)).want(t, 204, "")
	equal(t, "session after a reset", store.last.KeepSession, "")
}

// A password that could not be stored is 422 as a new one, and as a current one
// simply wrong.
func TestUnusablePasswords(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	session := s.signIn(t, "ada", current)
	for name, tc := range map[string]struct{ password, code string }{
		"empty":  {"", "too_short"},
		"long":   {strings.Repeat("x", 4097), "too_long"},
		"NUL":    {"sixteen chars or\x00more", "invalid_encoding"},
		"U+FFFD": {"sixteen chars or\ufffdmore", "invalid_encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.post(t, "change", map[string]string{"current_password": current, "new_password": tc.password}, bearer(session))
			got.want(t, 422, "password_rejected")
			equal(t, "violation", got.problem.Errors[0].Code, tc.code)
			s.post(t, "change", map[string]string{"current_password": tc.password, "new_password": next}, bearer(session)).want(t, 403, "wrong_password")
		})
	}
}

func TestRenew(t *testing.T) { // S1
	var s *site
	fail := error(nil)
	s = newSite(t, passwd.Config{}, passwdhttp.Config{
		Renew: func(w http.ResponseWriter, r *http.Request, written passwd.Written) error {
			if fail != nil {
				return fail
			}
			s.sessions["renewed"] = passwdhttp.Principal{Account: written.Account, Epoch: written.Epoch}
			w.Header().Set("X-Session", "renewed")
			return nil
		},
	})
	s.ada(t)
	got := s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(s.signIn(t, "ada", current)))
	got.want(t, 204, "")
	equal(t, "header", got.Header().Get("X-Session"), "renewed")
	s.post(t, "check", map[string]string{"password": "whatever it is"}, bearer("renewed")).want(t, 200, "")

	// The password has been changed whatever becomes of the session.
	fail = errors.New("session store is down")
	s.post(t, "change", map[string]string{"current_password": next, "new_password": current}, bearer("renewed")).want(t, 204, "")
	if !s.opens(t, "ada", current) {
		t.Error("the password is not the new one")
	}
	if e := s.Events.Named(passwd.EventAfterWriteFailed); len(e) != 1 || e[0].Reason != "renew" || !errors.Is(e[0].Err, fail) {
		t.Errorf("events %+v", e)
	}
}

// Who must change their password may, with a session as with a ticket; who is
// suspended or closed has none.
func TestWhoMayChange(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	ada := s.ada(t)
	session := s.signIn(t, "ada", current)
	change := map[string]string{"current_password": current, "new_password": next}

	if err := s.Store.Update(ada, func(a *passwd.Account) { a.Disabled = true }); err != nil {
		t.Fatal(err)
	}
	s.post(t, "change", change, bearer(session)).want(t, 401, "unauthenticated")
	if err := s.Store.Update(ada, func(a *passwd.Account) { a.Disabled, a.Must = false, passwd.Compromised }); err != nil {
		t.Fatal(err)
	}
	s.post(t, "change", change, bearer(session)).want(t, 401, "unauthenticated")
	if err := s.Store.Update(ada, func(a *passwd.Account) { a.Must = passwd.Expired }); err != nil {
		t.Fatal(err)
	}
	s.post(t, "change", change, bearer(session)).want(t, 204, "")
}

func TestChangeRequired(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	ticket := s.ticket(t, s.ada(t), "ada", current)
	s.post(t, "change-required", map[string]string{"ticket": ticket, "new_password": "brief"}).want(t, 422, "password_rejected")
	s.post(t, "change-required", map[string]string{"ticket": ticket, "new_password": next}).want(t, 204, "")
	s.post(t, "change-required", map[string]string{"ticket": ticket, "new_password": current}).want(t, 422, "invalid_token")
	if !s.opens(t, "ada", next) {
		t.Error("the password is not the new one")
	}
	s.post(t, "change-required", map[string]string{"ticket": s.link(t, "ada"), "new_password": current}).want(t, 422, "invalid_token")
}

func TestReset(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	got := s.post(t, "forgot", map[string]string{"login": "ada@example.com"})
	got.want(t, 202, "")
	equal(t, "body", got.Body.String(), `{"detail":"If we found an account, we’ve sent a message."}`+"\n")
	token := string(s.Deliver(t)[0].Token)

	s.post(t, "reset/check", map[string]string{"token": token}).want(t, 204, "")
	s.post(t, "reset/check", map[string]string{"token": strings.Repeat("x", 43)}).want(t, 422, "invalid_token")
	s.post(t, "reset/check", map[string]string{"token": ""}).want(t, 422, "invalid_token")
	s.post(t, "reset", map[string]string{"token": token, "new_password": "brief"}).want(t, 422, "password_rejected") // I4: burns nothing
	s.post(t, "reset", map[string]string{"token": token, "new_password": next}).want(t, 204, "")
	s.post(t, "reset", map[string]string{"token": token, "new_password": current}).want(t, 422, "invalid_token")
	s.post(t, "reset/check", map[string]string{"token": token}).want(t, 422, "invalid_token")
	if !s.opens(t, "ada", next) {
		t.Error("the password is not the new one")
	}

	expired := s.link(t, "ada")
	s.Clock.Advance(time.Hour)
	s.post(t, "reset", map[string]string{"token": expired, "new_password": current}).want(t, 422, "invalid_token")
}

func TestCode(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	got := s.post(t, "forgot/code", map[string]string{"login": "15550000001"})
	got.want(t, 202, "")
	request := got.member(t, "request_id")
	sent := s.Deliver(t)
	equal(t, "channel", sent[0].Channel, passwd.SMSChannel)
	code := string(sent[0].Code)
	wrong := "00000000"
	if code == wrong {
		wrong = "00000001"
	}

	s.post(t, "reset/code", map[string]string{"request_id": request, "code": wrong}).want(t, 422, "invalid_token")
	s.post(t, "reset/code", map[string]string{"request_id": strings.Repeat("x", 43), "code": code}).want(t, 422, "invalid_token")
	got = s.post(t, "reset/code", map[string]string{"request_id": request, "code": "\u2068" + inArabicDigits(code[:4]) + "–" + code[4:] + "\u2069"})
	got.want(t, 200, "")
	token := got.member(t, "token")
	s.post(t, "reset/code", map[string]string{"request_id": request, "code": code}).want(t, 422, "invalid_token")
	s.post(t, "reset", map[string]string{"token": token, "new_password": next}).want(t, 204, "")

	// A fresh request for every login, known or not, and one answer to all codes.
	seen := map[string]bool{}
	for _, login := range []string{"ada@example.com", "ada@example.com", "nobody@example.com"} {
		id := s.post(t, "forgot/code", map[string]string{"login": login}).member(t, "request_id")
		if seen[id] || len(id) != len(request) {
			t.Errorf("request_id %q", id)
		}
		seen[id] = true
	}
	unknown := s.post(t, "forgot/code", map[string]string{"login": "nobody@example.com"}).member(t, "request_id")
	a := s.post(t, "reset/code", map[string]string{"request_id": unknown, "code": code})
	a.want(t, 422, "invalid_token")
	b := s.post(t, "reset/code", map[string]string{"request_id": request, "code": code})
	equal(t, "answers", a.Body.String(), b.Body.String())
}

func TestCancel(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(s.signIn(t, "ada", current))).want(t, 204, "")
	token := tokenOf(t, s.Deliver(t)[0].Link)
	s.post(t, "cancel", map[string]string{"token": strings.Repeat("x", 43)}).want(t, 422, "invalid_token")
	s.post(t, "cancel", map[string]string{"token": s.link(t, "ada")}).want(t, 422, "invalid_token")
	s.post(t, "cancel", map[string]string{"token": token}).want(t, 204, "")
	if s.opens(t, "ada", next) {
		t.Error("the thief's password still opens the account")
	}
	s.post(t, "cancel", map[string]string{"token": token}).want(t, 422, "invalid_token")
}

// What is accepted but may not be meant is pointed out, in the language asked for.
func TestCheckNotes(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	s.ada(t)
	session := s.signIn(t, "ada", current)
	got := s.post(t, "check", map[string]string{"password": "Quite-Good-Enough-7 \u200b"}, bearer(session))
	got.want(t, 200, "")
	equal(t, "body", got.Body.String(), `{"ok":true,"violations":[],"score":3,"notes":[`+
		`{"code":"invisible","detail":"The password contains an invisible character."}]}`+"\n")
	got = s.post(t, "check", map[string]string{"password": "Quite-Good-Enough-7 "}, bearer(session), header("Accept-Language", "de"))
	equal(t, "body", got.Body.String(), `{"ok":true,"violations":[],"score":3,"notes":[`+
		`{"code":"ends_with_space","detail":"Das Passwort endet mit einem Leerzeichen."}]}`+"\n")
}

func TestCheck(t *testing.T) {
	s := newSite(t, passwd.Config{Policy: pwpolicy.Conventional(), Limits: passwd.Limits{Checks: passwd.Limit{Free: 6, Window: time.Minute}}}, passwdhttp.Config{})
	ada := s.ada(t)
	session := s.signIn(t, "ada", current)
	token := s.link(t, "ada")

	s.post(t, "check", map[string]string{"password": next}).want(t, 401, "unauthenticated")
	s.post(t, "check", map[string]string{"password": next, "token": ""}, bearer(session)).want(t, 422, "invalid_token")
	s.post(t, "check", map[string]string{"password": next, "token": strings.Repeat("x", 43)}).want(t, 422, "invalid_token")
	s.post(t, "check", map[string]string{"password": next, "token": token, "ticket": token}).want(t, 400, "malformed_request")
	s.post(t, "check", map[string]string{"password": next, "ticket": ""}).want(t, 422, "invalid_token")

	got := s.post(t, "check", map[string]string{"password": "Good-Enough-7"}, bearer(session))
	got.want(t, 200, "")
	equal(t, "body", got.Body.String(), `{"ok":true,"violations":[],"score":2,"advice":[`+
		`{"code":"add_words","detail":"Add another word or two, preferably uncommon ones."},`+
		`{"code":"avoid_common","detail":"Avoid common passwords, single words and names."}]}`+"\n")
	got = s.post(t, "check", map[string]string{"password": "83174925", "token": token})
	got.want(t, 200, "")
	var body struct {
		OK         bool
		Violations []struct {
			Code, Detail string
			Params       map[string]any
		}
	}
	if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	codes := []string{}
	for _, v := range body.Violations {
		codes = append(codes, v.Code)
		if v.Detail == "" || v.Params == nil {
			t.Errorf("violation %+v", v)
		}
	}
	equal(t, "violations", codes, []string{"numeric", "missing_class", "missing_class", "missing_class"})
	equal(t, "ok", body.OK, false)
	// The current password is none of its business: it cannot be guessed by it.
	equal(t, "current", s.post(t, "check", map[string]string{"password": current, "token": token}).Body.String(), `{"ok":true,"violations":[],"score":4}`+"\n")
	s.post(t, "check", map[string]string{"password": next, "ticket": s.ticket(t, ada, "ada", current)}).want(t, 200, "")

	s.post(t, "check", map[string]string{"password": next, "token": token}).want(t, 200, "")
	s.post(t, "check", map[string]string{"password": next}, bearer(session)).want(t, 200, "")
	s.post(t, "check", map[string]string{"password": next}, bearer(session)).want(t, 429, "rate_limited")
	s.post(t, "reset", map[string]string{"token": token, "new_password": "Good-Enough-7"}).want(t, 204, "") // spent by nothing before
}

func TestPolicy(t *testing.T) {
	tenants := func(r *http.Request) string { return r.Header.Get("X-Tenant") }
	atBakery := func(r *http.Request) { r.Header.Set("X-Tenant", "bakery") }
	bakery, err := pwpolicy.New(pwpolicy.Length{Min: 8}, pwpolicy.Classes{Upper: 1, Lower: 1, Digit: 1, Symbol: 1}, pwpolicy.NotNumeric{}, pwpolicy.NotLogin{})
	if err != nil {
		t.Fatal(err)
	}
	policyFor := func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
		if a.Ref.Tenant == "bakery" {
			return bakery, nil
		}
		return pwpolicy.NIST(), nil
	}
	s := newSite(t, passwd.Config{PolicyFor: policyFor}, passwdhttp.Config{Tenant: tenants})
	s.ada(t)
	got := s.do(t, request("GET", "policy", "", atBakery), nil)
	got.want(t, 200, "")
	equal(t, "tenant", got.Body.String(), `{"requirements":[`+
		`{"code":"too_short","params":{"min":8},"detail":"At least 8 characters."},`+
		`{"code":"missing_class","params":{"class":"upper","min":1},"detail":"At least one uppercase letter."},`+
		`{"code":"missing_class","params":{"class":"lower","min":1},"detail":"At least one lowercase letter."},`+
		`{"code":"missing_class","params":{"class":"digit","min":1},"detail":"At least one digit."},`+
		`{"code":"missing_class","params":{"class":"symbol","min":1},"detail":"At least one special character."},`+
		`{"code":"numeric","params":{},"detail":"Not only digits."},`+
		`{"code":"same_as_login","params":{},"detail":"Not your username, email address or phone number."}],`+
		`"passwordrules":"minlength: 8; required: upper; required: lower; required: digit; required: special; allowed: ascii-printable;"}`+"\n")

	mine := s.do(t, request("GET", "policy", "", bearer(s.signIn(t, "ada", current))), nil)
	equal(t, "account", mine.member(t, "passwordrules"), "minlength: 15; allowed: ascii-printable;")
	elsewhere := s.do(t, request("GET", "policy", "", bearer(s.signIn(t, "ada", current)), atBakery), nil)
	equal(t, "session of another tenant", elsewhere.Body.String(), got.Body.String())
	equal(t, "ended session", s.do(t, request("GET", "policy", "", bearer("session-99"), atBakery), nil).Body.String(), got.Body.String())
	equal(t, "HEAD", s.do(t, request("HEAD", "policy", ""), nil).Code, 200)
}

func TestTenant(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{Tenant: func(*http.Request) string { return "bakery" }})
	s.ada(t) // of no tenant
	s.Add(t, passwd.Account{Ref: passwd.Ref{Tenant: "bakery", ID: "b1"}, Username: "baker", Email: "baker@example.com"}, current)
	s.post(t, "forgot", map[string]string{"login": "ada@example.com"}).want(t, 202, "")
	equal(t, "messages to another tenant", len(s.Deliver(t)), 0)
	s.post(t, "forgot", map[string]string{"login": "baker@example.com"}).want(t, 202, "")
	equal(t, "messages", len(s.Deliver(t)), 1)
	s.post(t, "forgot/code", map[string]string{"login": "baker@example.com"}).want(t, 202, "")
	equal(t, "codes", len(s.Deliver(t)), 1)
}

// Without Authenticate nobody is ever signed in.
func TestNobody(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	h, err := passwdhttp.API(passwdhttp.Config{Service: s.Service, Challenge: `Session realm="shop"`})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = recorded(h)
	s.ada(t)
	got := s.post(t, "change", map[string]string{"current_password": current, "new_password": next}, bearer(s.signIn(t, "ada", current)))
	got.want(t, 401, "unauthenticated")
	equal(t, "challenge", got.Header().Get("WWW-Authenticate"), `Session realm="shop"`)
	s.post(t, "reset", map[string]string{"token": s.link(t, "ada"), "new_password": next}).want(t, 204, "")
	s.do(t, request("GET", "policy", ""), nil).want(t, 200, "")
}
