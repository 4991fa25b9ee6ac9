//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/pwhash"
)

// outside is a client of a server with an address of its own: the whole of 127.0.0.0/8
// leads to the loopback interface.
type outside struct {
	t      *testing.T
	origin string
	http   *http.Client
}

func (s *running) outside(t *testing.T, n int) outside {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1+byte(n>>16), byte(n>>8), byte(n))}}
	transport := &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	return outside{t, s.origin, &http.Client{Transport: transport, Timeout: testrun.Patience(t)}}
}

type told struct {
	status int
	after  time.Duration
	body   string
}

func (o outside) post(path, body string) told {
	r, err := o.http.Post(o.origin+path, "application/json", strings.NewReader(body))
	if err != nil {
		o.t.Error(err)
		return told{}
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		o.t.Error(err)
	}
	seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
	return told{r.StatusCode, time.Duration(seconds) * time.Second, string(text)}
}

func (o outside) signIn(login, password string) told {
	return o.post("/dev/sign-in", object("tenant", "", "login", login, "password", password))
}

// statuses are those of n wrong guesses.
func (o outside) statuses(login string, n int) (all []int) {
	for range n {
		all = append(all, o.signIn(login, "wrong").status)
	}
	return all
}

// messages are those of a kind that went to an address, oldest first.
func (o outside) messages(kind, to string) []mail {
	r, err := o.http.Get(o.origin + "/dev/messages")
	if err != nil {
		o.t.Fatal(err)
	}
	defer r.Body.Close()
	var all []mail
	if err := json.NewDecoder(r.Body).Decode(&all); err != nil {
		o.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(m mail) bool { return m.Kind != kind || m.To != to })
}

// sent is how many messages of a kind went to an address.
func (o outside) sent(kind, to string) int { return len(o.messages(kind, to)) }

// code asks for a code for a login.
func (o outside) code(login string) (request string) {
	got := o.post(api+"forgot/code", object("login", login))
	var made struct {
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(got.body), &made); err != nil || made.RequestID == "" {
		o.t.Fatalf("a code for %s: %+v", login, got)
	}
	return made.RequestID
}

// mailedCode asks for a code and waits until it is sent.
func (o outside) mailedCode(login, to string) (request string, got mail) {
	before := o.sent("reset_code", to)
	request = o.code(login)
	testrun.Until(o.t, func() bool { return o.sent("reset_code", to) > before }, func() string { return "no code is sent to " + to })
	all := o.messages("reset_code", to)
	return request, all[len(all)-1]
}

// try types a code; of one that is accepted it returns the token.
func (o outside) try(request, code string) (got told, token string) {
	got = o.post(api+"reset/code", object("request_id", request, "code", code))
	var made struct {
		Token string `json:"token"`
	}
	json.Unmarshal([]byte(got.body), &made)
	return got, made.Token
}

// wrong is a code other than the right one.
func wrong(right string) string {
	if right == "00000000" {
		return "00000001"
	}
	return "00000000"
}

