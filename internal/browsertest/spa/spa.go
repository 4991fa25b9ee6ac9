// Package spa is the API of docs/spa.md, which a single-page app asks from another origin.
package spa

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
)

// docs:spa-api
// api serves what an app at the origin app asks for, with bearer tokens and no cookies.
func api(svc *passwd.Service, sessions *session.Manager, app string) (http.Handler, error) {
	trusted := http.NewCrossOriginProtection()
	if err := trusted.AddTrustedOrigin(app); err != nil {
		return nil, err
	}
	bearer := func(r *http.Request) string { return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") }
	cfg := passwdhttp.Config{
		Service:     svc,
		CrossOrigin: trusted,
		Authenticate: func(r *http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Checked(sessions.Check(r.Context(), bearer(r)))
		},
		Sessions: sessions,
	}
	cfg.SignedIn = func(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error {
		pair, err := sessions.Start(r.Context(), in, session.Info{Client: "app", From: passwdhttp.ClientOf(cfg, r)})
		if err != nil {
			return err
		}
		return reply(w, pair)
	}
	handler, err := passwdhttp.API(cfg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/password/api/", handler)
	mux.Handle("POST /refresh", trusted.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pair, err := sessions.Refresh(r.Context(), bearer(r), passwdhttp.ClientOf(cfg, r))
		if err != nil {
			passwdhttp.Fail(cfg, w, r, err)
			return
		}
		reply(w, pair)
	})))
	return cors(app, mux), nil
}

func reply(w http.ResponseWriter, pair session.Pair) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(map[string]any{
		"access_token": string(pair.Access), "refresh_token": string(pair.Refresh), "expires_in": int(pair.ExpiresIn.Seconds()),
	})
}

// cors lets the app read replies, and nobody else.
func cors(app string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if r.Header.Get("Origin") == app {
			h.Set("Access-Control-Allow-Origin", app)
			h.Set("Access-Control-Expose-Headers", "Passwd-Device, Retry-After")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Passwd-Device")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// docs:end

// API is api, for the test.
func API(svc *passwd.Service, sessions *session.Manager, app string) (http.Handler, error) {
	return api(svc, sessions, app)
}
