package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"gorm.io/gorm"
)

// What the app does with its users. The lines that name the library are all that it adds here.

type typed struct{ Email, Name, Password, Token string }

// read reads the body of a request.
func read(c *gin.Context) (in typed, err error) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10)
	if c.ShouldBindJSON(&in) != nil {
		err = passwd.ErrInvalidRequest
	}
	in.Email = passwd.Fold(in.Email)
	return in, err
}

func (u user) ref() passwd.Ref { return passwd.Ref{ID: strconv.FormatUint(u.ID, 10)} }

func (a *app) signUp(c *gin.Context) error {
	in, err := read(c)
	if err != nil {
		return err
	}
	u, client, signedIn := user{Email: in.Email, Name: in.Name}, passwdhttp.ClientOf(a.config, c.Request), passwd.SignedIn{}
	err = a.db.WithContext(c.Request.Context()).Transaction(func(tx *gorm.DB) error { // a user with a password, or none
		if err := tx.Create(&u).Error; err != nil {
			return taken(err)
		}
		signedIn, err = a.service.With(a.store.Within(tx.Statement.ConnPool)).SetFirst(c.Request.Context(), u.ref(), in.Password, client)
		return err
	})
	if err == nil {
		err = a.begin(c.Writer, c.Request, signedIn)
	}
	if err != nil {
		return err
	}
	a.service.Admitted(c.Request.Context(), signedIn, client)
	return a.sendConfirmation(confirmation{u.ID, u.Email, u.Email, time.Now()})
}

func (a *app) invite(c *gin.Context) error {
	in, err := read(c)
	if err != nil {
		return err
	}
	if who, err := a.user(c); err != nil || who.Email != "root@example.com" { // who may is for the app to know
		return errors.Join(err, passwd.ErrUnauthenticated)
	}
	now := time.Now()
	u := user{Email: in.Email, Name: in.Name, EmailVerifiedAt: &now}
	return a.db.WithContext(c.Request.Context()).Transaction(func(tx *gorm.DB) error { // the mail goes out once the user is there
		if err := tx.Create(&u).Error; err != nil {
			return taken(err)
		}
		return a.service.With(a.store.Within(tx.Statement.ConnPool)).Invite(c.Request.Context(), u.ref(), passwd.EmailChannel, passwdhttp.ClientOf(a.config, c.Request))
	})
}

// taken says that an address is somebody's already.
func taken(err error) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return passwd.ErrLoginTaken
	}
	return err
}

// confirmation says that who reads the mail of New may have it in the place of Old.
type confirmation struct {
	User     uint64
	Old, New string
	At       time.Time
}

func (a *app) sendConfirmation(c confirmation) error {
	plain, err := json.Marshal(c)
	a.mail(c.New, "confirm_email "+a.origin+"/#/confirm?token="+a.service.SealForm("email", plain))
	return err
}

func (a *app) askEmail(c *gin.Context) error {
	in, err := read(c)
	if err != nil {
		return err
	}
	u, err := a.withPassword(c, in.Password)
	if err != nil {
		return err
	}
	return a.sendConfirmation(confirmation{u.ID, u.Email, in.Email, time.Now()})
}

func (a *app) confirmEmail(c *gin.Context) error {
	in, err := read(c)
	if err != nil {
		return err
	}
	plain, ok := a.service.OpenForm("email", in.Token)
	var to confirmation
	if !ok || json.Unmarshal(plain, &to) != nil || time.Since(to.At) > 24*time.Hour {
		return passwd.ErrTokenInvalid
	}
	err = a.db.WithContext(c.Request.Context()).Transaction(func(tx *gorm.DB) error {
		done := tx.Model(&user{}).Where("id = ? AND email = ?", to.User, to.Old).Updates(map[string]any{"email": to.New, "email_verified_at": time.Now()})
		if done.Error != nil || to.Old == to.New {
			return taken(done.Error)
		}
		if done.RowsAffected == 0 {
			return passwd.ErrTokenInvalid // it has another by now
		}
		_, err := a.service.With(a.store.Within(tx.Statement.ConnPool)).Revoke(c.Request.Context(), passwd.Revoke{Account: user{ID: to.User}.ref()})
		return err
	})
	if err == nil && to.Old != to.New {
		a.mail(to.Old, "email_changed")
	}
	return err
}

func (a *app) delete(c *gin.Context) error {
	in, err := read(c)
	if err != nil {
		return err
	}
	u, err := a.withPassword(c, in.Password)
	if err == nil {
		err = a.db.WithContext(c.Request.Context()).Delete(&u).Error
	}
	if err == nil {
		err = a.service.Forget(c.Request.Context(), u.ref())
	}
	return err
}
