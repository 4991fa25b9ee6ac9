package passwdhttp

import (
	"net/http"
	"strings"
)

// RestorePrefix puts back a prefix, such as "/shop", that a proxy in front takes off
// every path: the handlers of this package compare the whole path with that of
// Links.Base, which people see. It goes around them, or around the whole app.
//
//	Links.Base       https://example.com/shop/account/password
//	the proxy        https://example.com/shop/… to http://app:8080/…
//	the app          http.ListenAndServe(":8080", passwdhttp.RestorePrefix("/shop", mux))
//
// It panics if the prefix does not begin with a slash, ends with one, or has empty or
// dot segments.
func RestorePrefix(prefix string, next http.Handler) http.Handler {
	if !safePath(prefix) || strings.HasSuffix(prefix, "/") {
		panic("passwdhttp: RestorePrefix: " + prefix + " is not a path without a slash at its end, empty and dot segments")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		whole := r.WithContext(r.Context()) // a copy
		u := *r.URL
		if u.Path = prefix + u.Path; u.RawPath != "" {
			u.RawPath = escaped(prefix) + u.RawPath
		}
		whole.URL = &u
		next.ServeHTTP(w, whole)
	})
}
