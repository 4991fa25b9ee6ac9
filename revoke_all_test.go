package passwd_test

import (
	"errors"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// A database that has gone back in time: what was opened at any epoch is dead, and
// passwords are as they are there.
func TestRevokeAll(t *testing.T) {
	for name, remember := range map[string]time.Duration{"live": 0, "from memory": time.Minute} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{InsecureLiveCache: remember})
			ref := kit.Add(t, ada(), adaPassword)
			in, err := signIn(kit, "ada", adaPassword)
			wantErr(t, err, nil)
			_, err = kit.Service.Live(t.Context(), ref, in.Epoch)
			wantErr(t, err, nil)
			n, err := kit.Service.RevokeAll(t.Context())
			if n != 1 || err != nil {
				t.Fatalf("%d accounts, %v", n, err)
			}
			_, err = kit.Service.Live(t.Context(), ref, in.Epoch)
			wantErr(t, err, passwd.ErrEnded)
			again, err := signIn(kit, "ada", adaPassword)
			if err != nil || again.Epoch <= in.Epoch+1000 {
				t.Errorf("epoch %d after %d, %v", again.Epoch, in.Epoch, err)
			}
			if e := kit.Events.Named(passwd.EventRevoked); len(e) != 1 || e[0].Reason != "all" {
				t.Errorf("events %+v", e)
			}
			if _, err := kit.Service.InTenant("").RevokeAll(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("of a tenant's service: %v", err)
			}
			if _, err := kit.Service.With(struct{ passwd.Store }{kit.Store}).RevokeAll(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("over a store that cannot: %v", err)
			}
		})
	}
}
