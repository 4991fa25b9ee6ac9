package main

import (
	"net/http"
	"testing"
)

// The app's own pages and API take the app's own cookie and bearer. A token of a wire
// format is good for what its format says, and a session token of format 3 for a new
// JWT alone.
func TestTokensOfFormatsOpenNothingElse(t *testing.T) {
	s := serve(t)
	grant := s.ask("/api/token", jsonType, object("grant_type", "password", "client_id", bakeryClient, "device_name", "d",
		"device_id", "d", "username", "example@domain.com", "password", "Old-Bread-and-Butter-9")).field("access_token")
	stays := s.ask("/api/auth/changePasswordAfterSignin", jsonType, `{"username":"st.huber","old_password":"Password1234!",`+
		`"new_password":"SaverPassword1234!","stay_logged_in":true}`).field("session_token")
	own := s.signIn("", "ada", "Analytical-Engine-1843")
	for _, c := range []struct {
		name, token   string
		whoami, opens bool
	}{
		{"the app's bearer", own, true, true},
		{"format 1's access token", grant, true, false},
		{"format 3's session token", stays, false, false},
	} {
		if c.token == "" {
			t.Fatal("there is no token: ", c.name)
		}
		if got := s.alive(c.token); got != c.whoami {
			t.Errorf("%s: whoami knows it: %v", c.name, got)
		}
		status := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[c.opens]
		check := object("password", "short")
		for carrier, r := range map[string]reply{
			"bearer": s.ask(mount+"/api/v1/check", jsonType, check, "Authorization", "Bearer "+c.token),
			"cookie": s.ask(mount+"/api/v1/check", jsonType, check, "Cookie", cookieName+"="+c.token),
		} {
			if r.status != status {
				t.Errorf("%s as %s: %d %s, want %d", c.name, carrier, r.status, r.body, status)
			}
		}
	}
}
