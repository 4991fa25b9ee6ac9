package session

import (
	"context"
	"errors"

	"github.com/passwd-go/passwd"
)

// List returns the live sessions of an account, the most recently used first, for a
// page on which its owner sees the devices that are signed in, such as that of
// passwdhttp.Config.Sessions. Error: passwd.ErrUnavailable.
func (m *Manager) List(ctx context.Context, account passwd.Ref) ([]Session, error) {
	records, err := m.store.ListSessions(ctx, account, m.now())
	if err != nil {
		return nil, m.fault(ctx, err)
	}
	sessions := make([]Session, len(records))
	for i, r := range records {
		sessions[i] = r.Session
	}
	return sessions, nil
}

// End ends one session of an account. A session that is unknown, or another
// account's, is not an error, and nothing ends. Errors: passwd.ErrInvalidRequest for
// the id "", passwd.ErrUnavailable.
func (m *Manager) End(ctx context.Context, account passwd.Ref, id string) error {
	if id == "" {
		return passwd.ErrInvalidRequest
	}
	_, err := m.end(ctx, account, Filter{ID: id}, "revoked")
	return err
}

// EndOthers ends all sessions of an account but the one whose ID is keep, and reports
// how many. Errors: passwd.ErrInvalidRequest if keep is "", passwd.ErrUnavailable.
func (m *Manager) EndOthers(ctx context.Context, account passwd.Ref, keep string) (int, error) {
	if keep == "" {
		return 0, passwd.ErrInvalidRequest
	}
	return m.end(ctx, account, Filter{Except: keep}, "revoked")
}

// EndAll ends all sessions of an account, and reports how many. Whatever else the
// password opened, JWTs above all, is ended by passwd.Service.Revoke. Error:
// passwd.ErrUnavailable.
func (m *Manager) EndAll(ctx context.Context, account passwd.Ref) (int, error) {
	return m.end(ctx, account, Filter{}, "revoked")
}

// SignOut ends the session that a token belongs to, whether it is the access token or
// a refresh token. A token without a live session is not an error (RFC 7009 §2.2).
// Error: passwd.ErrUnavailable.
func (m *Manager) SignOut(ctx context.Context, token string) error {
	for _, k := range []Kind{Access, Refresh} {
		r, _, _, err := m.find(ctx, k, token)
		if errors.Is(err, passwd.ErrEnded) {
			continue
		}
		if err == nil {
			_, err = m.end(ctx, r.Account, Filter{ID: r.ID}, "signed_out")
		}
		return err
	}
	return nil
}

func (m *Manager) end(ctx context.Context, account passwd.Ref, f Filter, reason string) (int, error) {
	n, err := m.store.EndSessions(ctx, account, f)
	if err != nil {
		return 0, m.fault(ctx, err)
	}
	if n > 0 {
		m.observe(ctx, EventEnded, outcomeSuccess, account, reason, passwd.Client{})
	}
	return n, nil
}
