package passwd_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/argon2"
)

// cheapArgon2 is for tests of the service with a real hasher.
var cheapArgon2 = pwhash.Argon2id{KiB: 64, Passes: 1, InsecureCosts: true}

// cheapWith is a hash of cheapArgon2 of a password in any form, as another stack
// makes it.
func cheapWith(password string) passwd.Hash {
	salt := []byte("0123456789abcdef")
	tag := argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)
	return passwd.Hash("$argon2id$v=19$m=64,t=1,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(tag))
}

func pepperKey(id string) pwhash.PepperKey {
	return pwhash.PepperKey{ID: id, Key: bytes.Repeat([]byte(id), 32)}
}

func peppered(p pwhash.Pepper) pwhash.Argon2id {
	hasher := cheapArgon2
	hasher.Pepper = p
	return hasher
}

// What is wrong with a pepper is an error of New.
func TestNewChecksThePepper(t *testing.T) {
	cfg := goodConfig()
	cfg.Hasher = peppered(pwhash.Pepper{Current: pwhash.PepperKey{ID: "a", Key: make([]byte, 13)}})
	if _, err := passwd.New(cfg); err == nil {
		t.Error("a key of 13 bytes was taken")
	}
}

// A key that is missing answers unavailable, is no failure, and is reported; with
// it back, everybody signs in and is keyed anew.
func TestPepperAtSignIn(t *testing.T) {
	one, two := pepperKey("one"), pepperKey("two")
	stored, err := peppered(pwhash.Pepper{Current: one}).Hash(t.Context(), adaPassword)
	if err != nil {
		t.Fatal(err)
	}
	row := ada()
	row.Ref.ID, row.Active, row.Hash = "1", true, stored

	var events []passwd.Event
	broken := passwdtest.New(t, passwd.Config{
		Hasher:   peppered(pwhash.Pepper{Current: two}),
		Limits:   passwd.Limits{SignIn: passwd.Limit{Free: 3, Wait: 1e9, MaxWait: 1e9}},
		Observer: passwd.ObserverFunc(func(_ context.Context, e passwd.Event) { events = append(events, e) }),
	})
	broken.Store.Set(row)
	for range 20 { // far more than would be let through as failures
		_, err := signIn(broken, "ada", adaPassword)
		wantErr(t, err, passwd.ErrUnavailable)
		wantErr(t, err, pwhash.ErrPepperKey)
		if code := passwd.CodeOf(err); code != passwd.CodeUnavailable {
			t.Fatalf("code is %q", code)
		}
	}
	for _, e := range events {
		if e.Name != passwd.EventUnavailable || e.Reason != "pepper_key" {
			t.Fatalf("event %+v", e)
		}
	}
	if len(events) != 20 || account(t, broken, row.Ref).Hash != stored {
		t.Errorf("%d events, and the hash is %q", len(events), string(account(t, broken, row.Ref).Hash))
	}

	both := passwdtest.New(t, passwd.Config{Hasher: peppered(pwhash.Pepper{Current: two, Previous: []pwhash.PepperKey{one}})})
	both.Store.Set(row)
	_, err = signIn(both, "ada", newPassword)
	wantErr(t, err, passwd.ErrWrongCredentials)
	if account(t, both, row.Ref).Hash != stored { // H4
		t.Error("a wrong password changed the hash")
	}
	mustSignIn(t, both, "ada", adaPassword)
	rotated := account(t, both, row.Ref).Hash
	if info, err := both.Service.Inspect(rotated); err != nil || info.KeyID != "two" || info.Stale {
		t.Errorf("after the sign-in: %+v, %v", info, err)
	}
	mustSignIn(t, both, "ada", adaPassword)
	if account(t, both, row.Ref).Hash != rotated {
		t.Error("hashed again for nothing")
	}
}
