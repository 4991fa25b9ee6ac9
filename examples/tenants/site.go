// 119 lines without blank lines and comments: the site of all tenants.
package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwpolicy"
)

// tenant is a row of the app's table of tenants.
type tenant struct {
	name, host string
	policy     string // as the tenant's administrator has saved it; "" is the default
	password   string // of the tenant's ada, for this example
}

var tenants = []tenant{
	{name: "north", host: "north.localhost", password: "Analytical-Engine-1843"},
	{name: "south", host: "south.localhost", password: "Difference-Engine-1822", policy: `{
		"version": 1,
		"rules": {"length": {"min": 8}, "classes": {"digit": 1}}
	}`},
}

type site struct {
	service *passwd.Service
	handler http.Handler
	base    map[string]string // of a tenant's links, by its name
}

func newSite(ctx context.Context, port int, notify passwd.Notifier) (*site, error) {
	// What no tenant can loosen: south asks for 8 characters, and gets 12.
	floor, err := pwpolicy.New(pwpolicy.Length{Min: 12}, pwpolicy.NotCommon{}, pwpolicy.NotSimilar{})
	if err != nil {
		return nil, err
	}
	s := &site{base: map[string]string{}}
	policies := map[string]pwpolicy.Policy{}
	for _, t := range tenants {
		s.base[t.name] = fmt.Sprintf("http://%s:%d/account/password", t.host, port)
		if policies[t.name], err = parse(t.policy, floor); err != nil {
			return nil, fmt.Errorf("policy of %s: %w", t.name, err)
		}
	}
	store := memstore.New()
	s.service, err = passwd.New(passwd.Config{
		Store:  store,
		Keys:   passwd.RandomKeys(), // an app keeps its keys
		Notify: notify,
		// Links lead to the account's own tenant, wherever they were asked for.
		Links: passwd.Links{
			Base: s.base[tenants[0].name],
			For:  func(_ context.Context, a passwd.Account) string { return s.base[a.Ref.Tenant] },
		},
		PolicyFor: func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
			p, known := policies[a.Ref.Tenant]
			if !known {
				return p, fmt.Errorf("no tenant %q", a.Ref.Tenant)
			}
			return p, nil
		},
		PolicyFloor: floor,
	})
	if err != nil {
		return nil, err
	}
	if err := register(ctx, s.service, store); err != nil {
		return nil, err
	}
	s.handler, err = routes(s.service)
	return s, err
}

// parse reads a tenant's policy. One that no password could fulfil together with the
// floor is refused here, where its author can be told, and not at somebody's reset.
func parse(text string, floor pwpolicy.Policy) (p pwpolicy.Policy, err error) {
	if text != "" {
		if p, err = pwpolicy.Parse([]byte(text)); err != nil {
			return p, err
		}
	}
	_, err = p.Over(floor)
	return p, err
}

// routes answers for each tenant at its own host name, and for no other: whose
// accounts a request is about is decided by a pattern, not by what it says. What
// people of another tenant hold, be it a link, a code or a session, opens nothing.
func routes(svc *passwd.Service) (http.Handler, error) {
	mux := http.NewServeMux()
	for _, t := range tenants {
		api, err := passwdhttp.API(passwdhttp.Config{
			Service:      svc,
			Tenant:       func(*http.Request) string { return t.name },
			Authenticate: basic(svc, t.name),
		})
		if err != nil {
			return nil, err
		}
		mux.Handle(t.host+svc.BasePath()+"/api/", api)
	}
	return mux, nil
}

// basic has people send their password along, where an app has sessions.
func basic(svc *passwd.Service, tenant string) func(*http.Request) (passwdhttp.Principal, error) {
	return func(r *http.Request) (passwdhttp.Principal, error) {
		login, password, _ := r.BasicAuth()
		in, err := svc.SignIn(r.Context(), passwd.SignIn{
			Login: passwd.Login{Tenant: tenant, Value: login}, Password: password,
			Client: passwdhttp.ClientOf(passwdhttp.Config{Service: svc}, r),
		})
		if passwd.CodeOf(err) == passwd.CodeWrongCredentials || passwd.CodeOf(err) == passwd.CodeInvalidRequest {
			err = passwd.ErrUnauthenticated // any other is told as it is: too many tries, or a store that is down
		}
		return passwdhttp.Principal{Account: in.Account, Epoch: in.Epoch}, err
	}
}

// register gives each tenant an ada. They are strangers, of one name, one id and one
// address.
func register(ctx context.Context, svc *passwd.Service, store *memstore.Store) error {
	for _, t := range tenants {
		ada := passwd.Account{
			Ref: passwd.Ref{Tenant: t.name, ID: "1"}, Username: "ada", Email: "ada@example.com", Active: true,
			Address: []passwd.Address{{Channel: passwd.EmailChannel, Value: "ada@example.com"}},
		}
		hash, err := svc.NewHash(ctx, ada, t.password)
		if err != nil {
			return err
		}
		ada.Hash = hash
		store.Set(ada)
	}
	return nil
}
