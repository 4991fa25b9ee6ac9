package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/wire"
)

// formats are the five published wire formats, each for the clients of one
// tenant, and who is signed in by what they issue.
type formats struct {
	handlers map[string]http.Handler
	openAPI  map[string][]byte // the documents, by the formats' names
	// bearers tell whose token a request brings: the access token of format 1, the
	// JWT of format 3.
	bearers []func(*http.Request) (wire.Principal, error)
}

func (s *site) newFormats(o options, store session.Store) (formats, error) {
	keys := passwd.Keys{Current: []byte(demoKey)}
	pairs, err := session.New(session.Config{Store: store, Keys: keys, Observe: s.service.Observe})
	if err != nil {
		return formats{}, err
	}
	// Format 3 has no refresh token: who stays logged in does so for a month.
	stays, err := session.New(session.Config{Store: store, Keys: keys, Observe: s.service.Observe, AccessTTL: 30 * 24 * time.Hour})
	if err != nil {
		return formats{}, err
	}
	clients := wire.StaticClients{
		Public:      []string{bakeryClient},
		APIKeys:     []wire.SecretDigest{wire.DigestOf("demo-apikey")},
		Credentials: map[string]wire.SecretDigest{"demo-app": wire.DigestOf("demo-secret")},
		Brands:      map[string]string{"DocDemo": "DocDemo", "OtherBrand": "OtherBrand"}, // and not NoPassword
	}
	c := wire.Config{Service: s.service}
	signIn := wire.SignIn{Config: c, Base: "/api/auth", Tenant: "callcenter", Issuer: "lumen-jwt", Keys: keys, Sessions: stays}
	jwt, err := signIn.Authenticate()
	if err != nil {
		return formats{}, err
	}
	f := formats{
		handlers: map[string]http.Handler{}, openAPI: map[string][]byte{},
		bearers: []func(*http.Request) (wire.Principal, error){wire.Bearer(pairs), jwt},
	}
	for _, m := range []struct {
		name, path string
		format     interface {
			Handler() (http.Handler, error)
			OpenAPI() []byte
		}
	}{
		{"grant", "/api/", wire.Grant{Config: c, Base: "/api", Tenant: "bakery", Clients: clients, Sessions: pairs}},
		{"signin", "/api/auth/", signIn},
		{"profile", "/profile/v1/", wire.Profile{
			Config: c, Base: "/profile/v1", Tenant: "profile", Clients: clients, RevealAccounts: o.reveal,
			// The app's own bearers, of /dev/sign-in.
			Authenticate: func(r *http.Request) (wire.Principal, error) {
				p, err := s.authenticate(r)
				return wire.Principal{Account: p.Account, Epoch: p.Epoch, Session: p.Session}, err
			},
		}},
		{"remind", "/v1/", wire.Remind{Config: c, Base: "/v1", Tenant: "quotes", Clients: clients, Keys: keys, RevealAccounts: o.reveal}},
		{"brand", "/auth/v1/", wire.Brand{Config: c, Base: "/auth/v1", Clients: clients, Keys: keys}},
	} {
		if f.handlers[m.path], err = m.format.Handler(); err != nil {
			return formats{}, fmt.Errorf("%s: %w", m.name, err)
		}
		f.openAPI[m.name] = m.format.OpenAPI()
	}
	return f, nil
}

// account returns who is signed in by a session of the app's own, or by a token
// of a format.
func (s *site) account(r *http.Request) (passwd.Ref, error) {
	account, err := s.sessions.account(r)
	for _, bearer := range s.formats.bearers {
		if passwd.CodeOf(err) != passwd.CodeUnauthenticated {
			break
		}
		var p wire.Principal
		if p, err = bearer(r); err == nil && p.Account.ID == "" {
			err = passwd.ErrUnauthenticated
		}
		if err != nil {
			continue
		}
		var must passwd.Reason
		if must, err = s.service.Live(r.Context(), p.Account, p.Epoch); err == nil && must != passwd.NoReason {
			err = passwd.ErrUnauthenticated
		}
		account = p.Account
	}
	return account, err
}
