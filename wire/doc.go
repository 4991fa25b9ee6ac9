// Package wire serves five published API descriptions about passwords, to the
// letter: for hosts whose apps and partners speak them already. They are faces of
// one passwd.Service, as package passwdhttp is, and decide nothing about
// passwords. A new client is better served by the JSON API of passwdhttp.
//
//	Grant    password grant that changes the password; tokens   /api/change-password
//	Profile  signed-in change, forgot, submit; an envelope      /<prefix>/<version>/user/…
//	SignIn   change in order to sign in; a JWT                  /api/auth/changePasswordAfterSignin
//	Remind   reminder by e-mail, reset with e-mail and token    /v1/password/reset
//	Brand    change by identifier, brand and validation token   /auth/v1/password/change
//
// Each is a configuration struct with a method Handler. Its Base is the path below
// which its routes are; the handler strips it, and answers what it does not know
// with 404, so that it can be mounted on the base as a whole:
//
//	h, err := wire.Remind{Config: wire.Config{Service: svc}, Base: "/v1", Clients: clients, Keys: keys}.Handler()
//	mux.Handle("/v1/", h)
//
// A handler serves one tenant, but for Brand, where the brand is the tenant.
//
// # Contract and choice
//
// What a description says is kept: routes, names of fields, statuses, English
// texts. The types below say, each for its format, what is contract and what is this
// library's choice. What follows is its choice in all of them.
//
//   - POST only; another method is 405 with Allow. A body over 16 KiB is 413, a
//     media type that the format does not take 415, one that is malformed 400, a
//     request from another site 403 (http.CrossOriginProtection; a request with
//     neither Origin nor Sec-Fetch-Site passes). Over a limit is 429, overloaded
//     503, both with Retry-After. All of them have the format's own shape.
//   - Malformed means: not a single JSON object in UTF-8, a key or form field that
//     occurs twice, a lone surrogate, or a required field that is missing, empty,
//     null or of the wrong type. null in an optional field means that it is absent.
//     Unknown fields are ignored; files are not accepted. A query is ignored.
//   - Replies are never cached (Cache-Control: no-store, X-Content-Type-Options:
//     nosniff). Every 401 has WWW-Authenticate, with error="invalid_token" for a bad
//     bearer alone.
//   - First the shape of a request is checked, then the application, who is signed
//     in, the confirmation, the limiter, the credential, the account's state, and
//     the policy. Brand asks for the brand before the rest of the shape.
//   - A failed credential costs the same whether or not the account exists, and is
//     counted for the account and the client address. Requests that are malformed,
//     throttled or rejected by the policy are not. Accounts that are disabled,
//     suspended or not activated get the same answer as a wrong password; SignIn's
//     not_activated is told after the right one.
//   - Without RevealAccounts, which two of the descriptions ask for, no reply tells
//     whether an account exists.
//   - A change ends every other token of the account and every link that was sent;
//     the access token that made it stays good. A reset ends all. The owner is told.
//   - Texts are the documented English ones, unless Localize is set; Grant always
//     follows Accept-Language, as its description includes the header.
//   - Set passwd.Config.Admit where accounts have a second factor: Grant, SignIn and
//     Brand then refuse them, as these formats have no place for one.
//
// Each format has a method OpenAPI, which returns its OpenAPI 3.1 document.
package wire
