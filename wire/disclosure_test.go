package wire_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
)

// countingHasher counts what takes the time of a request.
type countingHasher struct {
	passwdtest.Hasher
	n *atomic.Int64
}

func (h countingHasher) Verify(ctx context.Context, stored passwd.Hash, password string) (pwhash.Verdict, error) {
	h.n.Add(1)
	return h.Hasher.Verify(ctx, stored, password)
}

func (h countingHasher) Hash(ctx context.Context, password string) (passwd.Hash, error) {
	h.n.Add(1)
	return h.Hasher.Hash(ctx, password)
}

// countingStore counts the calls of the request path.
type countingStore struct {
	wiretest.Store
	n *atomic.Int64
}

func (s countingStore) Get(ctx context.Context, r passwd.Ref) (passwd.Account, error) {
	s.n.Add(1)
	return s.Store.Get(ctx, r)
}

func (s countingStore) Find(ctx context.Context, l passwd.Login, max int) ([]passwd.Account, error) {
	s.n.Add(1)
	return s.Store.Find(ctx, l, max)
}

func (s countingStore) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	s.n.Add(1)
	return s.Store.Peek(ctx, ref, now)
}

// Without RevealAccounts no reply of any format differs between known, unknown,
// disabled and shared accounts, in its bytes and headers, in the hashes that were
// computed, and in the questions put to the store (I6, F3).
func TestKnownAndUnknownAreAnsweredAlike(t *testing.T) {
	for _, tc := range []struct {
		name, path, body string // %s is the account
		accounts         []string
	}{
		{"grant", "/api/change-password",
			`{"grant_type":"password","client_id":"client-2","device_name":"d","device_id":"d","username":"%s","password":"wrong","new_password":"password123"}`,
			[]string{"example@domain.com", "closed@domain.com", "nobody@domain.com"}},
		{"grant token", "/api/token",
			`{"grant_type":"password","client_id":"client-2","device_name":"d","device_id":"d","username":"%s","password":"wrong"}`,
			[]string{"example@domain.com", "must@domain.com", "nobody@domain.com"}},
		{"profile", "/profile/v1/user/forgot-password", `{"email":"%s"}`,
			[]string{"alice@example.com", "shared@example.com", "nobody@example.com"}},
		{"profile by name", "/profile/v1/user/forgot-password", `{"email":"%s"}`, []string{"alice", "twin1", "nobody"}},
		{"signin", "/api/auth/changePasswordAfterSignin", `{"username":"%s","old_password":"wrong","new_password":"SaverPassword1234!"}`,
			[]string{"st.huber", "calm.user", "new.user", "nobody"}},
		{"remind", "/v1/password/remind", `{"email":"%s"}`, []string{"testuser@teen-quotes.com", "nobody@teen-quotes.com"}},
		{"reset", "/v1/password/reset", `{"email":"%s","token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","password":"azerty"}`,
			[]string{"testuser@teen-quotes.com", "nobody@teen-quotes.com"}},
		{"brand", "/auth/v1/password/validate", `{"identifierType":"MOBILE","identifierValue":"%s","brand":"DocDemo","deviceId":"d","password":"wrong"}`,
			[]string{"919999922332", "919999922334", "919999922339"}},
		{"brand change", "/auth/v1/web/password/change",
			`{"identifierType":"MOBILE","identifierValue":"%s","brand":"DocDemo","password":"wrong","token":"x","newPassword":"y","confirmPassword":"y"}`,
			[]string{"919999922332", "919999922334", "919999922339"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var hashes, calls atomic.Int64
			w := wiretest.New(t, func(t testing.TB, a ...passwd.Account) wiretest.Store {
				return countingStore{open(t, a...), &calls}
			}, wiretest.Options{Hasher: countingHasher{n: &hashes}})
			app := application(t, w)
			var first *httptest.ResponseRecorder
			var work [2]int64
			for _, account := range tc.accounts {
				r := httptest.NewRequest("POST", tc.path, strings.NewReader(fmt.Sprintf(tc.body, account)))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("apikey", wiretest.APIKey)
				if strings.HasPrefix(tc.path, "/v1/") {
					r.Header.Set("Authorization", "Bearer "+app)
				}
				hashes.Store(0)
				calls.Store(0)
				got := w.Do(r)
				did := [2]int64{hashes.Load(), calls.Load()}
				if first == nil {
					first, work = got, did
					continue
				}
				if got.Code != first.Code || got.Body.String() != first.Body.String() || !reflect.DeepEqual(got.Header(), first.Header()) {
					t.Errorf("%s: %d %v %s, %s: %d %v %s", account, got.Code, got.Header(), got.Body,
						tc.accounts[0], first.Code, first.Header(), first.Body)
				}
				if did != work {
					t.Errorf("%s: %d hashes and %d calls, %s: %d and %d", account, did[0], did[1], tc.accounts[0], work[0], work[1])
				}
			}
		})
	}
}

// Nothing that was submitted stands in a reply or an event (I7).
func TestNothingSubmittedComesBack(t *testing.T) {
	const secret = "s3cret-Value-of-1875"
	for _, f := range formats {
		w := wiretest.New(t, open, wiretest.Options{})
		header := f.request(t, w, "").Header
		for _, body := range []string{
			strings.NewReplacer("wrong", secret, "AAAAAAAAAAAAAAAAAAAAA", secret).Replace(f.wrong),
			`{"` + secret + `":"` + secret + `"}`, `["` + secret + `"]`, `{"` + secret + `":1,"` + secret + `":1}`,
		} {
			r := httptest.NewRequest("POST", f.path, strings.NewReader(body))
			r.Header = header.Clone()
			got := w.Do(r)
			if got.Code < 400 || strings.Contains(got.Body.String()+fmt.Sprint(got.Header()), secret) {
				t.Errorf("%s: %d %v %s", f.name, got.Code, got.Header(), got.Body)
			}
		}
		for _, e := range w.Events.All() {
			if strings.Contains(fmt.Sprintf("%+v", e), secret) {
				t.Errorf("%s: event %+v", f.name, e)
			}
		}
	}
}
