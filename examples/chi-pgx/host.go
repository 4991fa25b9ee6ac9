package main

import (
	"context"
	"fmt"
	"html/template"
	"net/http"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/passwd-go/passwd/passwdhttp"
)

// What the app has, whatever it does about passwords: its tables, pages and sessions.
const tables = `
	CREATE EXTENSION IF NOT EXISTS citext;
	CREATE TABLE IF NOT EXISTS users (
		id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
		email             citext NOT NULL,
		name              text NOT NULL,
		email_verified_at timestamptz,
		password_hash     varchar(255),
		deleted_at        timestamptz
	);
	CREATE UNIQUE INDEX IF NOT EXISTS users_email ON users (email) WHERE deleted_at IS NULL;
	CREATE TABLE IF NOT EXISTS sessions (token text PRIMARY KEY, data bytea NOT NULL, expiry timestamptz NOT NULL);`

type app struct {
	origin   string
	pool     *pgxpool.Pool
	sessions *scs.SessionManager
	mail     func(to, text string)
	passwords
}

func newApp(ctx context.Context, pool *pgxpool.Pool, origin string, mail func(to, text string)) (*app, error) {
	if _, err := pool.Exec(ctx, tables); err != nil {
		return nil, err
	}
	a := &app{origin: origin, pool: pool, sessions: scs.New(), mail: mail}
	a.sessions.Store = pgxstore.NewWithCleanupInterval(pool, 0)
	a.sessions.Cookie.Secure = false // in an app, true
	return a, a.adopt(ctx)
}

func (a *app) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer, a.sessions.LoadAndSave, http.NewCrossOriginProtection().Handler)
	a.mount(r)
	r.Get("/", a.home)
	r.Get("/email/confirm", a.confirmPage)
	for path, do := range map[string]func(http.ResponseWriter, *http.Request) error{
		"/sign-out": a.end, "/sign-up": a.signUp, "/invite": a.invite, "/email": a.askEmail, "/email/confirm": a.confirmEmail, "/delete": a.delete,
	} {
		r.Post(path, func(w http.ResponseWriter, r *http.Request) {
			if err := do(w, r); err != nil {
				passwdhttp.Fail(a.config, w, r, err)
			} else {
				http.Redirect(w, r, "/", http.StatusSeeOther)
			}
		})
	}
	return r
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	who, err := a.authenticate(r)
	if err != nil {
		http.Redirect(w, r, "/account/password/signin", http.StatusSeeOther)
		return
	}
	fmt.Fprintf(w, "Hello, %s\n", who.Username)
}

// isAdmin is for the app to know.
func (a *app) isAdmin(r *http.Request) bool {
	who, err := a.authenticate(r)
	return err == nil && who.Username == "root@example.com"
}

var confirmForm = template.Must(template.New("").Parse(`<!doctype html><title>Confirm</title>
<form method="post"><input type="hidden" name="token" value="{{.}}"><button>Confirm this address</button></form>`))

// confirmPage is where the link in a mail leads. Programs open links too, so it does nothing.
func (a *app) confirmPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	confirmForm.Execute(w, r.FormValue("token"))
}
