// Package passwdhttp serves a [passwd.Service] over HTTP.
//
//   - [Pages] are ready HTML pages, which work without JavaScript.
//   - [API] is a JSON API for single-page and mobile apps.
//   - [BeginForced] sends somebody who signs in but must change their password to
//     the page for that, without a session.
//   - [Enforce] keeps signed-in accounts that must change their password away from
//     the rest of a site.
//   - [WellKnown] tells password managers where to change a password.
//   - [Fail], [ClientOf] and [KeepDevice] are for handlers of the host's own, [SafeNext]
//     for its sign-in, and [RedactURL] for its access log.
//   - [TrustedProxies] finds the client's address behind proxies.
//
// The handlers are mounted where Links.Base of the service says, and strip its
// path themselves:
//
//	mux.Handle("/account/password/", pages)
//	mux.Handle("/account/password/api/", api)
//	mux.Handle("/.well-known/change-password", passwdhttp.WellKnown(cfg))
//	http.ListenAndServe(addr, passwdhttp.Enforce(cfg, "/sign-in", "/sign-out", "/assets/")(mux))
//
// No reply repeats what was sent, except a login or a code that a page asks to
// correct; none may be cached, and nothing that a request says about hosts or
// protocols finds its way into a reply or a message. A request that another site
// makes a browser send is refused, by [http.CrossOriginProtection]; where a site
// answers such requests on purpose (CORS), that is left to a handler around these.
package passwdhttp
