package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// What the app does with its users. The lines that name the library are all that it adds here.

func (a *app) signUp(w http.ResponseWriter, r *http.Request) error {
	client, email := passwdhttp.ClientOf(a.config, r), passwd.Fold(r.PostFormValue("email"))
	var in passwd.SignedIn
	err := pgx.BeginFunc(r.Context(), a.pool, func(tx pgx.Tx) (err error) { // a user with a password, or none
		const insert = "INSERT INTO users (email, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id::text"
		var id string
		if err := tx.QueryRow(r.Context(), insert, email, r.PostFormValue("name")).Scan(&id); err != nil {
			return taken(err)
		}
		in, err = a.service.With(a.store.Within(tx)).SetFirst(r.Context(), passwd.Ref{ID: id}, r.PostFormValue("password"), client)
		return err
	})
	if err == nil {
		err = a.begin(w, r, in)
	}
	if err != nil {
		return err
	}
	passwdhttp.KeepDevice(a.config, w, in)
	a.service.Admitted(r.Context(), in, client)
	return a.sendConfirmation(confirmation{in.Account.ID, email, email, time.Now()})
}

func (a *app) invite(_ http.ResponseWriter, r *http.Request) error {
	if !a.isAdmin(r) {
		return passwd.ErrUnauthenticated
	}
	return pgx.BeginFunc(r.Context(), a.pool, func(tx pgx.Tx) error { // the mail goes out once the user is there
		const insert = "INSERT INTO users (email, name, email_verified_at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING RETURNING id::text"
		var id string
		if err := tx.QueryRow(r.Context(), insert, passwd.Fold(r.PostFormValue("email")), r.PostFormValue("name")).Scan(&id); err != nil {
			return taken(err)
		}
		return a.service.With(a.store.Within(tx)).Invite(r.Context(), passwd.Ref{ID: id}, passwd.EmailChannel, passwdhttp.ClientOf(a.config, r))
	})
}

// taken says that an address is somebody's already.
func taken(err error) error {
	if e, _ := errors.AsType[*pgconn.PgError](err); errors.Is(err, pgx.ErrNoRows) || e != nil && e.Code == "23505" {
		return passwd.ErrLoginTaken
	}
	return err
}

// confirmation says that who reads the mail of New may have it in the place of Old.
type confirmation struct {
	User, Old, New string
	At             time.Time
}

func (a *app) sendConfirmation(c confirmation) error {
	plain, err := json.Marshal(c)
	a.mail(c.New, "confirm_email "+a.origin+"/email/confirm?token="+a.service.SealForm("email", plain))
	return err
}

func (a *app) askEmail(_ http.ResponseWriter, r *http.Request) error {
	who, err := a.withPassword(r)
	if err != nil {
		return err
	}
	return a.sendConfirmation(confirmation{who.Account.ID, who.Username, passwd.Fold(r.PostFormValue("email")), time.Now()})
}

func (a *app) confirmEmail(_ http.ResponseWriter, r *http.Request) error {
	plain, ok := a.service.OpenForm("email", r.PostFormValue("token"))
	var c confirmation
	if !ok || json.Unmarshal(plain, &c) != nil || time.Since(c.At) > 24*time.Hour {
		return passwd.ErrTokenInvalid
	}
	err := pgx.BeginFunc(r.Context(), a.pool, func(tx pgx.Tx) error {
		const update = "UPDATE users SET email = $3, email_verified_at = now() WHERE id = $1 AND email = $2 AND deleted_at IS NULL"
		done, err := tx.Exec(r.Context(), update, c.User, c.Old, c.New)
		if err != nil || c.Old == c.New {
			return taken(err)
		}
		if done.RowsAffected() == 0 {
			return passwd.ErrTokenInvalid // it has another by now
		}
		_, err = a.service.With(a.store.Within(tx)).Revoke(r.Context(), passwd.Revoke{Account: passwd.Ref{ID: c.User}})
		return err
	})
	if err == nil && c.Old != c.New {
		a.mail(c.Old, "email_changed")
	}
	return err
}

func (a *app) delete(_ http.ResponseWriter, r *http.Request) error {
	who, err := a.withPassword(r)
	if err == nil {
		_, err = a.pool.Exec(r.Context(), "UPDATE users SET deleted_at = now() WHERE id = $1", who.Account.ID)
	}
	if err == nil {
		err = a.service.Forget(r.Context(), who.Account)
	}
	return err
}
