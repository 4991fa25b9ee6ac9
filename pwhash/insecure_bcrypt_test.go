package pwhash_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/passwd-go/passwd/pwhash"
)

func TestInsecureBcrypt(t *testing.T) {
	const password = "correct horse battery staple"
	b := pwhash.InsecureBcrypt{Cost: 5}
	h, err := b.Hash(t.Context(), password)
	if err != nil || bcrypt.CompareHashAndPassword([]byte(h), []byte(password)) != nil {
		t.Fatalf("another program cannot read it: %v", err)
	}
	if cost, err := bcrypt.Cost([]byte(h)); cost != 5 || err != nil {
		t.Errorf("cost %d, %v", cost, err)
	}
	old, err := pwhash.InsecureBcrypt{Cost: 4}.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[pwhash.Hash]pwhash.Verdict{
		h:               {Match: true},
		old:             {Match: true, Stale: true},
		cheap(password): {Match: true},
	} {
		if v, err := b.Verify(t.Context(), stored, password); err != nil || v != want {
			t.Errorf("%.8s: %+v, %v; want %+v", string(stored), v, err, want)
		}
		if v, err := b.Verify(t.Context(), stored, "wrong"); err != nil || v != (pwhash.Verdict{}) {
			t.Errorf("%.8s, a wrong password: %+v, %v", string(stored), v, err)
		}
	}
	if v, err := hasher.Verify(t.Context(), h, password); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
		t.Errorf("by Argon2id: %+v, %v", v, err) // which replaces it
	}
	if _, err := b.Hash(t.Context(), strings.Repeat("x", b.MaxPassword()+1)); err == nil {
		t.Error("a password that bcrypt does not read to its end is hashed")
	}
	if info, err := b.Inspect(h); err != nil || info.Format != "bcrypt" || info.Stale {
		t.Errorf("%+v, %v", info, err)
	}
	for _, cost := range []int{-1, 3, 32} {
		if (pwhash.InsecureBcrypt{Cost: cost}).Validate() == nil {
			t.Errorf("cost %d is taken", cost)
		}
	}
}
