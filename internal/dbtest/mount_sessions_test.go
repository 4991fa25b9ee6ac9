package dbtest_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// docs:scs
// scsSessions puts the sessions of scs behind the pages, the API and the ready sign-in.
type scsSessions struct{ *scs.SessionManager }

func (m scsSessions) config(svc *passwd.Service) passwdhttp.Config {
	return passwdhttp.Config{
		Service: svc, Authenticate: m.who, SignedIn: m.begin, SignOut: m.end, Sessions: m,
		Renew: func(w http.ResponseWriter, r *http.Request, done passwd.Written) error {
			return m.begin(w, r, passwd.SignedIn{Account: done.Account, Epoch: done.Epoch})
		},
	}
}

func (m scsSessions) who(r *http.Request) (passwdhttp.Principal, error) {
	s := m.in(r.Context())
	return passwdhttp.Principal{Account: s.Account, Epoch: s.Epoch, Session: s.ID}, nil
}

func (m scsSessions) begin(_ http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
	ctx := r.Context()
	if err := m.RenewToken(ctx); err != nil {
		return err
	}
	m.Put(ctx, "id", rand.Text()) // a name for the session: its token stays a secret
	m.Put(ctx, "account", in.Account.ID)
	m.Put(ctx, "epoch", in.Epoch)
	m.Put(ctx, "agent", r.UserAgent())
	m.Put(ctx, "begun", time.Now().Unix())
	return nil
}

func (m scsSessions) end(_ http.ResponseWriter, r *http.Request) error { return m.Destroy(r.Context()) }

func (m scsSessions) in(ctx context.Context) session.Session {
	begun := time.Unix(m.GetInt64(ctx, "begun"), 0)
	return session.Session{
		ID: m.GetString(ctx, "id"), Account: passwd.Ref{ID: m.GetString(ctx, "account")}, Epoch: m.GetInt64(ctx, "epoch"),
		UserAgent: m.GetString(ctx, "agent"), CreatedAt: begun, UsedAt: begun,
	}
}

func (m scsSessions) List(ctx context.Context, account passwd.Ref) (all []session.Session, err error) {
	err = m.each(ctx, account, func(_ context.Context, s session.Session) error {
		all = append(all, s)
		return nil
	})
	return all, err
}

func (m scsSessions) End(ctx context.Context, account passwd.Ref, id string) error {
	return m.each(ctx, account, func(ctx context.Context, s session.Session) error {
		if s.ID != id {
			return nil
		}
		return m.Destroy(ctx)
	})
}

func (m scsSessions) EndOthers(ctx context.Context, account passwd.Ref, keep string) (n int, err error) {
	var epoch int64
	of := map[int64]int{} // those of another epoch than that of keep had ended already
	err = m.each(ctx, account, func(ctx context.Context, s session.Session) error {
		if s.ID == keep {
			epoch = s.Epoch
			return nil
		}
		of[s.Epoch]++
		return m.Destroy(ctx)
	})
	return of[epoch], err
}

// each reads all sessions that there are. Who has many keeps a table of them, by account.
func (m scsSessions) each(ctx context.Context, account passwd.Ref, visit func(context.Context, session.Session) error) error {
	return m.Iterate(ctx, func(ctx context.Context) error {
		if s := m.in(ctx); s.Account == account {
			return visit(ctx, s)
		}
		return nil
	})
}

// docs:end

// TestSCS signs in on two devices of a host whose sessions are those of scs, ends one
// from the other, and changes the password.
func TestSCS(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{Base: "http://127.0.0.1/account/password"}})
	const current, next = "Analytical-Engine-1843", "difference engine no. 2"
	kit.Add(t, passwd.Account{Username: "ada"}, current)
	kit.Add(t, passwd.Account{Username: "bob"}, current)
	sessions := scsSessions{scs.New()}
	config := sessions.config(kit.Service)
	pages, err := passwdhttp.Pages(config)
	if err != nil {
		t.Fatal(err)
	}
	api, err := passwdhttp.API(config)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/account/password/", pages)
	mux.Handle("/account/password/api/", api)
	server := httptest.NewServer(sessions.LoadAndSave(mux))
	defer server.Close()

	type list struct {
		Devices []struct {
			ID, Name string
			This     bool
		}
	}
	device := func(agent string) func(method, path string, body map[string]string) (int, list) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar}
		return func(method, path string, body map[string]string) (int, list) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/account/password/"+path, strings.NewReader(marshal(t, body)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("User-Agent", agent)
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var l list
			if path == "api/v1/devices" && res.StatusCode == http.StatusOK {
				if err := json.NewDecoder(res.Body).Decode(&l); err != nil {
					t.Fatal(err)
				}
			}
			return res.StatusCode, l
		}
	}
	want := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %d, want %d", what, got, want)
		}
	}
	signIn := func(agent, login, password string) func(string, string, map[string]string) (int, list) {
		do := device(agent)
		status, _ := do("POST", "api/v1/signin", map[string]string{"login": login, "password": password})
		want("sign-in", status, http.StatusNoContent)
		return do
	}
	laptop, phone, bobs := signIn("Laptop", "ada", current), signIn("Phone", "ada", current), signIn("Other", "bob", current)
	status, all := laptop("GET", "api/v1/devices", nil)
	want("devices", status, http.StatusOK)
	if len(all.Devices) != 2 || !all.Devices[0].This || all.Devices[1].This {
		t.Fatalf("%+v", all)
	}
	status, _ = bobs("POST", "api/v1/devices/end", map[string]string{"id": all.Devices[1].ID})
	want("the end of somebody else's", status, http.StatusNoContent)
	status, _ = phone("GET", "api/v1/devices", nil)
	want("phone", status, http.StatusOK)
	status, _ = laptop("POST", "api/v1/devices/end", map[string]string{"id": all.Devices[1].ID})
	want("the end of one", status, http.StatusNoContent)
	status, _ = phone("GET", "api/v1/devices", nil)
	want("phone", status, http.StatusUnauthorized)

	phone = signIn("Phone", "ada", current)
	status, _ = laptop("POST", "api/v1/change", map[string]string{"current_password": current, "new_password": next})
	want("change", status, http.StatusNoContent)
	status, _ = phone("GET", "api/v1/devices", nil)
	want("phone after a change", status, http.StatusUnauthorized)
	status, all = laptop("GET", "api/v1/devices", nil)
	want("laptop after a change", status, http.StatusOK)
	if len(all.Devices) != 1 || !all.Devices[0].This { // scs has that of the phone, which is dead
		t.Errorf("%+v", all)
	}
	phone = signIn("Phone", "ada", next)
	status, _ = phone("POST", "api/v1/devices/end-others", map[string]string{})
	want("the end of the others", status, http.StatusOK)
	status, _ = laptop("GET", "api/v1/devices", nil)
	want("laptop", status, http.StatusUnauthorized)
	status, _ = bobs("GET", "api/v1/devices", nil)
	want("bob", status, http.StatusOK)
}
