package main

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"net/http"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
)

// newcomer is who registers, or is invited: an account of no tenant. People sign in by
// the address, which is the login as well, so that the index of logins keeps it to one
// account.
type newcomer struct{ Name, Email string }

var errForm = errors.New("fill in a name and an email address")

// readNewcomer reads the form of both pages. An app in earnest would confirm the address
// by a mail before it trusts it; see docs/chi-pgx-scs.md.
func readNewcomer(r *http.Request) (n newcomer, err error) {
	if err := r.ParseForm(); err != nil {
		return n, errForm
	}
	n = newcomer{strings.TrimSpace(r.PostForm.Get("name")), passwd.Fold(strings.TrimSpace(r.PostForm.Get("email")))}
	address, err := netmail.ParseAddress(n.Email)
	if err != nil || address.Address != n.Email || len(n.Email) > 254 || n.Name == "" || len(n.Name) > 200 {
		return n, errForm
	}
	return n, nil
}

// find returns the account that has the address already, as email or as login.
func (n newcomer) find(ctx context.Context, db querier, on dialect) (ref passwd.Ref, known bool, err error) {
	var id int64
	err = db.QueryRowContext(ctx, on.bind(`SELECT id FROM users WHERE brand = '' AND (lower(email) = ? OR lower(login) = ?) ORDER BY id LIMIT 1`),
		n.Email, n.Email).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return ref, false, nil
	}
	return passwd.Ref{ID: strconv.FormatInt(id, 10)}, err == nil, down(err)
}

// insert makes the account, without a password. Servers that share the database do not
// share a counter: ids are drawn, small enough for JavaScript.
func (n newcomer) insert(ctx context.Context, tx *sql.Tx, on dialect) (passwd.Ref, error) {
	d := demoAccount{id: 1<<32 + rand.Int64N(1<<52), username: n.Email, email: n.Email, name: n.Name}
	return d.ref(), down(insertUser(ctx, tx, on, d, "", time.Now()))
}

// together runs f in a transaction, with the service inside it: what f inserts and what
// the service writes are there both, or neither. Events are rows as well, which wait until
// then; of what has not come to be there is none.
func (s *site) together(ctx context.Context, f func(context.Context, *sql.Tx, *passwd.Service) error) error {
	held := new(heldEvents)
	err := func() error {
		ctx := context.WithValue(ctx, heldKey{}, held)
		tx, err := s.db.BeginTx(ctx, s.db.level())
		if err != nil {
			return down(err)
		}
		defer tx.Rollback()
		if err := f(ctx, tx, s.service.With(s.store.Within(tx))); err != nil {
			return err
		}
		return down(tx.Commit())
	}()
	s.events.release(ctx, held, err == nil)
	return err
}

func (s *site) signUpForm(w http.ResponseWriter, r *http.Request) {
	s.renderSignUp(w, r, http.StatusOK, view{Base: mount})
}

// renderSignUp shows the form, with what the policy asks of a first password.
func (s *site) renderSignUp(w http.ResponseWriter, r *http.Request, status int, v view) {
	rules, err := s.service.FirstRequirements(r.Context(), passwd.Account{})
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v.Rules = locale.Printer{}.Describe(rules)
	s.render(w, r, status, "sign-up", v)
}

// renderInvite shows the form of an administrator.
func (s *site) renderInvite(w http.ResponseWriter, r *http.Request, status int, v view) {
	s.render(w, r, status, "invite", v)
}

// signUp inserts a user and sets the password in one transaction: one that the policy
// rejects leaves no user behind. Then it begins the session, as after a sign-in. It says
// that an address is taken, and so who is registered: whoever signs in at once cannot be
// told by mail instead.
func (s *site) signUp(w http.ResponseWriter, r *http.Request) {
	n, err := readNewcomer(r)
	v := view{Base: mount, Newcomer: n}
	if err != nil {
		v.Problem = "A name and an email address are needed."
		s.renderSignUp(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	var in passwd.SignedIn
	err = s.together(r.Context(), func(ctx context.Context, tx *sql.Tx, svc *passwd.Service) error {
		switch _, known, err := n.find(ctx, tx, s.db.dialect); {
		case err != nil:
			return err
		case known:
			return passwd.ErrConflict
		}
		ref, err := n.insert(ctx, tx, s.db.dialect)
		if err == nil {
			in, err = svc.SetFirst(ctx, ref, r.PostForm.Get("password"), clientOf(r))
		}
		return err
	})
	if passwd.CodeOf(err) == passwd.CodeUnavailable { // perhaps somebody was faster with the address
		if _, known, failed := n.find(r.Context(), s.db, s.db.dialect); known && failed == nil {
			err = passwd.ErrConflict
		}
	}
	if err == nil {
		s.service.Admitted(r.Context(), in, clientOf(r))
		passwdhttp.KeepDevice(s.faces(), w, in)
		err = s.sessions.begin(w, r, in)
	}
	if err != nil {
		s.refuseNewcomer(w, r, s.renderSignUp, v, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) inviteForm(w http.ResponseWriter, r *http.Request) {
	s.renderInvite(w, r, http.StatusOK, view{})
}

// devInvite is what an administrator does: it inserts a user without a password, and has
// the library send the link to set the first one with. Whoever has an account without a
// password gets another link.
func (s *site) devInvite(w http.ResponseWriter, r *http.Request) {
	n, err := readNewcomer(r)
	v := view{Newcomer: n}
	if err != nil {
		v.Problem = "A name and an email address are needed."
		s.renderInvite(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	err = s.together(r.Context(), func(ctx context.Context, tx *sql.Tx, svc *passwd.Service) error {
		ref, known, err := n.find(ctx, tx, s.db.dialect)
		if err == nil && !known {
			ref, err = n.insert(ctx, tx, s.db.dialect)
		}
		if err == nil {
			err = svc.Invite(ctx, ref, passwd.AnyChannel, clientOf(r))
		}
		return err
	})
	if err != nil {
		s.refuseNewcomer(w, r, s.renderInvite, v, err)
		return
	}
	http.Redirect(w, r, "/dev/", http.StatusSeeOther)
}

// refuseNewcomer shows the form again, with what is wrong.
func (s *site) refuseNewcomer(w http.ResponseWriter, r *http.Request, again func(http.ResponseWriter, *http.Request, int, view), v view, err error) {
	status := http.StatusUnprocessableEntity
	rejected, ok := errors.AsType[*passwd.PolicyError](err)
	switch code := passwd.CodeOf(err); {
	case ok:
		v.Problem = strings.Join(locale.Printer{}.Violations(rejected.Violations), " ")
	case errors.Is(err, passwd.ErrConflict):
		status, v.Problem = http.StatusConflict, "This address has an account with a password."
	case code == passwd.CodeBusy:
		retryAfter(w, err)
		status, v.Problem = http.StatusServiceUnavailable, "The server is busy. Try again in a second."
	default:
		s.broken(w, r, err)
		return
	}
	again(w, r, status, v)
}
