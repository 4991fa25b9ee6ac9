package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
)

// Fail answers a request of the host's own API as [API] would: with the problem for
// an error of package passwd, in the language of the request, with WWW-Authenticate
// and Retry-After where they apply. Any other error is 500 internal, and an event
// with the error in it; the client learns nothing about it.
//
//	in, err := svc.SignIn(ctx, passwd.SignIn{…, Client: passwdhttp.ClientOf(cfg, r)})
//	if err != nil {
//		passwdhttp.Fail(cfg, w, r, err)
//		return
//	}
//
// It panics if the configuration is one that API refuses.
func Fail(c Config, w http.ResponseWriter, r *http.Request, err error) {
	c.mustValidate()
	c.apiFace().Refuse(w, r, err)
}

// ClientOf tells where a request comes from, as the handlers of this package tell
// the service: by Config.ClientAddr and Config.RequestID.
func ClientOf(c Config, r *http.Request) passwd.Client { return c.face().Client(r) }