// TestFromOutside drives the server from many addresses, as who attacks it would, and as
// its owners do meanwhile.
func TestFromOutside(t *testing.T) {
	testrun.NeedCI(t)
	const (
		ada, adas = "ada", "ada@example.com"
		addresses = 120
	)
	start := func(t *testing.T) *process {
		url := copyOf(t, seeded)
		people(t, url, 160, adaPassword)
		return spawn(t, url)
	}
	t.Run("existence, aliases, whereabouts", func(t *testing.T) { // I6
		t.Parallel()
		s := start(t)
		home := s.outside(t, 1)
		if in := home.signIn(ada, adaPassword); in.status != http.StatusOK {
			t.Fatalf("%+v", in)
		}
		known, unknown := s.outside(t, 2).statuses(ada, 14), s.outside(t, 2).statuses("nobody", 14)
		if fmt.Sprint(known) != fmt.Sprint(unknown) {
			t.Errorf("ada %v, nobody %v", known, unknown)
		}
		if got := s.outside(t, 2).signIn(adas, "wrong").status; got != http.StatusUnauthorized {
			t.Errorf("an alias of a throttled login: %d", got)
		}
		if got := s.outside(t, 2).signIn("nobody@example.com", "wrong").status; got != http.StatusUnauthorized {
			t.Errorf("an alias of nobody: %d", got)
		}
		for n := 3; n <= addresses; n++ { // the account is closed to strangers by now, and nobody can tell
			for _, login := range []string{ada, "nobody"} {
				if got := s.outside(t, n).signIn(login, "wrong"); got.status != http.StatusUnauthorized {
					t.Fatalf("%s from a new address: %+v", login, got)
				}
			}
		}
		if fromHome, elsewhere := home.signIn(ada, "wrong"), s.outside(t, addresses+1).signIn(ada, "wrong"); fromHome != elsewhere {
			t.Errorf("from the owner's network %+v, from elsewhere %+v", fromHome, elsewhere)
		}
		if got := home.signIn(ada, adaPassword).status; got != http.StatusOK {
			t.Errorf("the owner, at home: %d", got)
		}
	})
	t.Run("parallel guesses", func(t *testing.T) { // R1
		t.Parallel()
		o := start(t).outside(t, 1)
		var judged atomic.Int32
		together(200, func(int) {
			if o.signIn(ada, "wrong").status == http.StatusUnauthorized {
				judged.Add(1)
			}
		})
		if n := judged.Load(); n < 1 || n > 10 {
			t.Errorf("%d guesses were judged, want at most 10", n)
		}
	})
	t.Run("many behind one address", func(t *testing.T) { // R2
		t.Parallel()
		o := start(t).outside(t, 1)
		var in, limited atomic.Int32
		end := time.Now().Add(testrun.Patience(t))
		together(150, func(i int) {
			for time.Now().Before(end) {
				switch got := o.signIn(fmt.Sprint("user", i), adaPassword); got.status {
				case http.StatusOK:
					in.Add(1)
					return
				case http.StatusTooManyRequests:
					limited.Add(1)
					return
				default:
					time.Sleep(max(got.after, 100*time.Millisecond))
				}
			}
		})
		if in.Load() != 150 || limited.Load() != 0 {
			t.Errorf("%d of 150 are signed in, %d were told to wait", in.Load(), limited.Load())
		}
	})
	t.Run("one address takes all that it gets", func(t *testing.T) { // I8
		t.Parallel()
		s := start(t)
		flood, o := s.outside(t, 1), s.outside(t, 2)
		done := make(chan struct{})
		var flooding sync.WaitGroup
		for i := range 200 {
			flooding.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-done:
						return
					default:
						flood.signIn(fmt.Sprint("nobody", i, "-", n), "wrong")
					}
				}
			})
		}
		in := 0
		for i := range 20 {
			if got := o.signIn(fmt.Sprint("user", i), adaPassword); got.status == http.StatusOK {
				in++
			} else {
				t.Logf("%+v", got)
			}
		}
		close(done)
		flooding.Wait()
		if in != 20 {
			t.Errorf("%d of 20 are signed in", in)
		}
	})
	t.Run("floods of links and codes, and the owner's way back", func(t *testing.T) { // R3, T5, I11
		t.Parallel()
		s := start(t)
		home := s.outside(t, 1)
		if in := home.signIn(ada, adaPassword); in.status != http.StatusOK {
			t.Fatalf("%+v", in)
		}
		for n := 2; n <= addresses; n++ {
			for _, login := range []string{ada, "nobody"} {
				if got := s.outside(t, n).post(api+"forgot", object("login", login)); got.status != http.StatusAccepted {
					t.Fatalf("%s: %+v", login, got)
				}
			}
		}
		testrun.Until(t, func() bool { return home.sent("reset_link", adas) >= 20 }, func() string { return "the messages are not sent" })
		if got := home.post(api+"forgot", object("login", ada)); got.status != http.StatusAccepted {
			t.Errorf("the owner's request: %+v", got)
		}
		testrun.Until(t, func() bool { return home.sent("reset_link", adas) > 20 }, func() string { return "the owner gets no link" })
		if n := home.sent("reset_link", adas); n != 21 {
			t.Errorf("%d links, want 20 of strangers and one of the owner", n)
		}
	})
	t.Run("a flood of wrong codes at one account", func(t *testing.T) { // T5, R3, I6, I11
		t.Parallel()
		s := start(t)
		home := s.outside(t, 1)
		if in := home.signIn(ada, adaPassword); in.status != http.StatusOK {
			t.Fatalf("%+v", in)
		}
		away := s.outside(t, addresses+1) // the owner, where nobody knows them
		ownRequest, own := away.mailedCode(ada, adas)
		guessed, refused := 0, told{}
		for n := 2; n <= addresses; n++ {
			o := s.outside(t, n)
			requests := map[string]string{"nobody": o.code("nobody")}
			var right string
			if n <= 20 { // the quota of messages to strangers, with the owner's
				var got mail
				requests[ada], got = o.mailedCode(ada, adas)
				right = got.Code
			} else {
				requests[ada] = o.code(ada)
			}
			for login, request := range requests {
				for range 5 {
					got, _ := o.try(request, wrong(right))
					if refused == (told{}) {
						refused = got
					}
					if got != refused || got.status != http.StatusUnprocessableEntity {
						t.Fatalf("a wrong code for %s from address %d: %+v, elsewhere %+v", login, n, got, refused)
					}
				}
			}
			if right != "" {
				guessed += 5
				if got, _ := o.try(requests[ada], right); got != refused {
					t.Fatalf("the sixth try, which is right: %+v", got)
				}
			}
		}
		if n := home.sent("reset_code", adas); n != 20 || guessed != 95 {
			t.Errorf("%d codes sent, %d guesses at them; want 20, one of them the owner's, and 95", n, guessed)
		}
		t.Logf("%d addresses: %d guesses at codes of one account in an hour", addresses, guessed)
		if got, token := away.try(ownRequest, own.Code); got.status != http.StatusOK || token == "" {
			t.Errorf("the owner's code, from where nobody knows them: %+v", got)
		}
		request, code := home.mailedCode(ada, adas)
		got, token := home.try(request, code.Code)
		if token == "" {
			t.Fatalf("a new code, asked for at home: %+v", got)
		}
		if got := home.post(api+"reset", object("token", token, "new_password", "Brick-Lantern-Orchard-7")); got.status != http.StatusOK && got.status != http.StatusNoContent {
			t.Errorf("the reset: %+v", got)
		}
		if got := home.signIn(ada, "Brick-Lantern-Orchard-7"); got.status != http.StatusOK {
			t.Errorf("the sign-in: %+v", got)
		}
	})
	t.Run("a flood of wrong codes at many accounts", func(t *testing.T) { // T5, I6, I11
		t.Parallel()
		s := start(t)
		const accounts = 20
		together(addresses, func(n int) {
			o := s.outside(t, 2+n)
			tries := map[int]int{}
			for i := range accounts { // more than an address may fail at
				request := o.code(fmt.Sprint("user", i))
				for range 6 {
					got, _ := o.try(request, "00000000")
					tries[got.status]++
				}
			}
			if tries[http.StatusUnprocessableEntity] != 100 || tries[http.StatusTooManyRequests] != 6*accounts-100 {
				t.Errorf("an address that tries %d codes: %v", 6*accounts, tries)
			}
		})
		for i := range accounts {
			owner, login, address := s.outside(t, 1000+i), fmt.Sprint("user", i), fmt.Sprintf("user%d@example.com", i)
			if in := owner.signIn(login, adaPassword); in.status != http.StatusOK {
				t.Fatalf("%s: %+v", login, in)
			}
			testrun.Until(t, func() bool { return owner.sent("reset_code", address) >= 20 }, func() string { return "the codes are not sent" })
			request, code := owner.mailedCode(login, address)
			if got, token := owner.try(request, code.Code); token == "" {
				t.Errorf("the owner's code for %s: %+v", login, got)
			}
		}
	})
}

