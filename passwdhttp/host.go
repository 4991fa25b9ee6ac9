package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
)

// Fail answers a request of the host's own API as [API] would: with the problem that
// belongs to an error of package passwd, in the language of whoever asks, with
// WWW-Authenticate and Retry-After where they are due. Any other error is 500
// internal, and an event with the error in it; the client learns nothing of it.
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
