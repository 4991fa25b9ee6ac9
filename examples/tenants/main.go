// 43 lines without blank lines and comments, and site.go beside them: two tenants on
// one service, each with a host name, a policy and an "ada" of its own. Run it and try
// the commands that it prints.
//
//	go run ./examples/tenants
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"

	"github.com/passwd-go/passwd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := newSite(ctx, ln.Addr().(*net.TCPAddr).Port, passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
		fmt.Fprintln(out, m.Kind, "to", m.To, "of", m.Account.Tenant+":", m.Link)
		return nil
	}))
	if err != nil {
		return err
	}
	go s.service.Run(ctx)
	srv := &http.Server{Handler: s.handler}
	go srv.Serve(ln)
	for _, t := range tenants {
		api := s.base[t.name] + "/api/v1"
		fmt.Fprintf(out, "curl %s/policy\n", api)
		fmt.Fprintf(out, "curl -i %s/forgot --json '{\"login\": \"ada@example.com\"}'\n", api)
		fmt.Fprintf(out, "curl -iu ada:%[2]s %[1]s/change --json '{\"current_password\": \"%[2]s\", \"new_password\": \"Weaving-by-Punched-Cards\"}'\n", api, t.password)
	}
	<-ctx.Done()
	return srv.Shutdown(context.WithoutCancel(ctx))
}
