package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Each tenant has the policy that it wrote, over the floor, and only at its own host.
func TestPolicies(t *testing.T) {
	a := start(t)
	for host, want := range map[string]string{
		"north.localhost": "minlength: 15; allowed: ascii-printable;",
		"south.localhost": "minlength: 12; required: digit; allowed: ascii-printable;", // of the floor, and its own
	} {
		var policy struct{ PasswordRules string }
		status, body := a.get(host, "/policy")
		if err := json.Unmarshal(body, &policy); err != nil || status != http.StatusOK || policy.PasswordRules != want {
			t.Errorf("%s: status %d, %q, want %q (%v)", host, status, policy.PasswordRules, want, err)
		}
	}
	for _, host := range []string{"west.localhost", "127.0.0.1"} {
		if status, _ := a.get(host, "/policy"); status != http.StatusNotFound {
			t.Errorf("%s, which is nobody's: status %d", host, status)
		}
	}
	for password, want := range map[string][2]int{ // north, south
		"Weaving-by-Punched-Cards": {http.StatusNoContent, http.StatusUnprocessableEntity}, // no digit
		"Weaving_No_21":            {http.StatusUnprocessableEntity, http.StatusNoContent}, // 13 characters
		"Loom_1801":                {http.StatusUnprocessableEntity, http.StatusUnprocessableEntity},
	} {
		a := start(t)
		for i, tenant := range tenants {
			if got := a.change(tenant.host, tenant.password, password); got != want[i] {
				t.Errorf("%s at %s: status %d, want %d", password, tenant.host, got, want[i])
			}
		}
	}
}

// What is one tenant's opens nothing at the other: neither a password nor a link.
func TestApart(t *testing.T) {
	a := start(t)
	north, south := tenants[0], tenants[1]
	if got := a.change(south.host, north.password, "Tabulating-Machine-1890"); got != http.StatusUnauthorized {
		t.Errorf("north's password at south: status %d", got)
	}
	links := map[string]*url.URL{}
	for _, tenant := range tenants {
		if got := a.post(tenant.host, "/forgot", map[string]string{"login": "ada@example.com"}); got != http.StatusAccepted {
			t.Fatalf("forgot at %s: status %d", tenant.host, got)
		}
		m := a.delivered()
		if m.To != "ada@example.com" || m.Account.Tenant != tenant.name {
			t.Errorf("asked at %s: mail of %s", tenant.host, m.Account.Tenant)
		}
		link, err := url.Parse(m.Link)
		if err != nil || link.Hostname() != tenant.host {
			t.Errorf("the link of %s leads to %s (%v)", tenant.name, link.Host, err)
		}
		links[tenant.name] = link
	}

	reset := map[string]string{"token": links["north"].Query().Get("token"), "new_password": "Tabulating-Machine-1890"}
	check := map[string]string{"token": reset["token"]}
	for path, body := range map[string]map[string]string{"/reset/check": check, "/reset": reset} {
		if got := a.post(south.host, path, body); got != http.StatusUnprocessableEntity {
			t.Errorf("%s with north's token at south: status %d", path, got)
		}
	}
	if got := a.post(north.host, "/reset", reset); got != http.StatusNoContent {
		t.Errorf("with north's token at north: status %d", got)
	}
	cancel, err := url.Parse(a.delivered().Link) // "this was not me"
	if err != nil || cancel.Hostname() != north.host {
		t.Errorf("the notice of north leads to %s (%v)", cancel.Host, err)
	}
	if got := a.post(south.host, "/cancel", map[string]string{"token": cancel.Query().Get("token")}); got != http.StatusUnprocessableEntity {
		t.Errorf("/cancel with north's token at south: status %d", got)
	}
	for host, password := range map[string]string{north.host: "Tabulating-Machine-1890", south.host: south.password} {
		if got := a.change(host, password, "Jacquard-Loom-1801"); got != http.StatusNoContent {
			t.Errorf("%s: the password is another one than it should be: status %d", host, got)
		}
	}
}

// What nobody could fulfil is refused when it is written.
func TestParse(t *testing.T) {
	floor, err := pwpolicy.New(pwpolicy.Length{Min: 12})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		``: "",
		`{"version": 1, "rules": {"length": {"min": 20}}}`:                           "",
		`{"version": 1, "rules": {"length": {"min": 8, "insecure_max_length": 10}}}`: "contradict",
		`{"version": 1, "rules": {"length": {"mim": 20}}}`:                           "rules.length.mim",
	} {
		_, err := parse(text, floor)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
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
	var first string
	for lines := bufio.NewScanner(in); first == "" && lines.Scan(); {
		fmt.Sscanf(lines.Text(), "curl %s", &first)
	}
	go io.Copy(io.Discard, in)
	printed, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	host := printed.Hostname()
	printed.Host = net.JoinHostPort("127.0.0.1", printed.Port())
	r, err := http.NewRequestWithContext(ctx, "GET", printed.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if host != tenants[0].host || res.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d", first, res.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

type app struct {
	*site
	t      *testing.T
	client *http.Client
	port   string
	mail   []passwd.Message
}

// start serves the site. Every host name leads to it, as DNS would have it.
func start(t *testing.T) *app {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{t: t}
	_, a.port, _ = net.SplitHostPort(ln.Addr().String())
	a.site, err = newSite(t.Context(), ln.Addr().(*net.TCPAddr).Port, passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
		a.mail = append(a.mail, m)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.service.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(a.handler)
	srv.Listener.Close()
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, ln.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	a.client = &http.Client{Transport: transport}
	return a
}

// delivered has the worker work, and returns the one message that it has sent.
func (a *app) delivered() passwd.Message {
	a.t.Helper()
	a.mail = nil
	if _, err := a.service.Work(a.t.Context()); err != nil || len(a.mail) != 1 {
		a.t.Fatalf("%d messages, want 1 (%v)", len(a.mail), err)
	}
	return a.mail[0]
}

func (a *app) change(host, current, next string) int {
	a.t.Helper()
	r := a.request("POST", host, "/change", map[string]string{"current_password": current, "new_password": next})
	r.SetBasicAuth("ada", current)
	status, _ := a.do(r)
	return status
}

func (a *app) post(host, path string, body map[string]string) int {
	a.t.Helper()
	status, _ := a.do(a.request("POST", host, path, body))
	return status
}

func (a *app) get(host, path string) (int, []byte) {
	a.t.Helper()
	return a.do(a.request("GET", host, path, nil))
}

func (a *app) request(method, host, path string, body map[string]string) *http.Request {
	a.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, "http://"+host+":"+a.port+"/account/password/api/v1"+path, strings.NewReader(string(data)))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (a *app) do(r *http.Request) (int, []byte) {
	a.t.Helper()
	res, err := a.client.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, body
}
