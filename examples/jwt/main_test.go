package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

const next = "Difference-Engine-1822"

// A change of the password ends the tokens of other devices, and that of the device
// which makes it is replaced.
func TestChange(t *testing.T) {
	k := start(t)
	phone, laptop := k.signIn(password), k.signIn(password)
	k.wantMe("phone", phone, http.StatusOK)
	k.wantMe("laptop", laptop, http.StatusOK)

	if renewed, status := k.change(phone, "not my password", next); status != http.StatusForbidden || renewed != "" {
		t.Errorf("with a wrong password: status %d, and a token: %t", status, renewed != "")
	}
	k.wantMe("laptop, when nothing has changed", laptop, http.StatusOK)

	renewed, status := k.change(phone, password, next)
	if status != http.StatusNoContent {
		t.Fatalf("change: status %d", status)
	}
	k.wantMe("laptop", laptop, http.StatusUnauthorized)
	k.wantMe("phone, with what it had", phone, http.StatusUnauthorized)
	k.wantMe("phone, with what it got", renewed, http.StatusOK)
	if _, status := k.change(laptop, next, password); status != http.StatusUnauthorized {
		t.Errorf("change by the laptop: status %d", status)
	}
	if status, _ := k.do("POST", "/tokens", "", credentials(password)); status != http.StatusUnauthorized {
		t.Errorf("with the old password: status %d", status)
	}
	k.wantMe("laptop, signed in again", k.signIn(next), http.StatusOK)
}

// Who must change the password may do nothing else.
func TestMustChange(t *testing.T) {
	k := start(t)
	token := k.signIn(password)
	if err := k.service.RequireChange(t.Context(), passwd.RequireChange{Account: ada, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	k.wantMe("the token", token, http.StatusForbidden)
	if status, body := k.do("POST", "/tokens", "", credentials(password)); status != http.StatusForbidden || !strings.Contains(body, "password_change_required") {
		t.Errorf("sign-in: status %d, %s", status, body)
	}
	renewed, status := k.change(token, password, next)
	if status != http.StatusNoContent {
		t.Errorf("change: status %d", status)
	}
	k.wantMe("the next token", renewed, http.StatusOK)
}

// A token ends by its time, by Revoke, and not a moment later.
func TestEnds(t *testing.T) {
	k := start(t)
	token := k.signIn(password)
	k.clock.Advance(ttl - time.Second)
	k.wantMe("right before its end", token, http.StatusOK)
	k.clock.Advance(time.Second)
	k.wantMe("at its end", token, http.StatusUnauthorized)

	token = k.signIn(password)
	if _, err := k.service.Revoke(t.Context(), passwd.Revoke{Account: ada}); err != nil {
		t.Fatal(err)
	}
	k.wantMe("revoked", token, http.StatusUnauthorized)
}

// What only looks like a token of ours is none.
func TestForged(t *testing.T) {
	k := start(t)
	good := claims{}
	if _, _, err := jwt.NewParser().ParseUnverified(k.signIn(password), &good); err != nil {
		t.Fatal(err)
	}
	forever, foreign := good, good
	forever.ExpiresAt = nil
	foreign.Issuer = "https://elsewhere.example"
	for name, f := range map[string]struct {
		method jwt.SigningMethod
		claims claims
		key    any
		want   int
	}{
		"ours":           {jwt.SigningMethodHS256, good, k.key, http.StatusOK},
		"unsigned":       {jwt.SigningMethodNone, good, jwt.UnsafeAllowNoneSignatureType, http.StatusUnauthorized},
		"another key":    {jwt.SigningMethodHS256, good, []byte("not the key of the app, but as long"), http.StatusUnauthorized},
		"another method": {jwt.SigningMethodHS512, good, k.key, http.StatusUnauthorized},
		"for ever":       {jwt.SigningMethodHS256, forever, k.key, http.StatusUnauthorized},
		"another issuer": {jwt.SigningMethodHS256, foreign, k.key, http.StatusUnauthorized},
	} {
		token, err := jwt.NewWithClaims(f.method, f.claims).SignedString(f.key)
		if err != nil {
			t.Fatal(err)
		}
		k.wantMe(name, token, f.want)
	}
	k.wantMe("nothing", "", http.StatusUnauthorized)
}

// The program serves what it prints.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		defer out.Close()
		ended <- run(ctx, out)
	}()
	lines := bufio.NewScanner(in)
	var origin string
	for origin == "" && lines.Scan() {
		fmt.Sscanf(lines.Text(), "curl %s", &origin)
	}
	go io.Copy(io.Discard, in)
	res, err := http.Post(origin, "application/json", strings.NewReader(credentials(password)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d", origin, res.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

var ada = passwd.Ref{ID: "7"}

type kit struct {
	*app
	t     *testing.T
	url   string
	clock *passwdtest.Clock
}

func start(t *testing.T) *kit {
	t.Helper()
	k := &kit{t: t, clock: passwdtest.NewClock()}
	var err error
	if k.app, err = newApp(t.Context(), "https://app.example.com/account/password", k.clock.Now); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(k.handler)
	t.Cleanup(srv.Close)
	k.url = srv.URL
	return k
}

func credentials(password string) string {
	return fmt.Sprintf(`{"login": "ada", "password": %q}`, password)
}

func (k *kit) signIn(password string) string {
	k.t.Helper()
	status, body := k.do("POST", "/tokens", "", credentials(password))
	var reply struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil || status != http.StatusOK {
		k.t.Fatalf("sign-in: status %d (%v)", status, err)
	}
	return reply.Token
}

func (k *kit) wantMe(who, token string, want int) {
	k.t.Helper()
	if got, _ := k.do("GET", "/me", token, ""); got != want {
		k.t.Errorf("%s: status %d, want %d", who, got, want)
	}
}

func (k *kit) change(token, current, next string) (renewed string, status int) {
	k.t.Helper()
	res := k.send("POST", "/account/password/api/v1/change", token, fmt.Sprintf(`{"current_password": %q, "new_password": %q}`, current, next))
	res.Body.Close()
	return res.Header.Get("Access-Token"), res.StatusCode
}

func (k *kit) do(method, path, token, body string) (int, string) {
	k.t.Helper()
	res := k.send(method, path, token, body)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (k *kit) send(method, path, token, body string) *http.Response {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), method, k.url+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	return res
}
