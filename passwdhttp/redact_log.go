package passwdhttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// HideTokens keeps the tokens of links out of the access log of whatever is inside: it
// goes around the router and its logger, and gives them the URL of [RedactURL] for each
// request at or below the path of Links.Base, in Request.URL, Request.RequestURI and the
// header Referer. The pages find the URL that was asked for in the context of the
// request. Requests of the rest of the app stay as they are.
//
//	http.ListenAndServe(addr, passwdhttp.HideTokens(cfg, router))
//
// A proxy in front has a log of its own: see passwd.Links.FragmentNeedsJavaScript. It
// panics if the configuration is one that [API] refuses.
func HideTokens(c Config, next http.Handler) http.Handler {
	c.mustValidate()
	base := c.Service.BasePath()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		referer := r.Referer()
		from, err := url.Parse(referer)
		hides := referer != "" && (err != nil || below(base, from) && RedactURL(from) != referer)
		asked := below(base, r.URL) && RedactURL(r.URL) != r.URL.String()
		if !hides && !asked {
			next.ServeHTTP(w, r)
			return
		}
		shown := r.WithContext(context.WithValue(r.Context(), hiddenKey{}, hidden{r.URL, r.RequestURI}))
		if hides {
			shown.Header = r.Header.Clone()
			shown.Header.Set("Referer", redacted)
			if err == nil {
				shown.Header.Set("Referer", RedactURL(from))
			}
		}
		if asked {
			shown.RequestURI = RedactURL(r.URL)
			if shown.URL, err = url.Parse(shown.RequestURI); err != nil {
				shown.URL = &url.URL{Path: base + "/" + redacted} // unreachable: what is left was parsed before
			}
		}
		next.ServeHTTP(w, shown)
	})
}

// hidden is what was asked for, where HideTokens has put something else in its place.
type (
	hidden struct {
		url *url.URL
		uri string
	}
	hiddenKey struct{}
)

// below reports whether a URL may be one of the pages: for a mount at the root, whether
// it begins as one of them does.
func below(base string, u *url.URL) bool {
	rest, ok := strings.CutPrefix(u.Path, base)
	if !ok || base != "" && rest != "" && !isDelimiter(rune(rest[0])) {
		return false
	}
	if base != "" {
		return true
	}
	rest = strings.TrimLeft(rest, "/")
	if end := strings.IndexFunc(rest, isDelimiter); end >= 0 {
		rest = rest[:end]
	}
	return isStrict(rest) || rest == ""
}

// unhide serves a request with the URL that was asked for.
func unhide(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if was, ok := r.Context().Value(hiddenKey{}).(hidden); ok {
			r = r.WithContext(r.Context())
			r.URL, r.RequestURI = was.url, was.uri
		}
		next.ServeHTTP(w, r)
	})
}
