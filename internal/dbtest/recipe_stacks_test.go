package dbtest_test

import (
	"cmp"
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
	"gorm.io/gorm"
)

// docs:parts
// parts are what a host without sessions needs of the library, whatever its router is.
type parts struct {
	service               *passwd.Service
	config                passwdhttp.Config
	pages, api, wellKnown http.Handler
}

func newParts(ctx context.Context, store *sqlstore.Store, keys passwd.Keys, origin string, notify passwd.Notifier) (p parts, err error) {
	if err := cmp.Or(store.Migrate(ctx), store.Verify(ctx)); err != nil {
		return p, err
	}
	links := passwd.Links{Base: origin + "/account/password"}
	if p.service, err = passwd.New(passwd.Config{Store: store, Keys: keys, Notify: notify, Links: links}); err != nil {
		return p, err
	}
	p.config, err = passwdhttp.CookieSessions(passwdhttp.Config{
		Service: p.service, Name: "Shop", LoginKind: passwd.Email, PasswordField: "password",
	}, session.Config{Store: store, Keys: keys})
	if err != nil {
		return p, err
	}
	if p.pages, err = passwdhttp.Pages(p.config); err != nil {
		return p, err
	}
	p.wellKnown = passwdhttp.WellKnown(p.config)
	p.api, err = passwdhttp.API(p.config)
	return p, err
}

// docs:end

// docs:gin-gorm
func ginGorm(p parts, db *gorm.DB, store *sqlstore.Store) http.Handler {
	password := http.NewServeMux() // gin takes one catch-all below a path
	password.Handle("/account/password/", p.pages)
	password.Handle("/account/password/api/", p.api)

	r := gin.New()
	r.Use(gin.Recovery())
	r.Any("/account/password/*page", gin.WrapH(password))
	r.Any("/.well-known/change-password", gin.WrapH(p.wellKnown))
	r.POST("/sign-up", func(c *gin.Context) {
		err := gormSignUp(c.Request.Context(), db, store, p.service, c.PostForm("email"), c.PostForm("password")) // see databases.md
		if err != nil {
			passwdhttp.Fail(p.config, c.Writer, c.Request, err)
			return
		}
		c.Redirect(http.StatusSeeOther, "/account/password/signin")
	})
	r.GET("/", func(c *gin.Context) {
		who, err := p.config.Authenticate(c.Request)
		if err != nil {
			c.Redirect(http.StatusSeeOther, "/account/password/signin")
			return
		}
		var user gormUser
		if err := db.WithContext(c.Request.Context()).First(&user, who.Account.ID).Error; err != nil {
			c.Status(http.StatusServiceUnavailable)
			return
		}
		c.String(http.StatusOK, "Hello, %s", user.Email)
	})
	return passwdhttp.Enforce(p.config, "/sign-up")(r) // around the router: gin's middleware is of another kind
}

// docs:end

// docs:echo-sqlx
func echoSqlx(p parts, db *sqlx.DB, store *sqlstore.Store) http.Handler {
	e := echo.New()
	e.Use(echo.WrapMiddleware(passwdhttp.Enforce(p.config, "/sign-up")))
	e.Any("/account/password/*", echo.WrapHandler(p.pages))
	e.Any("/account/password/api/*", echo.WrapHandler(p.api))
	e.Any("/.well-known/change-password", echo.WrapHandler(p.wellKnown))
	e.POST("/sign-up", func(c echo.Context) error {
		r := c.Request()
		err := sqlxSignUp(r.Context(), db, store, p.service, c.FormValue("email"), c.FormValue("password")) // see databases.md
		if err != nil {
			passwdhttp.Fail(p.config, c.Response(), r, err)
			return nil
		}
		return c.Redirect(http.StatusSeeOther, "/account/password/signin")
	})
	e.GET("/", func(c echo.Context) error {
		who, err := p.config.Authenticate(c.Request())
		if err != nil {
			return c.Redirect(http.StatusSeeOther, "/account/password/signin")
		}
		var email string
		if err := db.GetContext(c.Request().Context(), &email, "SELECT email FROM users WHERE id = $1", who.Account.ID); err != nil {
			return echo.ErrServiceUnavailable
		}
		return c.String(http.StatusOK, "Hello, "+email)
	})
	return e
}

// docs:end
