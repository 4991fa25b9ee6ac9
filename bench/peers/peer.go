package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/passwd-go/passwd/bench/peers/app"
)

// peer is an app that is measured.
type peer struct {
	name, origin string
	dialect      dialect
	users        int
	process      *exec.Cmd // nil if it is not ours
	cleanUp      func()
	client       *http.Client
	next         int // the user that the next turn begins with

	mu      sync.Mutex
	of      map[int]*state
	samples map[string][]sample // by flow and clients
}

// state is what the driver knows of one account.
type state struct {
	password string
	header   http.Header // of who is signed in
	id       string
	token    string // of the latest link
	spent    string // of the link before, which an app may go on listing
}

// dialect is how an app is spoken to.
type dialect struct {
	signIn, forgot, reset, change func(login, id, secret, current, next string) (method, path string, body map[string]string)
	scheme                        string // before an access token
}

const api = "/account/password/api/v1/"

// common is what the example server speaks, and package app.
var common = dialect{
	scheme: "Bearer ",
	signIn: func(login, _, _, current, _ string) (string, string, map[string]string) {
		return "POST", "/dev/sign-in", map[string]string{"login": login, "password": current}
	},
	forgot: func(login, _, _, _, _ string) (string, string, map[string]string) {
		return "POST", api + "forgot", map[string]string{"login": login}
	},
	reset: func(_, _, token, _, next string) (string, string, map[string]string) {
		return "POST", api + "reset", map[string]string{"token": token, "new_password": next}
	},
	change: func(_, _, _, current, next string) (string, string, map[string]string) {
		return "POST", api + "change", map[string]string{"current_password": current, "new_password": next}
	},
}

const collection = "/api/collections/users/"

var pocketBase = dialect{
	signIn: func(login, _, _, current, _ string) (string, string, map[string]string) {
		return "POST", collection + "auth-with-password", map[string]string{"identity": login, "password": current}
	},
	forgot: func(login, _, _, _, _ string) (string, string, map[string]string) {
		return "POST", collection + "request-password-reset", map[string]string{"email": login}
	},
	reset: func(_, _, token, _, next string) (string, string, map[string]string) {
		return "POST", collection + "confirm-password-reset", map[string]string{"token": token, "password": next, "passwordConfirm": next}
	},
	change: func(_, id, _, current, next string) (string, string, map[string]string) {
		return "PATCH", collection + "records/" + id, map[string]string{"oldPassword": current, "password": next, "passwordConfirm": next}
	},
}

func newPeer(name, origin string, d dialect, users int) *peer {
	return &peer{
		name: name, origin: origin, dialect: d, users: users, cleanUp: func() {},
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		of:     map[int]*state{}, samples: map[string][]sample{},
	}
}

func (p *peer) state(user int) *state {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of[user]
	if s == nil {
		s = &state{password: app.Password}
		p.of[user] = s
	}
	return s
}

func (p *peer) password(user int) string { return p.state(user).password }

// forget puts the token of a link aside.
func (p *peer) forget(user int) {
	s := p.state(user)
	s.spent, s.token = s.token, ""
}

// pick returns users that the last turns have not had.
func (p *peer) pick(n int) []int {
	picked := make([]int, n)
	for i := range picked {
		picked[i] = p.next
		p.next = (p.next + 1) % p.users
	}
	return picked
}

func (p *peer) call(ctx context.Context, header http.Header, method, path string, body any) (int, http.Header, []byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, nil, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.origin+path, content)
	if err != nil {
		return 0, nil, nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := p.client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, text, err
}

// expect turns an answer other than the expected into an error, so that nothing is
// measured that did not happen.
func expect(want bool, status int, err error) error {
	switch {
	case err != nil:
		return err
	case want != (status < 300), status >= 500, status == http.StatusTooManyRequests:
		return fmt.Errorf("answered %d", status)
	}
	return nil
}

func (p *peer) signIn(ctx context.Context, user int, login, password string, right bool) error {
	method, path, body := p.dialect.signIn(login, "", "", password, "")
	status, header, text, err := p.call(ctx, nil, method, path, body)
	if err := expect(right, status, err); err != nil || !right {
		return err
	}
	var got struct {
		Access string `json:"access_token"`
		Token  string `json:"token"`
		Record struct{ ID string }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return err
	}
	s := p.state(user)
	s.id, s.header = got.Record.ID, http.Header{}
	switch token := got.Access + got.Token; {
	case token != "":
		s.header.Set("Authorization", p.dialect.scheme+token)
	case header.Get("Set-Cookie") != "":
		cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
		s.header.Set("Cookie", cookie)
	default:
		return errors.New("signed in, and got neither a token nor a cookie")
	}
	return nil
}

func (p *peer) check(ctx context.Context, user int) error {
	status, _, _, err := p.call(ctx, p.state(user).header, "GET", "/dev/whoami", nil)
	return expect(true, status, err)
}

func (p *peer) forgot(ctx context.Context, login string) error {
	method, path, body := p.dialect.forgot(login, "", "", "", "")
	status, _, _, err := p.call(ctx, nil, method, path, body)
	return expect(true, status, err)
}

func (p *peer) change(ctx context.Context, user int) error {
	s := p.state(user)
	next := other(s.password)
	method, path, body := p.dialect.change("", s.id, "", s.password, next)
	status, _, _, err := p.call(ctx, s.header, method, path, body)
	if err = expect(true, status, err); err == nil {
		s.password = next
	}
	return err
}

func (p *peer) reset(ctx context.Context, user int) error {
	s := p.state(user)
	next := other(s.password)
	method, path, body := p.dialect.reset("", "", s.token, "", next)
	status, _, _, err := p.call(ctx, nil, method, path, body)
	if err = expect(true, status, err); err == nil {
		s.password = next
	}
	return err
}

func other(password string) string {
	if password == another {
		return app.Password
	}
	return another
}

func (p *peer) messages(ctx context.Context) (all []app.Mail, err error) {
	status, _, text, err := p.call(ctx, nil, "GET", "/dev/messages", nil)
	if err := expect(true, status, err); err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// collect takes the tokens that have come, and says how many have not.
func (p *peer) collect(ctx context.Context, users []int) (missing int, err error) {
	all, err := p.messages(ctx)
	if err != nil {
		return 0, err
	}
	latest := map[string]string{}
	for _, m := range all {
		if m.Token != "" && (m.Kind == "" || m.Kind == "reset_link") {
			latest[m.To] = m.Token
		}
	}
	for _, user := range users {
		s := p.state(user)
		if token := latest[app.Address(user)]; token != "" && token != s.spent {
			s.token = token
		}
		if s.token == "" {
			missing++
		}
	}
	return missing, nil
}
