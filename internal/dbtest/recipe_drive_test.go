package dbtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/jmoiron/sqlx"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"gorm.io/gorm"
)

// TestRecipes drives the apps of docs/recipes.md: sign-up, sign-in, change and reset.
func TestRecipes(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for _, name := range []string{"gin and GORM", "echo and sqlx"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := onPostgres.open(t)
			mustExec(t, db, "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, password_hash varchar(255))")
			var app http.Handler
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.ServeHTTP(w, r) }))
			defer server.Close()
			g, x := openGorm(t, db, gorm.Config{}), sqlx.NewDb(db, "pgx")
			store, err := gormStore(g)
			if err != nil {
				t.Fatal(err)
			}
			mail := &passwdtest.Mailbox{}
			p, err := newParts(t.Context(), store, passwd.RandomKeys(), server.URL, mail)
			if err != nil {
				t.Fatal(err)
			}
			if app = ginGorm(p, g, store); name == "echo and sqlx" {
				app = echoSqlx(p, x, store)
			}
			d := &recipeDriver{t, server.URL, newRecipeClient()}
			const first, second, third = "notes on the analytical engine", "weaving algebraical patterns", "a loom for flowers and leaves"
			d.want("nobody", "303 ", d.get("/"))
			d.want("a weak password", `422 {"type":"urn:passwd:problem:password_rejected"`, d.form("/sign-up", "ada@example.com", "short"))
			d.want("sign-up", "303 ", d.form("/sign-up", "ada@example.com", first))
			d.want("a wrong password", "401 ", d.json("signin", "login", "ada@example.com", "password", second))
			d.want("sign-in", "204 ", d.json("signin", "login", "ada@example.com", "password", first))
			d.want("signed in", "200 Hello, ada@example.com", d.get("/"))
			d.want("change", "204 ", d.json("change", "current_password", first, "new_password", second))
			d.want("after the change", "200 Hello, ada@example.com", d.get("/"))
			d.want("forgot", "202 ", d.json("forgot", "login", "ada@example.com"))
			if _, err := p.service.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
			token := ""
			for _, m := range mail.All() {
				if m.Kind == passwd.MessageResetLink {
					token = string(m.Token)
				}
			}
			d.want("reset", "204 ", d.json("reset", "token", token, "new_password", third))
			d.want("after the reset", "303 ", d.get("/"))
			d.want("sign-in after the reset", "204 ", d.json("signin", "login", "ADA@example.com", "password", third))
			d.want("signed in after the reset", "200 Hello, ada@example.com", d.get("/"))
			d.want("well-known", "303 ", d.get("/.well-known/change-password"))
		})
	}
}

type recipeDriver struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newRecipeClient() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (d *recipeDriver) reply(r *http.Response, err error) string {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return fmt.Sprint(r.StatusCode, " ", string(body))
}

func (d *recipeDriver) get(path string) string { return d.reply(d.client.Get(d.url + path)) }

func (d *recipeDriver) form(path, email, password string) string {
	return d.reply(d.client.PostForm(d.url+path, url.Values{"email": {email}, "password": {password}}))
}

func (d *recipeDriver) json(route string, members ...string) string {
	object := map[string]string{}
	for i := 0; i < len(members); i += 2 {
		object[members[i]] = members[i+1]
	}
	body, err := json.Marshal(object)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.reply(d.client.Post(d.url+"/account/password/api/v1/"+route, "application/json", bytes.NewReader(body)))
}

func (d *recipeDriver) want(what, want, got string) {
	d.t.Helper()
	if !strings.HasPrefix(got, want) {
		d.t.Errorf("%s: %.400s, want %s", what, got, want)
	}
}
