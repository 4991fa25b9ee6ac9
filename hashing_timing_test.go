package passwd_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/bcrypt"
)

// TestTimeOfUnknownLogin measures how well the time of a failed sign-in tells an
// unknown login from a wrong password (I6, F3), as the chance that a known one takes
// longer than an unknown one: 0.5 is that it tells nothing.
func TestTimeOfUnknownLogin(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("measures: set PASSWD_TEST_LONG to run it")
	}
	legacyOf := func(password string) passwd.Hash {
		h, err := bcrypt.GenerateFromPassword([]byte(password), 10)
		if err != nil {
			t.Fatal(err)
		}
		return passwd.Hash(h)
	}
	own, err := pwhash.Argon2id{}.Hash(ctx, adaPassword)
	if err != nil {
		t.Fatal(err)
	}
	legacy, nobodys := legacyOf(adaPassword), legacyOf("a password that nobody knows")
	for _, tt := range []struct {
		name        string
		rows        []passwd.Hash
		dummies     []passwd.Hash
		least, most float64 // judged only where the library claims something
	}{
		{"Argon2id", []passwd.Hash{own}, nil, 0.45, 0.55},
		{"half bcrypt, no Dummies", []passwd.Hash{own, legacy}, nil, 0, 1},
		{"half bcrypt, one bcrypt dummy", []passwd.Hash{own, legacy}, []passwd.Hash{nobodys}, 0, 1},
		{"half bcrypt, Dummies in proportion", []passwd.Hash{own, legacy}, []passwd.Hash{nobodys, ""}, 0.4, 0.6},
	} {
		kit := passwdtest.New(t, passwd.Config{
			Hasher: pwhash.Argon2id{}, Dummies: tt.dummies,
			Limits: passwd.Limits{Address: passwd.Limit{Free: 1 << 20, Window: time.Hour}},
		})
		const samples = 300
		var known, unknown []time.Duration
		fail := func(name string) time.Duration {
			began := time.Now()
			_, err := signIn(kit, name, "wrong")
			took := time.Since(began)
			wantErr(t, err, passwd.ErrWrongCredentials)
			return took
		}
		for i := range samples {
			name := fmt.Sprint("known", i)
			kit.Store.Set(passwd.Account{Ref: passwd.Ref{ID: name}, Username: name, Active: true, Hash: tt.rows[i%len(tt.rows)]})
			if rand.N(2) == 0 {
				known = append(known, fail(name))
				unknown = append(unknown, fail(fmt.Sprint("unknown", i)))
			} else {
				unknown = append(unknown, fail(fmt.Sprint("unknown", i)))
				known = append(known, fail(name))
			}
		}
		longer := 0.0
		for _, k := range known {
			for _, u := range unknown {
				if k > u {
					longer++
				} else if k == u {
					longer += 0.5
				}
			}
		}
		auc := longer / samples / samples
		t.Logf("%s: AUC %.3f", tt.name, auc)
		if auc < tt.least || auc > tt.most {
			t.Errorf("%s: AUC %.3f, want %.2f to %.2f", tt.name, auc, tt.least, tt.most)
		}
	}
}
