package dbtest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
)

// docs:run
// run serves, and delivers what is queued, until ctx ends. Then it finishes the
// requests in hand first and the worker last: a request may still give it a job.
func run(ctx context.Context, svc *passwd.Service, serve func() error, shutdown func(context.Context) error) error {
	beyond := context.WithoutCancel(ctx)
	working, stopWork := context.WithCancel(beyond)
	worked := make(chan error, 1)
	go func() { worked <- svc.Run(working) }()

	stopped := make(chan error, 1)
	notStopping := context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(beyond, 20*time.Second)
		defer cancel()
		stopped <- shutdown(drain)
	})
	err := serve()
	if !notStopping() { // serve returns as soon as shutdown begins
		err = <-stopped
	}
	stopWork()
	err = errors.Join(err, <-worked)
	_, left := svc.Work(beyond) // a queue in memory goes with the process
	return errors.Join(err, left)
}

// docs:end

// docs:run-http
func runHTTP(ctx context.Context, svc *passwd.Service, ln net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second}
	return run(ctx, svc, func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}, srv.Shutdown)
}

// docs:end

// docs:run-fiber
func runFiber(ctx context.Context, svc *passwd.Service, ln net.Listener, app *fiber.App) error {
	return run(ctx, svc, func() error {
		return app.Listener(ln, fiber.ListenConfig{DisableStartupMessage: true})
	}, app.ShutdownWithContext)
}

// docs:end

// A server that is told to stop takes no more connections, finishes the request in
// hand, and delivers what that has queued.
func TestMountShutdown(t *testing.T) {
	type slow struct {
		began, goOn chan struct{}
		handler     http.HandlerFunc
	}
	// newSlow is a handler that queues a message when it may go on.
	newSlow := func(shop *openedShop) slow {
		s := slow{began: make(chan struct{}), goOn: make(chan struct{})}
		s.handler = func(w http.ResponseWriter, r *http.Request) {
			close(s.began)
			<-s.goOn
			err := shop.Service.RequestReset(r.Context(), passwd.RequestReset{Login: passwd.Login{Value: "ada"}})
			if err != nil {
				http.Error(w, err.Error(), 500)
				return
			}
			io.WriteString(w, "done")
		}
		return s
	}
	for name, serve := range map[string]func(context.Context, *openedShop, net.Listener, http.HandlerFunc) error{
		"net/http": func(ctx context.Context, shop *openedShop, ln net.Listener, h http.HandlerFunc) error {
			return runHTTP(ctx, shop.Service, ln, h)
		},
		"fiber": func(ctx context.Context, shop *openedShop, ln net.Listener, h http.HandlerFunc) error {
			app := fiber.New()
			app.Use(mounted(h))
			return runFiber(ctx, shop.Service, ln, app)
		},
	} {
		t.Run(name, func(t *testing.T) {
			shop := openShop(t, passwd.Config{})
			handler := newSlow(shop)
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- serve(ctx, shop, ln, handler.handler) }()

			answered := make(chan string, 1)
			go func() {
				req, _ := http.NewRequest("GET", "http://"+ln.Addr().String()+"/", nil)
				req.Close = true
				res, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					answered <- err.Error()
					return
				}
				defer res.Body.Close()
				body, _ := io.ReadAll(res.Body)
				answered <- string(body)
			}()
			<-handler.began
			stop()
			testrun.Until(t, func() bool {
				conn, err := net.Dial("tcp", ln.Addr().String())
				if err == nil {
					conn.Close()
				}
				return err != nil
			}, func() string { return "it still takes connections" })
			select {
			case err := <-ended:
				t.Fatalf("it has ended with a request in hand: %v", err)
			default:
			}
			close(handler.goOn)
			if got := <-answered; got != "done" {
				t.Errorf("the request in hand was answered %q", got)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if sent := shop.Mail.All(); len(sent) != 1 || sent[0].Kind != passwd.MessageResetLink {
				t.Errorf("%d messages were delivered, want the one link", len(sent))
			}
		})
	}

	t.Run("a server that cannot serve", func(t *testing.T) {
		shop := openShop(t, passwd.Config{})
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		if err := runHTTP(t.Context(), shop.Service, ln, http.NotFoundHandler()); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("got %v", err)
		}
	})
}
