package wire

import (
	"errors"
	"net/http"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// Bearer returns an Authenticate for [Profile] whose access tokens are those of a
// session.Manager. Somebody who must change their password is let through, to do
// just that. The session tokens of [SignIn], which live long and are good for a new
// JWT alone, are refused.
func Bearer(m *session.Manager) func(*http.Request) (Principal, error) {
	return func(r *http.Request) (Principal, error) {
		token, ok := bearerToken(r)
		if !ok {
			return Principal{}, passwd.ErrUnauthenticated
		}
		s, err := m.Check(r.Context(), token)
		if err != nil && !errors.Is(err, passwd.ErrChangeRequired) {
			return Principal{}, err
		}
		if s.Client == signInClient {
			return Principal{}, passwd.ErrEnded // another format's token
		}
		return Principal{Account: s.Account, Epoch: s.Epoch, Session: s.ID, checked: true}, nil
	}
}

// bearerToken returns the token of the Authorization header (RFC 6750 §2.1).
func bearerToken(r *http.Request) (string, bool) {
	sent := r.Header.Values("Authorization")
	if len(sent) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	token = strings.TrimLeft(token, " ")
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}
