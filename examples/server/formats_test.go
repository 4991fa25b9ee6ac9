package main

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// ask sends a request with headers, "name", "value", …
func (s *running) ask(path, contentType, body string, headers ...string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.origin+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return do(s.t, http.DefaultClient, req)
}

func (s *running) wantBody(r reply, status int, body string) {
	s.t.Helper()
	if r.status != status || strings.TrimSpace(r.body) != body {
		s.t.Fatalf("%d %s, want %d %s", r.status, r.body, status, body)
	}
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func TestGrantFormat(t *testing.T) { onEach(t, testGrantFormat) }

func testGrantFormat(t *testing.T, s *running) {
	grant := func(path, device, password string, more ...string) reply {
		return s.ask(path, jsonType, object(append([]string{
			"grant_type", "password", "client_id", bakeryClient, "device_name", "Simon's iPhone", "device_id", device,
			"username", "example@domain.com", "password", password,
		}, more...)...), "X-VERSION", "1.9.0", "Accept-Language", "en-US,en;q=0.5")
	}
	other := grant("/api/token", "other", "Old-Bread-and-Butter-9")
	s.wantBody(grant("/api/change-password", "own", "...", "new_password", "password123"), 400, `{"error":"invalid_grant","error_description":"The credentials or the token are not valid."}`)
	r := grant("/api/change-password", "own", "Old-Bread-and-Butter-9", "new_password", "password123")
	if r.status != http.StatusOK || r.field("token_type") != "Bearer" || r.header.Get("Pragma") != "no-cache" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if !s.alive(r.field("access_token")) || s.alive(other.field("access_token")) {
		t.Error("the change must end the other device's token, and leave its own")
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.field("refresh_token")}}.Encode()
	next := s.ask("/api/token", formType, refresh)
	if next.status != http.StatusOK || !s.alive(next.field("access_token")) {
		t.Fatalf("refresh: %d %s", next.status, next.body)
	}
	if again := s.ask("/api/token", formType, refresh); again.status != http.StatusBadRequest || s.alive(next.field("access_token")) {
		t.Errorf("a spent refresh token must end the family: %d %s", again.status, again.body)
	}
}

func TestProfileFormat(t *testing.T) { onEach(t, testProfileFormat) }

