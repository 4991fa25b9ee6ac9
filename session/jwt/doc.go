// Package jwt issues and verifies JSON Web Tokens that end with the password:
// each carries the epoch of its account, and is refused once that has moved.
//
// Use it where a client, or a documented format, wants a JWT, or where a token must
// name its account to its reader. For sessions that can be listed, refreshed and
// ended one by one, use package session. A JWT is good until it expires or the
// epoch moves, whichever is first: keep the TTL short.
//
//	tokens, err := jwt.New(jwt.Config{
//		Purpose: "api", Issuer: "https://app.example.com", Keys: keys, Live: svc.Live,
//	})
//	token, err := tokens.Issue(in)                    // after svc.SignIn
//	claims, err := tokens.Verify(ctx, bearer)         // on each request
//
// # What is verified
//
// An [Authority] has one purpose and one algorithm, HS256 or EdDSA. Its keys are
// derived from the service's for that purpose and algorithm, so that no token of
// another purpose verifies, whatever it says of itself; the purpose is also a
// claim. What a token says about its algorithm or key has no effect: the header
// must match the authority's own, and key material in it (jwk, jku, x5u, x5c) is
// never looked at. Issuer, audience, expiry and, when present, "nbf" are verified
// without leeway unless Config.Leeway allows some. Text longer than 4 KiB is
// refused before it is parsed.
//
// # Keys
//
// To rotate, make the new key Current and the old one the first of Previous, for
// as long as tokens live. [Authority.VerificationKeys] hands keys to other programs
// that verify: public ones for EdDSA, the secret ones for HS256. Such a program
// cannot check the epoch unless it asks passwd.Service.Live; if it does not, it
// accepts tokens until they expire.
package jwt
