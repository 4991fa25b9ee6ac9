package passwdhttp

import (
	"net/http"
	"net/url"

	"github.com/passwd-go/passwd/internal/endpoint"
)

// WellKnown returns the handler of /.well-known/change-password, which must be at
// the root of the origin: a redirect to the page where a password is changed, for
// password managers to follow (W3C, "A Well-Known URL for Changing Passwords"). It
// leads to the path of Links.Base, whatever the request says.
//
// Managers also ask for a well-known path that cannot exist, and trust the
// redirect only if that one is 404: a catch-all that serves an app for every path
// must leave out /.well-known/.
//
// It panics if the configuration is one that [API] refuses.
func WellKnown(c Config) http.Handler {
	c.mustValidate()
	f := c.face()
	target := location(c.Service.BasePath()+"/change", "")
	methods := endpoint.Methods{http.MethodGet: endpoint.Get(f,
		func(http.ResponseWriter, *http.Request) (string, error) { return target, nil },
		seeOther,
	)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.Serve(w, r, methods) })
}

// location returns a Location within the origin. The path has passed safePath, so
// that nobody takes its beginning for a host.
func location(path, query string) string {
	return (&url.URL{Path: path, RawQuery: query}).String()
}

// seeOther redirects to what location has made. http.Redirect would resolve it
// against the request.
func seeOther(w http.ResponseWriter, _ *http.Request, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
