package jwt

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"strings"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd"
)

// Verify returns what a token says, if it is valid: see the package comment. It
// asks Live last.
//
// Errors: passwd.ErrUnauthenticated for a text that is not a token of this
// authority, or not bound to these values; passwd.ErrEnded for one that has
// expired, or whose epoch is over; passwd.ErrChangeRequired, with the claims
// filled in nevertheless, if the account may do nothing but change its password;
// and those of Live. The first two have the same code: what is wrong is for the
// log.
func (a *Authority) Verify(ctx context.Context, token string, bind ...string) (Claims, error) {
	claims, err := a.parse(token, bind)
	if err != nil {
		return Claims{}, err
	}
	must, err := a.cfg.Live(ctx, claims.Account, claims.Epoch)
	switch {
	case err != nil:
		return Claims{}, err
	case must == passwd.Compromised: // suspended: it keeps nothing open
		return Claims{}, passwd.ErrEnded
	case must != passwd.NoReason:
		return claims, passwd.ErrChangeRequired
	}
	return claims, nil
}

// parse verifies all of a token but its epoch.
func (a *Authority) parse(token string, bind []string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, refused("too long")
	}
	if strings.ContainsAny(token, "\r\n") { // which base64 skips: one token has one spelling
		return Claims{}, refused("malformed")
	}
	var p payload
	parsed, err := a.parser.ParseWithClaims(token, &p, a.candidates)
	if err != nil {
		return Claims{}, explain(err)
	}
	if err := a.mine(parsed, p, bind); err != nil {
		return Claims{}, err
	}
	return Claims{
		Account:   passwd.Ref{Tenant: p.Tenant, ID: p.Subject.id},
		Epoch:     p.Epoch,
		IssuedAt:  time.Unix(p.IssuedAt, 0).UTC(),
		ExpiresAt: time.Unix(p.ExpiresAt, 0).UTC(),
	}, nil
}

var errHeader = errors.New("header is not the authority's own")

// candidates returns the keys that may have signed a token. The header chooses
// among them by the key id alone; whatever else it says of keys is ignored.
func (a *Authority) candidates(t *gojwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical || t.Header["typ"] != "JWT" {
		return nil, errHeader // "crit" names what a reader must understand: RFC 7515 §4.1.11
	}
	var set gojwt.VerificationKeySet
	for _, k := range a.keys {
		if a.cfg.Minimal || t.Header["kid"] == k.id {
			set.Keys = append(set.Keys, k.verify)
		}
	}
	return set, nil
}

// mine checks what a signature alone does not: that the token is for this purpose
// and bound to these values.
func (a *Authority) mine(t *gojwt.Token, p payload, bind []string) error {
	if want := a.cfg.Purpose; p.Purpose != want && !(a.cfg.Minimal && p.Purpose == "") {
		return refused("purpose")
	}
	if a.cfg.Audience == "" && len(p.Audience) > 0 {
		return refused("audience")
	}
	for _, k := range a.keys {
		if hmac.Equal([]byte(bound(k.bind, bind)), []byte(p.Bound)) {
			return nil
		}
	}
	return refused("bound to something else")
}

// refused is ErrUnauthenticated with a reason for the log, of a fixed set: none
// of the token's text is in it.
func refused(reason string) error {
	return fmt.Errorf("%w: token refused: %s", passwd.ErrUnauthenticated, reason)
}

// explain turns an error of the parser into ours.
func explain(err error) error {
	for _, e := range []struct {
		is     error
		reason string
	}{
		{gojwt.ErrTokenMalformed, "malformed"},
		{errHeader, "header"},
		{gojwt.ErrTokenUnverifiable, "algorithm or key"},
		{gojwt.ErrTokenSignatureInvalid, "signature"},
		{gojwt.ErrTokenInvalidIssuer, "issuer"},
		{gojwt.ErrTokenInvalidAudience, "audience"},
		{gojwt.ErrTokenNotValidYet, "not valid yet"},
		{gojwt.ErrTokenRequiredClaimMissing, "claims"},
		{errClaims, "claims"},
	} {
		if errors.Is(err, e.is) {
			return refused(e.reason)
		}
	}
	if errors.Is(err, gojwt.ErrTokenExpired) {
		return fmt.Errorf("%w: token has expired", passwd.ErrEnded)
	}
	return refused("claims")
}
