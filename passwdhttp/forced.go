package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
)

// BeginForced answers the sign-in of an account that must change its password
// first: it puts the ticket of [passwd.Service.Ticket] into a cookie, and sends
// the browser to the page of the forced change, which leads on to next if that is
// a safe path on the origin. No session is needed, and none is started: after the
// change, people sign in with the new password.
//
//	in, err := svc.SignIn(ctx, …)
//	if err == nil && in.Must != passwd.NoReason {
//		ticket, err := svc.Ticket(ctx, in) // once the second factor is checked
//		…
//		passwdhttp.BeginForced(cfg, w, r, ticket, "/orders")
//		return
//	}
//
// It panics if the configuration is one that [API] refuses.
func BeginForced(c Config, w http.ResponseWriter, r *http.Request, ticket passwd.Token, next string) {
	c.mustValidate()
	c.face().Begin(w)
	c.keep(w, ticketCookie, ticket)
	seeOther(w, r, forced(c.Service.BasePath(), next))
}
