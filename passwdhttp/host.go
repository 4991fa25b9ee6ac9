package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
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
// Violations of the policy are at Config.PasswordField. It panics if the configuration
// is one that API refuses.
func Fail(c Config, w http.ResponseWriter, r *http.Request, err error) {
	c.mustValidate()
	f := c.apiFace()
	f.Fail = c.problem(c.pointer())
	f.Refuse(w, r, err)
}

// ClientOf tells where a request comes from, as the handlers of this package tell
// the service: by Config.ClientAddr and Config.RequestID, and by the cookie of
// [KeepDevice].
func ClientOf(c Config, r *http.Request) passwd.Client { return c.face().Client(r) }

// KeepDevice makes a browser known to the account that has signed in there, by a cookie
// for 30 days: call it when a sign-in is complete, before anything is written. The
// owner then signs in from that browser, on whatever network, although strangers guess
// at the account. It opens nothing, and who has none loses nothing; of several accounts
// in one browser, the one that has signed in last has it. The name begins with
// "__Host-", but for Config.InsecureCookies.
//
// An app that has no cookies, as it is on another origin or no browser, finds the same in
// the header Passwd-Device of the reply, keeps it, and sends it in that header with each
// later sign-in and request for a link or code.
//
//	in, err := svc.SignIn(ctx, passwd.SignIn{…, Client: passwdhttp.ClientOf(cfg, r)})
//	…
//	passwdhttp.KeepDevice(cfg, w, in)
func KeepDevice(c Config, w http.ResponseWriter, in passwd.SignedIn) {
	if keepable(string(in.Device)) {
		c.keep(w, deviceCookie, in.Device)
		w.Header().Set(endpoint.DeviceHeader, string(in.Device))
	}
}