func together(n int, f func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// TestTimingWithLimits is TestTiming with the limiter on: each try has a login and an
// address of its own (I6, F3). A mixed table has hashes of two schemes, as one has whose
// users have not all signed in since it was adopted, and Config.Dummies in proportion.
func TestTimingWithLimits(t *testing.T) {
	testrun.NeedLong(t)
	const requests = 600
	mixed := func(t *testing.T, url string) *running {
		of := func(password string) passwd.Hash {
			h, err := bcrypt.GenerateFromPassword([]byte(password), 10)
			if err != nil {
				t.Fatal(err)
			}
			return passwd.Hash(h)
		}
		own, err := pwhash.Argon2id{}.Hash(t.Context(), adaPassword)
		if err != nil {
			t.Fatal(err)
		}
		peopleOf(t, url, requests, own, of(adaPassword))
		return serveWith(t, options{addr: "127.0.0.1:0", database: url, dummies: []passwd.Hash{of("a password that nobody knows"), ""}})
	}
	plain := func(t *testing.T, url string) *running {
		people(t, url, requests, adaPassword)
		return spawn(t, url).running
	}
	sqlite := func(t *testing.T) string { return copyOf(t, seeded) }
	for _, test := range []struct {
		name  string
		open  func(*testing.T) string
		serve func(t *testing.T, url string) *running
	}{
		{"sqlite", sqlite, plain}, {"postgres", copyOfPostgres, plain},
		{"mixed, sqlite", sqlite, mixed}, {"mixed, postgres", copyOfPostgres, mixed},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.serve(t, test.open(t))
			next := 0
			client := func() outside {
				next++
				o := s.outside(t, next)
				r, err := o.http.Get(o.origin + "/style.css") // it is connected before the clock runs
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, r.Body)
				r.Body.Close()
				return o
			}
			for _, path := range []string{"forgot", "sign-in", "reset/code"} {
				times := map[string][]time.Duration{}
				requested := map[string][]string{}
				if path == "reset/code" {
					for _, kind := range []string{"user", "none"} {
						for n := range requests {
							requested[kind] = append(requested[kind], client().code(fmt.Sprint(kind, n)))
						}
					}
					o := client()
					testrun.Until(t, func() bool {
						return o.sent("reset_code", fmt.Sprintf("user%d@example.com", requests-1)) > 0
					}, func() string { return "the codes are not sent" })
				}
				for _, kind := range shuffled(map[string]bool{"user": true, "none": true}, requests) {
					o, n := client(), len(times[kind])
					began := time.Now()
					var got told
					switch login := fmt.Sprint(kind, n); path {
					case "forgot":
						got = o.post(api+path, object("login", login))
					case "sign-in":
						got = o.signIn(login, "wrong")
					default:
						got = o.post(api+path, object("request_id", requested[kind][n], "code", "00000000"))
					}
					times[kind] = append(times[kind], time.Since(began))
					if got.status == http.StatusTooManyRequests || got.status >= 500 {
						t.Fatalf("%s: %+v", path, got)
					}
				}
				area := auc(times["user"], times["none"])
				t.Logf("%s: AUC %.3f, medians %v and %v", path, area, median(times["user"]), median(times["none"]))
				if area < 0.45 || area > 0.55 {
					t.Errorf("%s: time tells known from unknown: AUC %.3f", path, area)
				}
			}
		})
	}
}
