package jwt

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/passwd-go/passwd"
)

// Issue makes a token for somebody who has just signed in, good for Config.TTL.
// The host calls it only if SignIn returned no error, or once the second factor
// that it asked for has been checked.
//
// A token may be bound to values, such as the device it is for: it then verifies
// only with the same values in the same order. It holds a keyed digest of them,
// so that nobody can read them in it.
//
// Errors: passwd.ErrChangeRequired if the account must change its password first;
// passwd.ErrEnded without an account or epoch; passwd.ErrInvalidRequest for an
// account whose name makes a token of more than 4 KiB, or is not UTF-8.
func (a *Authority) Issue(in passwd.SignedIn, bind ...string) (Token, error) {
	switch {
	case in.Must != passwd.NoReason:
		return "", passwd.ErrChangeRequired
	case in.Epoch <= 0 || in.Account.ID == "":
		return "", passwd.ErrEnded
	case !utf8.ValidString(in.Account.ID) || !utf8.ValidString(in.Account.Tenant):
		return "", passwd.ErrInvalidRequest
	}
	k := a.keys[0]
	h := header{Type: "JWT", Algorithm: a.method.Alg()}
	issued := a.cfg.Now().Unix()
	p := payload{
		Issuer:    a.cfg.Issuer,
		Subject:   subject{id: in.Account.ID, numeric: a.cfg.NumericSubject},
		IssuedAt:  issued,
		ExpiresAt: issued + int64(a.cfg.TTL.Seconds()),
		Epoch:     in.Epoch,
		Tenant:    in.Account.Tenant,
		Bound:     bound(k.bind, bind),
	}
	if a.cfg.Audience != "" {
		p.Audience = []string{a.cfg.Audience}
	}
	if !a.cfg.Minimal {
		h.KeyID, p.Purpose = k.id, a.cfg.Purpose
	}
	token, err := a.sign(h, p, k)
	if err == nil && len(token) > maxToken {
		err = passwd.ErrInvalidRequest
	}
	if err != nil {
		return "", err
	}
	return Token(token), nil
}

// sign puts a token together. The library would sort the header's names; clients
// that compare it want them in the documented order.
func (a *Authority) sign(h header, p payload, k key) (string, error) {
	head, errHead := json.Marshal(h)
	body, errBody := json.Marshal(p)
	if err := errors.Join(errHead, errBody); err != nil {
		return "", fmt.Errorf("jwt: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	signature, err := a.method.Sign(text, k.sign)
	if err != nil {
		return "", fmt.Errorf("jwt: signing: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
