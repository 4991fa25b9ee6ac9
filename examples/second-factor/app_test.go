package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
)

const next = "Difference-Engine-1822"

// The password alone gives nothing; with the code it gives a session.
func TestSignIn(t *testing.T) {
	k := start(t)
	k.want("without a code", k.signIn("ada", password, ""), http.StatusForbidden, "code=second_factor_required")
	k.want("with a wrong code", k.signIn("ada", password, "000000"), http.StatusForbidden, "code=second_factor_required")
	k.want("with a wrong password and the code", k.signIn("ada", next, k.code()), http.StatusUnauthorized, "code=wrong_credentials")
	code := k.code()
	in := k.want("with the code", k.signIn("ada", password, code), http.StatusOK, "access_token", "refresh_token")
	k.want("with the same code again", k.signIn("ada", password, code), http.StatusForbidden, "code=second_factor_required")
	k.want("by who has no second factor", k.signIn("grace", password, ""), http.StatusOK, "access_token", "refresh_token")

	k.want("change", k.api("change", in["access_token"], "current_password", password, "new_password", next), http.StatusNoContent)
	k.want("change by nobody", k.api("change", "", "current_password", password, "new_password", next), http.StatusUnauthorized, "code=unauthenticated")
}

// Who must change the password gets a ticket for that: after the code, not before.
func TestMustChange(t *testing.T) {
	k := start(t)
	if err := k.service.RequireChange(t.Context(), passwd.RequireChange{Account: ada.Ref, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	k.want("without a code", k.signIn("ada", password, ""), http.StatusForbidden, "code=second_factor_required")
	in := k.want("with the code", k.signIn("ada", password, k.code()), http.StatusForbidden, "code=password_change_required", "ticket")
	k.want("change", k.api("change-required", "", "ticket", in["ticket"], "new_password", next), http.StatusNoContent)
	k.want("with the new password alone", k.signIn("ada", next, ""), http.StatusForbidden, "code=second_factor_required")
	k.clock.Advance(30 * time.Second)
	k.want("with it and the next code", k.signIn("ada", next, k.code()), http.StatusOK, "access_token", "refresh_token")
}

// A reset proves that somebody reads the mail, and no more than that.
func TestReset(t *testing.T) {
	k := start(t)
	k.want("forgot", k.api("forgot", "", "login", "ada"), http.StatusAccepted, "detail")
	link, err := url.Parse(k.delivered().Link)
	if err != nil {
		t.Fatal(err)
	}
	k.want("reset", k.api("reset", "", "token", link.Query().Get("token"), "new_password", next), http.StatusNoContent)
	k.want("with the new password alone", k.signIn("ada", next, ""), http.StatusForbidden, "code=second_factor_required")
	k.want("with the code as well", k.signIn("ada", next, k.code()), http.StatusOK, "access_token", "refresh_token")
}

// No published format gives a session for a password alone, whatever the account's
// state; what it says is what it says to a wrong password.
func TestFormats(t *testing.T) {
	k := start(t)
	grant := func(email, password string) []string {
		return []string{"grant_type", "password", "client_id", "old app", "device_id", "1", "device_name", "phone", "username", email, "password", password}
	}
	for _, must := range []passwd.Reason{passwd.NoReason, passwd.Administrator} {
		for _, who := range []passwd.Account{ada, grace} {
			if must == passwd.NoReason {
				break
			}
			if err := k.service.RequireChange(t.Context(), passwd.RequireChange{Account: who.Ref}); err != nil {
				t.Fatal(err)
			}
		}
		for path, body := range map[string][]string{
			"/grant/token":                    grant(ada.Email, password),
			"/grant/change-password":          append(grant(ada.Email, password), "new_password", next),
			"/auth/changePasswordAfterSignin": {"username", "ada", "old_password", password, "new_password", next, "session_information", "phone"},
		} {
			got := k.post(path, "", body...)
			if got.status != http.StatusBadRequest || slices.ContainsFunc(slices.Collect(maps.Keys(got.body)), func(name string) bool { return strings.Contains(name, "token") }) {
				t.Errorf("%s for ada, who must change the password: %q; status %d, %v", path, must, got.status, got.body)
			}
		}
		k.want("the password is still", k.signIn("ada", password, ""), http.StatusForbidden, "code=second_factor_required")
	}
	// The same requests are good for who has no second factor.
	k.want("grace", k.post("/auth/changePasswordAfterSignin", "", "username", "grace", "old_password", password, "new_password", next, "session_information", "phone"), http.StatusOK, "token")
	k.want("grace", k.post("/grant/token", "", grant(grace.Email, next)...), http.StatusOK, "access_token", "expires_in", "refresh_token", "token_type")
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
	var url, code string
	for lines := bufio.NewScanner(in); code == "" && lines.Scan(); {
		fmt.Sscanf(lines.Text(), "curl -i %s", &url)
		if _, rest, found := strings.Cut(lines.Text(), `"code": "`); found {
			code, _, _ = strings.Cut(rest, `"`)
		}
	}
	go io.Copy(io.Discard, in)
	for body, want := range map[string]int{
		fmt.Sprintf(`{"login": "ada", "password": %q}`, password):                   http.StatusForbidden,
		fmt.Sprintf(`{"login": "ada", "password": %q, "code": %q}`, password, code): http.StatusOK,
	} {
		res, err := http.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("status %d, want %d", res.StatusCode, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

type kit struct {
	*app
	t     *testing.T
	url   string
	clock *passwdtest.Clock
	mail  passwdtest.Mailbox
}

func start(t *testing.T) *kit {
	t.Helper()
	k := &kit{t: t, clock: passwdtest.NewClock()}
	store := memstore.New()
	var err error
	k.app, err = newApp(store, map[passwd.Ref][]byte{ada.Ref: []byte("12345678901234567890")}, "https://app.example.com/account/password", &k.mail, k.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []passwd.Account{ada, grace} {
		if err := register(t.Context(), k.service, store, who, password); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.service.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(k.handler)
	t.Cleanup(srv.Close)
	k.url = srv.URL
	return k
}

// code is what ada's authenticator shows now.
func (k *kit) code() string { return k.factors.code(k.clock.Now()) }

// delivered has the worker work, and returns the one message that it has sent.
func (k *kit) delivered() passwd.Message {
	k.t.Helper()
	before := len(k.mail.All())
	if _, err := k.service.Work(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	sent := k.mail.All()[before:]
	if len(sent) != 1 {
		k.t.Fatalf("%d messages, want 1", len(sent))
	}
	return sent[0]
}

type answer struct {
	status int
	body   map[string]string
}

func (k *kit) signIn(login, password, code string) answer {
	k.t.Helper()
	return k.post("/sign-in", "", "login", login, "password", password, "code", code)
}

func (k *kit) api(path, token string, fields ...string) answer {
	k.t.Helper()
	return k.post("/account/password/api/v1/"+path, token, fields...)
}

// post sends a JSON object of these names and values.
func (k *kit) post(path, token string, fields ...string) answer {
	k.t.Helper()
	body := map[string]string{}
	for pair := range slices.Chunk(fields, 2) {
		body[pair[0]] = pair[1]
	}
	data, err := json.Marshal(body)
	if err != nil {
		k.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(k.t.Context(), "POST", k.url+path, strings.NewReader(string(data)))
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
	defer res.Body.Close()
	got := answer{res.StatusCode, map[string]string{}}
	var members map[string]any
	if err := json.NewDecoder(res.Body).Decode(&members); err != nil && err != io.EOF {
		k.t.Fatal(err)
	}
	for name, value := range members {
		got.body[name] = fmt.Sprint(value)
	}
	return got
}

// want checks an answer: its status, and its members, by name or as name=value. Of a
// problem (RFC 9457) the code alone counts.
func (k *kit) want(what string, got answer, status int, members ...string) map[string]string {
	k.t.Helper()
	if got.body["type"] != "" {
		got.body = map[string]string{"code": got.body["code"]}
	}
	fits := got.status == status && len(got.body) == len(members)
	for _, m := range members {
		name, value, exact := strings.Cut(m, "=")
		has, there := got.body[name]
		fits = fits && there && (!exact || has == value)
	}
	if !fits {
		k.t.Errorf("%s: status %d with %v, want %d with %v", what, got.status, slices.Sorted(maps.Keys(got.body)), status, members)
	}
	return got.body
}
