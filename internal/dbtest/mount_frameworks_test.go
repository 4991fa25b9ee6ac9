package dbtest_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/labstack/echo/v4"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// docs:net-http
func netHTTP(s *shop) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/account/password/", s.pages)
	mux.Handle("/account/password/api/", s.api)
	mux.Handle("/.well-known/change-password", s.wellKnown)
	mux.Handle("/v1/", s.remind)
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("GET /orders", s.orders)
	mux.HandleFunc("/", s.app)
	return headers(s.enforce(mux))
}

// docs:end

// docs:chi
func chiRouter(s *shop) http.Handler {
	r := chi.NewRouter()
	r.Use(headers, s.enforce)
	r.Handle("/account/password/*", s.pages)
	r.Handle("/account/password/api/*", s.api)
	r.Handle("/.well-known/change-password", s.wellKnown)
	r.Handle("/v1/*", s.remind)
	r.Post("/sign-in", s.signIn)
	r.Get("/orders", s.orders)
	r.NotFound(s.app)
	return r
}

// docs:end

// docs:gin
func ginRouter(s *shop) http.Handler {
	password := http.NewServeMux() // gin takes one catch-all below a path
	password.Handle("/account/password/", s.pages)
	password.Handle("/account/password/api/", s.api)

	r := gin.New()
	r.Use(gin.Recovery())
	r.Any("/account/password/*page", gin.WrapH(password))
	r.Any("/.well-known/change-password", gin.WrapH(s.wellKnown))
	r.Any("/v1/*route", gin.WrapH(s.remind))
	r.POST("/sign-in", func(c *gin.Context) { s.signIn(c.Writer, c.Request) })
	r.GET("/orders", func(c *gin.Context) { s.orders(c.Writer, c.Request) })
	r.NoRoute(func(c *gin.Context) { s.app(c.Writer, c.Request) })
	return headers(s.enforce(r)) // around the router: gin's middleware is of another kind
}

// docs:end

// docs:echo
func echoRouter(s *shop) http.Handler {
	e := echo.New()
	e.Use(echo.WrapMiddleware(headers), echo.WrapMiddleware(s.enforce))
	e.Any("/account/password/*", echo.WrapHandler(s.pages))
	e.Any("/account/password/api/*", echo.WrapHandler(s.api))
	e.Any("/.well-known/change-password", echo.WrapHandler(s.wellKnown))
	e.Any("/v1/*", echo.WrapHandler(s.remind))
	e.POST("/sign-in", func(c echo.Context) error { s.signIn(c.Response(), c.Request()); return nil })
	e.GET("/orders", func(c echo.Context) error { s.orders(c.Response(), c.Request()); return nil })
	e.Any("/*", func(c echo.Context) error { s.app(c.Response(), c.Request()); return nil })
	return e
}

// docs:end

// docs:fiber
func fiberApp(s *shop) *fiber.App {
	app := fiber.New(fiber.Config{
		CaseSensitive: true, // paths mean what they mean to the library
		Immutable:     true, // what a handler reads stays its own
	})
	app.Use(recover.New()) // without it, a panic ends the process
	app.Use(enforced(s.enforce))
	app.All("/account/password/api/*", mounted(s.api)) // the first that fits is taken
	app.All("/account/password/*", mounted(s.pages))
	app.All("/.well-known/change-password", mounted(s.wellKnown))
	app.All("/v1/*", mounted(s.remind))

	app.Use(adaptor.HTTPMiddleware(headers)) // after the library's: headers add up here
	app.Post("/sign-in", s.fiberSignIn)
	app.Get("/orders", adaptor.HTTPHandlerFunc(s.orders))
	app.Use(adaptor.HTTPHandlerFunc(s.app))
	return app
}

// mounted makes a fiber handler of one of the library's.
func mounted(h http.Handler) fiber.Handler { return adaptor.HTTPHandler(owned(h)) }

// owned gives a request headers and a context of its own. The headers that come from
// fiber lie in memory which the next request overwrites; an observer may keep an event
// for longer. The context ends for every request in hand when the server is told to
// stop, and at no other time.
func owned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := make(http.Header, len(r.Header))
		for name, values := range r.Header {
			for _, value := range values {
				own.Add(strings.Clone(name), strings.Clone(value))
			}
		}
		r.Header = own
		next.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
	})
}

// enforced makes fiber middleware of passwdhttp.Enforce.
func enforced(enforce func(http.Handler) http.Handler) fiber.Handler {
	return func(c fiber.Ctx) error {
		passed := false
		pass := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true })
		if err := mounted(enforce(pass))(c); err != nil || !passed {
			return err
		}
		return c.Next()
	}
}

// fiberSignIn is signIn for a fiber.Ctx. Only BeginForced needs a ResponseWriter.
func (s *shop) fiberSignIn(c fiber.Ctx) error {
	r, err := adaptor.ConvertRequest(c, true)
	if err != nil {
		return fiber.ErrBadRequest
	}
	in, err := s.service.SignIn(c.Context(), passwd.SignIn{
		Login: passwd.Login{Value: c.FormValue("login")}, Password: c.FormValue("password"),
		Client: passwd.Client{Addr: s.config.ClientAddr(r), UserAgent: c.Get(fiber.HeaderUserAgent)},
	})
	if err != nil {
		return fiber.NewError(statusOf(err), "Please try again.")
	}
	if in.Must == passwd.NoReason {
		begun := s.sessions.begin(in.Account, in.Epoch)
		c.Cookie(&fiber.Cookie{
			Name: begun.Name, Value: begun.Value, Path: "/", HTTPOnly: true, Secure: true, SameSite: fiber.CookieSameSiteLaxMode,
		})
		return c.Redirect().Status(fiber.StatusSeeOther).To("/")
	}
	ticket, err := s.service.Ticket(c.Context(), in)
	if err != nil {
		return fiber.NewError(statusOf(err), "Please try again.")
	}
	return adaptor.HTTPHandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passwdhttp.BeginForced(s.config, w, r, ticket, "/orders")
	})(c)
}

// docs:end

// frameworks serve a shop, and return where.
var frameworks = []struct {
	name  string
	serve func(testing.TB, *shop) string
}{
	{"net/http", serveHandler(netHTTP)},
	{"chi", serveHandler(chiRouter)},
	{"gin", serveHandler(ginRouter)},
	{"echo", serveHandler(echoRouter)},
	{"fiber", func(t testing.TB, s *shop) string { return serveApp(t, fiberApp(s)) }},
}

func serveHandler(mount func(*shop) http.Handler) func(testing.TB, *shop) string {
	return func(t testing.TB, s *shop) string {
		gin.SetMode(gin.TestMode) // it says less
		server := httptest.NewServer(mount(s))
		t.Cleanup(server.Close)
		return server.URL
	}
}

func serveApp(t testing.TB, app *fiber.App) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Listener(ln, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		if err := app.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}