func testProfileFormat(t *testing.T, s *running) {
	form := func(path, bearer string, fields ...string) reply {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for i := 0; i < len(fields); i += 2 {
			if err := w.WriteField(fields[i], fields[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return s.ask("/profile/v1/user/"+path, w.FormDataContentType(), body.String(), "apikey", "demo-apikey", "Authorization", "Bearer "+bearer)
	}
	const done = `{"status_code":200,"errors":{},"data":{}}`
	bearer := s.signIn("profile", "alice", "Wonder!and-1865")
	s.wantBody(form("profile/change-password/", bearer, "old_password", "wrong", "new_password", "Looking-Glass-71", "confirm_password", "Looking-Glass-71"),
		401, `{"status_code":401,"errors":{"detail":["Your old password was entered incorrectly. Please enter it again."]},"data":{}}`)
	s.wantBody(form("profile/change-password/", bearer, "old_password", "Wonder!and-1865", "new_password", "1234567", "confirm_password", "1234567"),
		400, `{"status_code":400,"errors":{"password":["Your password must contain at least 8 characters.","Your password can't be a commonly used password.","Your password can't be entirely numeric.","Your password must contain at least one capital letter, small letter, number and special character."]},"data":{}}`)
	s.wantBody(form("profile/change-password/", bearer, "old_password", "Wonder!and-1865", "new_password", "Looking-Glass-71", "confirm_password", "Looking-Glass-71"), 200, done)
	if !s.alive(bearer) {
		t.Error("the bearer that made the change is dead")
	}
	s.wantBody(form("forgot-password/", "", "email", "shared@example.com"), 200, done)
	if m := s.mail("shared@example.com", "shared_address", 1); m.Token != "" || !strings.Contains(m.Text, "There is multiple users") {
		t.Errorf("%+v", m)
	}
	s.wantBody(form("forgot-password/", "", "email", "alice"), 200, done)
	m := s.mail("alice@example.com", "reset_link", 1)
	s.wantBody(form("forgot-password-submit/", "", "user", m.User+"x", "token", m.Token, "new_password", "Red-Queen's-Race-2"),
		400, `{"status_code":400,"errors":{"token":["The token is invalid. Enter the correct token that send to your email."]},"data":{}}`)
	s.wantBody(form("forgot-password-submit/", "", "user", m.User, "token", m.Token, "new_password", "Red-Queen's-Race-2"), 200, done)
	s.signIn("profile", "alice", "Red-Queen's-Race-2")
}

func TestSignInFormat(t *testing.T) { onEach(t, testSignInFormat) }

func testSignInFormat(t *testing.T, s *running) {
	body := object("username", "st.huber", "old_password", "Password1234!", "new_password", "SaverPassword1234!", "session_information", "Firefox: 69; Mobile: true;")
	stay := strings.TrimSuffix(body, "}") + `,"stay_logged_in":true}`
	const path = "/api/auth/changePasswordAfterSignin"
	if r := s.ask(path, jsonType, strings.TrimSuffix(body, "}")+",}"); r.status != http.StatusBadRequest || r.field("error_code") != "malformed_request" {
		t.Errorf("a trailing comma: %d %s", r.status, r.body)
	}
	r := s.ask(path, jsonType, stay)
	if r.status != http.StatusOK || len(r.field("session_token")) != 64 || !s.alive(r.field("token")) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	in := s.ask("/api/auth/IamLoggedIn", jsonType, object("session_token", r.field("session_token")))
	if in.status != http.StatusAccepted || !s.alive(in.field("token")) {
		t.Errorf("%d %s", in.status, in.body)
	}
	s.wantBody(s.ask(path, jsonType, stay), 400, `{"msg":"Username or password is wrong","error_code":"username_or_password_incorrect"}`)
	for name, want := range map[[2]string]string{
		{"calm.user", "Nothing-To-Change-5"}: "no_password_change_needed_for_user",
		{"new.user", "Not-Yet-Active-5"}:     "not_activated",
	} {
		if r := s.ask(path, jsonType, object("username", name[0], "old_password", name[1], "new_password", "SaverPassword1234!")); r.field("error_code") != want {
			t.Errorf("%s: %s", name[0], r.body)
		}
	}
	reset := s.post(api+"forgot", "", "login", "nobody")
	s.want(reset, http.StatusAccepted, "")
}

func TestRemindFormat(t *testing.T) {
	t.Parallel()
	for _, reveal := range []bool{false, true} {
		args := []string{}
		if reveal {
			args = append(args, "-reveal")
		}
		s := serve(t, args...)
		app := s.ask("/v1/oauth/token", formType, "grant_type=client_credentials&client_id=demo-app&client_secret=demo-secret").field("access_token")
		send := func(path string, fields url.Values) reply {
			return s.ask(path, formType, fields.Encode(), "Authorization", "Bearer "+app)
		}
		unknown := send("/v1/password/remind", url.Values{"email": {"nobody@teen-quotes.com"}})
		if want := map[bool]string{false: "reminder_sent", true: "wrong_user"}[reveal]; unknown.field("status") != want {
			t.Errorf("reveal %t: %d %s", reveal, unknown.status, unknown.body)
		}
		s.wantBody(send("/v1/password/remind", url.Values{"email": {"testuser@teen-quotes.com"}}), 200, `{"status":"reminder_sent","success":"An email was sent to the user."}`)
		m := s.mail("testuser@teen-quotes.com", "reset_link", 1)
		s.wantBody(send("/v1/password/reset", url.Values{"email": {"testuser@teen-quotes.com"}, "token": {m.Token}, "password": {"azert"}}),
			400, `{"status":"wrong_password","error":"The password is wrong.","violations":[{"code":"too_short","message":"Use at least 6 characters.","params":{"min":6}}]}`)
		s.wantBody(send("/v1/password/reset", url.Values{"email": {"testuser@teen-quotes.com"}, "token": {m.Token}, "password": {"azerty"}}),
			200, `{"status":"password_reset","success":"The new password has been set."}`)
	}
}

func TestBrandFormat(t *testing.T) { onEach(t, testBrandFormat) }

func testBrandFormat(t *testing.T, s *running) {
	call := func(path string, more ...string) reply {
		return s.ask("/auth/v1/"+path, jsonType, object(append([]string{"identifierType", "MOBILE", "identifierValue", "919999922332", "deviceId", "123456785"}, more...)...))
	}
	token := func(path, brand, password string) string {
		r := call(path, "brand", brand, "password", password)
		_, rest, _ := strings.Cut(r.body, `"token":"`)
		value, _, _ := strings.Cut(rest, `"`)
		if r.status != http.StatusOK || value == "" {
			t.Fatalf("%s: %d %s", path, r.status, r.body)
		}
		return value
	}
	const done = `{"status":{"success":true,"code":200,"message":"SUCCESS"}}`
	mobile := token("password/validate", "DOCDEMO", "abc123")
	change := []string{"brand", "DocDemo", "token", mobile, "password", "abc123", "newPassword", "Qwerty12345", "confirmPassword", "Qwerty12345"}
	if r := call("web/password/change", change...); r.status != http.StatusUnauthorized {
		t.Errorf("a mobile token on the web route: %d %s", r.status, r.body)
	}
	s.wantBody(call("password/change", change...), 200, done)
	if r := call("password/change", change...); r.status != http.StatusUnauthorized {
		t.Errorf("the token of an earlier epoch: %d %s", r.status, r.body)
	}
	web := token("web/password/validate", "DocDemo", "Qwerty12345")
	s.wantBody(call("web/password/change", "brand", "DocDemo", "token", web, "password", "Qwerty12345", "newPassword", "abc123", "confirmPassword", "abc123"), 200, done)
	if r := call("password/validate", "brand", "NoPassword", "password", "abc123"); r.status != http.StatusForbidden {
		t.Errorf("a brand without passwords: %d %s", r.status, r.body)
	}
	token("password/validate", "OtherBrand", "Other-Brand-Pass-1")
}
