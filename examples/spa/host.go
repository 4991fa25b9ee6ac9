package main

import (
	"context"
	_ "embed"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/passwd-go/passwd/passwdhttp"
	"gorm.io/gorm"
)

// What the app has, whatever it does about passwords: its users, API and page.

type user struct {
	ID              uint64
	Email           string `gorm:"type:varchar(254);uniqueIndex"`
	Name            string `gorm:"type:varchar(100)"`
	EmailVerifiedAt *time.Time
	PasswordHash    *string `gorm:"type:varchar(255);<-:false"` // Save does not write it
}

type app struct {
	origin, api string // of the page, and of the API
	db          *gorm.DB
	mail        func(to, text string)
	passwords
}

func newApp(ctx context.Context, db *gorm.DB, origin, api string, mail func(to, text string)) (*app, error) {
	if err := db.AutoMigrate(&user{}); err != nil {
		return nil, err
	}
	a := &app{origin: origin, api: api, db: db, mail: mail}
	return a, a.adopt(ctx)
}

func (a *app) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.ContextWithFallback = true // a *gin.Context ends with its request
	r.Use(gin.Recovery(), a.cors)
	a.mount(r)
	r.GET("/me", a.do(a.me))
	for path, does := range map[string]func(*gin.Context) error{
		"/sign-up": a.signUp, "/invite": a.invite, "/email": a.askEmail, "/email/confirm": a.confirmEmail, "/delete": a.delete,
	} {
		r.POST(path, a.do(does))
	}
	return r
}

// do answers with what a handler has written, else 204, else its error.
func (a *app) do(does func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := does(c); err != nil {
			passwdhttp.Fail(a.config, c.Writer, c.Request, err)
		} else if !c.Writer.Written() {
			c.Status(http.StatusNoContent)
		}
	}
}

func (a *app) me(c *gin.Context) error {
	u, err := a.user(c)
	if err == nil {
		c.JSON(http.StatusOK, gin.H{"email": u.Email, "name": u.Name})
	}
	return err
}

// cors lets the page read replies, and nobody else.
func (a *app) cors(c *gin.Context) {
	h := c.Writer.Header()
	h.Add("Vary", "Origin")
	if c.GetHeader("Origin") != a.origin {
		return
	}
	h.Set("Access-Control-Allow-Origin", a.origin)
	h.Set("Access-Control-Expose-Headers", "Passwd-Device, Retry-After")
	if c.Request.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Passwd-Device")
		h.Set("Access-Control-Max-Age", "600")
		c.AbortWithStatus(http.StatusNoContent)
	}
}

var (
	//go:embed app.js
	client string
	//go:embed page.js
	page string
)

// page serves the page to the browser.
func (a *app) page() http.Handler {
	html := `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>Shop</title><main></main>` +
		`<script>const HOST = "` + a.api + `", API = HOST + "/password/api/v1/";` + "\n" + client + page + `</script></html>`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(html))
	})
}
