package passwdhttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/passwd-go/passwd/internal/endpoint"
)

// mend serves what it is given, and leads on from links that mail programs and
// people have changed on the way: with the "?" or "#" escaped, a slash before it, or
// cut down to the mount.
func (p *pages) mend(next http.Handler, routes map[string]endpoint.Methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on, ok := p.mended(r.URL, routes)
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		lead := func(_ http.ResponseWriter, r *http.Request) (reply, error) {
			if on == "" {
				on = p.start(r)
			}
			return reply{location: on}, nil
		}
		p.face.Serve(w, r, endpoint.Methods{"GET": p.get(lead)})
	})
}

// mended returns where a changed link was to lead: "" is for the start to tell.
func (p *pages) mended(u *url.URL, routes map[string]endpoint.Methods) (location string, ok bool) {
	page, below := strings.CutPrefix(u.Path, p.base)
	if _, known := routes[page]; known || !below && u.Path+"/" != p.base {
		return "", false
	}
	if !below {
		page = ""
	}
	query := u.RawQuery
	if at := strings.IndexAny(page, "?#"); at >= 0 {
		escaped, err := url.ParseQuery(page[at+1:])
		if err != nil {
			return "", false
		}
		query = strings.Trim(escaped.Encode()+"&"+query, "&")
		page = page[:at]
	}
	page = strings.Trim(page, "/")
	if page == "" {
		return "", true
	}
	_, known := routes[page]["GET"]
	return p.at(page, query), known
}

// start is where somebody is led who asks for no page: whoever is signed in has a
// password to change, everybody else has perhaps forgotten it.
func (p *pages) start(r *http.Request) string {
	if _, _, err := p.signedIn(r); err != nil {
		return p.at("forgot", "")
	}
	return p.at("change", "")
}
