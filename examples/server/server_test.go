package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
)

// running is a server under test, driven over HTTP.
type running struct {
	t      *testing.T
	origin string
	url    string // of its database, see -db
	stderr *lockedBuffer
	stop   func() error
}

// serve starts a server on a SQLite file of its own that has the demo accounts.
func serve(t *testing.T, args ...string) *running {
	t.Helper()
	return serveOn(t, copyOf(t, seededCheaply), args...)
}

// cheapHasher keeps the tests quick. It reads the one bcrypt row as well.
type cheapHasher struct{ passwdtest.Hasher }

func (c cheapHasher) Verify(ctx context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	if strings.HasPrefix(string(h), "$2") {
		return pwhash.Argon2id{}.Verify(ctx, h, password)
	}
	return c.Hasher.Verify(ctx, h, password)
}

// serveOn starts a server on the database of a URL.
func serveOn(t *testing.T, url string, args ...string) *running {
	t.Helper()
	o, err := parseOptions(append([]string{"-addr", "127.0.0.1:0", "-db", url}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.hasher = cheapHasher{}
	return serveWith(t, o)
}

func serveWith(t *testing.T, o options) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	stderr := new(lockedBuffer)
	end := make(chan error, 1)
	go func() {
		err := run(ctx, o, in, stderr)
		in.Close()
		end <- err
	}()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-end
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("%v: %s", err, stderr)
		}
	})
	origin := awaitOrigin(out)
	if origin == "" {
		t.Fatalf("it did not start: %v: %s", stop(), stderr)
	}
	return &running{t, origin, o.database, stderr, stop}
}

// awaitOrigin reads what a server prints until it says where it listens.
func awaitOrigin(out io.Reader) string {
	r := bufio.NewReader(out)
	line, _ := r.ReadString('\n')
	go io.Copy(io.Discard, r)
	origin, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !found {
		return ""
	}
	return origin
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) field(name string) string {
	var all map[string]any
	json.Unmarshal([]byte(r.body), &all)
	s, _ := all[name].(string)
	return s
}

const api = mount + "/api/v1/"

// call sends a request; bearer and body may be empty.
func (s *running) call(method, path, bearer, body string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.origin+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return do(s.t, http.DefaultClient, req)
}

func do(t *testing.T, client *http.Client, req *http.Request) reply {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(body)}
}

// post calls a JSON endpoint with the given members, "name", "value", ….
func (s *running) post(path, bearer string, members ...string) reply {
	s.t.Helper()
	return s.call("POST", path, bearer, object(members...))
}

func object(members ...string) string {
	o := map[string]string{}
	for i := 0; i < len(members); i += 2 {
		o[members[i]] = members[i+1]
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// signIn returns a bearer.
func (s *running) signIn(tenant, login, password string) string {
	s.t.Helper()
	r := s.post("/dev/sign-in", "", "tenant", tenant, "login", login, "password", password)
	s.want(r, http.StatusOK, "")
	return r.field("access_token")
}

// ticket returns what a must-change sign-in gives.
func (s *running) ticket(tenant, login, password string) string {
	s.t.Helper()
	r := s.post("/dev/sign-in", "", "tenant", tenant, "login", login, "password", password)
	s.want(r, http.StatusForbidden, "password_change_required")
	return r.field("ticket")
}

// want fails the test unless the reply has the status and, unless "", the code of
// a problem.
func (s *running) want(r reply, status int, code string) {
	s.t.Helper()
	if r.status != status || r.field("code") != code {
		s.t.Fatalf("status %d, code %q, want %d, %q: %s", r.status, r.field("code"), status, code, r.body)
	}
	if code != "" && r.header.Get("Content-Type") != "application/problem+json" {
		s.t.Fatalf("Content-Type %q of a problem", r.header.Get("Content-Type"))
	}
}

// alive reports whether a bearer is accepted.
func (s *running) alive(bearer string) bool {
	s.t.Helper()
	switch r := s.call("GET", "/dev/whoami", bearer, ""); r.status {
	case http.StatusOK:
		return true
	case http.StatusUnauthorized:
		return false
	default:
		s.t.Fatalf("whoami: status %d: %s", r.status, r.body)
	}
	return false
}

// mail waits for the n-th message of a kind to an address.
func (s *running) mail(to, kind string, n int) mail {
	s.t.Helper()
	var found []mail
	testrun.Until(s.t, func() bool {
		found = found[:0]
		for _, m := range s.mails() {
			if m.To == to && m.Kind == kind {
				found = append(found, m)
			}
		}
		return len(found) >= n
	}, func() string { return fmt.Sprintf("no %s number %d to %s: %s", kind, n, to, s.stderr) })
	return found[n-1]
}

func (s *running) mails() (all []mail) {
	s.t.Helper()
	r := s.call("GET", "/dev/messages", "", "")
	s.want(r, http.StatusOK, "")
	if err := json.Unmarshal([]byte(r.body), &all); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// column reads one value from the database behind the server's back.
func (s *running) column(query string, args ...any) (value string) {
	s.t.Helper()
	db, err := connect(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.row(s.t.Context(), query, args...).Scan(&value); err != nil {
		s.t.Fatal(err)
	}
	return value
}
