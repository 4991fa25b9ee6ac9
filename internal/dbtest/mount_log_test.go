package dbtest_test

import (
	"bytes"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// combined logs as Apache and nginx do.
func combined(to *bytes.Buffer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		fmt.Fprintf(to, "%s - - [-] %q 303 0 %q %q\n", r.RemoteAddr, r.Method+" "+r.RequestURI+" "+r.Proto, r.Referer(), r.UserAgent())
	})
}

// The access logs of frameworks have no token below HideTokens, and have it without.
func TestMountAccessLogs(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for name, logged := range map[string]func(*bytes.Buffer, http.Handler) http.Handler{
		"combined": combined,
		"chi": func(to *bytes.Buffer, pages http.Handler) http.Handler {
			r := chi.NewRouter()
			r.Use(chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: log.New(to, "", 0), NoColor: true}))
			r.Handle("/account/password/*", pages)
			return r
		},
		"gin": func(to *bytes.Buffer, pages http.Handler) http.Handler {
			r := gin.New()
			r.Use(gin.LoggerWithWriter(to))
			r.Any("/account/password/*page", gin.WrapH(pages))
			return r
		},
		"echo": func(to *bytes.Buffer, pages http.Handler) http.Handler {
			e := echo.New()
			//lint:ignore SA1019 it is what apps have
			e.Use(echomiddleware.LoggerWithConfig(echomiddleware.LoggerConfig{Output: to}))
			e.Any("/account/password/*", echo.WrapHandler(pages))
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			shop := openShop(t, passwd.Config{})
			if err := shop.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: "ada"}}); err != nil {
				t.Fatal(err)
			}
			token := string(shop.DeliverOne(t).Token)
			for _, hide := range []bool{false, true} {
				var lines bytes.Buffer
				h := logged(&lines, shop.pages)
				if hide {
					h = passwdhttp.HideTokens(passwdhttp.Config{Service: shop.Service}, h)
				}
				r := httptest.NewRequest("GET", "/account/password/reset?token="+token, nil)
				r.Header.Set("Referer", "http://example.com/account/password/reset?token="+token)
				w := serveOnce(h, r)
				wantStatus(t, "a link", w, 303)
				if !strings.Contains(strings.Join(w.Header().Values("Set-Cookie"), "\n"), token) {
					t.Error("the token has not been taken")
				}
				if got := lines.String(); strings.Contains(got, token) == hide || !strings.Contains(got, "/account/password/reset?token=") {
					t.Errorf("hidden: %t, logged: %s", hide, got)
				}
			}
		})
	}
}

// docs:hide-tokens
func listen(cfg passwdhttp.Config, router http.Handler) *http.Server {
	return &http.Server{Addr: ":8080", Handler: passwdhttp.HideTokens(cfg, router)}
}

// docs:end

func TestMountHiding(t *testing.T) {
	shop := openShop(t, passwd.Config{})
	s := listen(passwdhttp.Config{Service: shop.Service}, shop.pages)
	wantStatus(t, "a page", serveOnce(s.Handler, httptest.NewRequest("GET", "/account/password/forgot", nil)), 200)
}
