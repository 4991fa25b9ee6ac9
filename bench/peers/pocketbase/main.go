// Pocketbase is PocketBase as a library, with its own collection of users.
package main

import (
	"log"
	"net/http"
	"strings"

	"github.com/passwd-go/passwd/bench/peers/app"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	if err := run(app.Parse()); err != nil {
		log.Fatal(err)
	}
}

func run(f app.Flags) error {
	pb := pocketbase.NewWithConfig(pocketbase.Config{DefaultDataDir: f.DB, HideStartBanner: true})
	if err := pb.Bootstrap(); err != nil {
		return err
	}
	if err := pb.RunAllMigrations(); err != nil {
		return err
	}
	if err := addUsers(pb, f); err != nil {
		return err
	}
	mail := new(app.Mailbox)
	pb.OnMailerRecordPasswordResetSend().BindFunc(func(e *core.MailerRecordEvent) error {
		token, _ := e.Meta["token"].(string)
		mail.Put(app.Mail{To: e.Record.Email(), Token: token})
		return nil
	})
	pb.OnMailerRecordAuthAlertSend().BindFunc(func(*core.MailerRecordEvent) error { return nil })
	pb.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/dev/messages", func(e *core.RequestEvent) error {
			forgetResends(pb)
			return e.JSON(http.StatusOK, mail.Take())
		})
		e.Router.GET("/dev/whoami", func(e *core.RequestEvent) error {
			return e.JSON(http.StatusOK, map[string]string{"account": e.Auth.Id})
		}).Bind(apis.RequireAuth("users"))
		return e.Next()
	})
	return apis.Serve(pb, apis.ServeConfig{HttpAddr: f.Addr})
}

// forgetResends lets the same account be asked for again: PocketBase sends one link in
// two minutes.
func forgetResends(pb core.App) {
	for key := range pb.Store().GetAll() {
		if strings.HasPrefix(key, "@limitPasswordResetEmail_") {
			pb.Store().Remove(key)
		}
	}
}

// addUsers fills the collection with accounts of one hash.
func addUsers(pb core.App, f app.Flags) error {
	users, err := pb.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	cost := bcrypt.DefaultCost
	if f.Cheap {
		cost = bcrypt.MinCost
		users.Fields.GetByName("password").(*core.PasswordField).Cost = cost
		if err := pb.Save(users); err != nil {
			return err
		}
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(app.Password), cost)
	if err != nil {
		return err
	}
	return pb.RunInTransaction(func(tx core.App) error {
		for n := range f.Users {
			record := core.NewRecord(users)
			record.SetEmail(app.Address(n))
			record.SetVerified(true)
			record.RefreshTokenKey()
			record.SetRaw("password", &core.PasswordFieldValue{Hash: string(hash)})
			if err := tx.Save(record); err != nil {
				return err
			}
		}
		return nil
	})
}
