package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestRaces has 64 clients at a time redeem one token, or change one password, at
// two servers: one of them succeeds, and the epoch is raised once (I3, I4). Hashes
// are cheap here, so that they meet in the database.
func TestRaces(t *testing.T) {
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			url := k.seeded(t)
			testRaces(t, serveOn(t, url, "-insecure-no-limits"), serveOn(t, url, "-insecure-no-limits"))
		})
	}
}

func testRaces(t *testing.T, s, other *running) {
	rounds := testrun.Size(1, 3, 200)
	const callers = 64
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	defer client.CloseIdleConnections()
	// race sends the same request from everybody but for the new password, and
	// returns how many succeeded.
	race := func(path, bearer, field, value string, refused ...int) (won int64) {
		var wg sync.WaitGroup
		start := make(chan struct{})
		var count atomic.Int64
		for i := range callers {
			wg.Go(func() {
				<-start
				status := []*running{s, other}[i%2].send(&client, path, bearer, object(field, value, "new_password", fmt.Sprint("chosen by caller number ", i)))
				if status == http.StatusNoContent {
					count.Add(1)
					return
				}
				for _, r := range refused {
					if status == r {
						return
					}
				}
				t.Errorf("%s: status %d", path, status)
			})
		}
		close(start)
		wg.Wait()
		return count.Load()
	}
	epoch := func() (n int64) {
		fmt.Sscan(s.column(`SELECT epoch FROM passwd_account WHERE user_id = (SELECT id FROM users WHERE brand = '' AND login = 'ada')`), &n)
		return n
	}

	s.signIn("", "ada", adaPassword) // gives it an epoch
	for round := range rounds {
		before := epoch()
		s.want(s.post(api+"forgot", "", "login", "ada"), http.StatusAccepted, "")
		token := s.mail("ada@example.com", "reset_link", 2*round+1).Token
		if won := race(api+"reset", "", "token", token, http.StatusUnprocessableEntity); won != 1 || epoch() != before+1 {
			t.Fatalf("round %d: %d resets succeeded, epoch raised by %d", round, won, epoch()-before)
		}

		// One more reset sets a password that is known.
		s.want(s.post(api+"forgot", "", "login", "ada"), http.StatusAccepted, "")
		token = s.mail("ada@example.com", "reset_link", 2*round+2).Token
		s.want(s.post(api+"reset", "", "token", token, "new_password", newPassword), http.StatusNoContent, "")
		before = epoch()
		bearer := s.signIn("", "ada", newPassword)
		if won := race(api+"change", bearer, "current_password", newPassword, http.StatusConflict, http.StatusForbidden, http.StatusUnauthorized); won != 1 || epoch() != before+1 {
			t.Fatalf("round %d: %d changes succeeded, epoch raised by %d", round, won, epoch()-before)
		}
	}
}

// send posts a JSON body and returns the status, 0 if there was none. It may be
// called from any goroutine.
func (s *running) send(client *http.Client, path, bearer, body string) int {
	req, err := newRequest(s.origin+path, bearer, body)
	if err != nil {
		return 0
	}
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

func newRequest(url, bearer, body string) (*http.Request, error) {
	req, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return req, nil
}
