package passwd

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func testRing(t *testing.T, k Keys) keyring {
	t.Helper()
	ring, err := newKeyring(k)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestCodesAreUniform(t *testing.T) { // T1
	ring := testRing(t, RandomKeys())
	const n = 20_000
	var first [10]int
	for range n {
		code := string(ring.code(newSeed()))
		if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("code of %d characters", len(code))
		}
		first[code[0]-'0']++
	}
	for digit, count := range first { // 2,000 expected, standard deviation 42
		if count < n/10-300 || count > n/10+300 {
			t.Errorf("digit %d leads %d of %d codes", digit, count, n)
		}
	}
}

func TestSeedsGrowTheSameTokenAndNoOther(t *testing.T) {
	ring := testRing(t, RandomKeys())
	s := newSeed()
	seen := map[Token]bool{}
	for _, p := range []Purpose{PurposeReset, PurposeCode, PurposeTicket, PurposeCancel} {
		token := ring.token(s, p)
		again := ring.token(s, p)
		if token != again || !token.plausible() || seen[token] {
			t.Errorf("purpose %s", p)
		}
		seen[token] = true
	}
	if first, again := ring.code(s), ring.code(s); first != again {
		t.Error("two codes of one seed")
	}
}

func TestDigestsAreBoundToPurposeAndKey(t *testing.T) { // T2, T6
	old, fresh := RandomKeys(), RandomKeys()
	a := testRing(t, old)
	token := a.token(newSeed(), PurposeReset)
	reset, cancel := a.ref(PurposeReset, token), a.ref(PurposeCancel, token)
	if reset.Digest == cancel.Digest {
		t.Error("two purposes share a digest")
	}
	if other := testRing(t, fresh).ref(PurposeReset, token); other.Digest == reset.Digest {
		t.Error("two keys make one digest")
	}
	fresh.Previous = [][]byte{old.Current}
	refs := testRing(t, fresh).refs(PurposeReset, token)
	if len(refs) != 2 || refs[1] != reset {
		t.Error("a rotated key is not tried")
	}
}

func TestMacPartsDoNotRunTogether(t *testing.T) {
	key := make([]byte, 32)
	if mac(key, "ab", "c") == mac(key, "a", "bc") || mac(key, "ab") == mac(key, "ab", "") {
		t.Error("two lists of parts make one digest")
	}
}

func TestSealedJobs(t *testing.T) {
	ring := testRing(t, RandomKeys())
	sealed := ring.seal("id-1", []byte("the content"))
	if plain, _, err := ring.open("id-1", sealed); err != nil || string(plain) != "the content" {
		t.Errorf("open: %v", err)
	}
	for i := range sealed {
		spoilt := []byte(string(sealed))
		spoilt[i] ^= 1
		if _, _, err := ring.open("id-1", spoilt); err == nil {
			t.Fatalf("byte %d may be changed", i)
		}
	}
	for name, try := range map[string]func() ([]byte, keyring, error){
		"another id":  func() ([]byte, keyring, error) { return ring.open("id-2", sealed) },
		"another key": func() ([]byte, keyring, error) { return testRing(t, RandomKeys()).open("id-1", sealed) },
		"cut":         func() ([]byte, keyring, error) { return ring.open("id-1", sealed[:5]) },
		"nothing":     func() ([]byte, keyring, error) { return ring.open("id-1", nil) },
	} {
		if _, _, err := try(); err == nil {
			t.Errorf("%s opens it", name)
		}
	}
}

func TestSecretsRedactThemselves(t *testing.T) { // I7
	secret := "9NdkX3secret"
	values := map[string]any{
		"token": Token(secret), "code": OneTimeCode(secret), "hash": Hash(secret),
		"message": Message{Token: Token(secret), Code: OneTimeCode(secret), At: time.Unix(0, 0)},
		"account": Account{Hash: Hash(secret)},
		"write":   Write{IfHash: Hash(secret), NewHash: Hash(secret)},
		"pointer": &struct{ T *Token }{new(Token)},
	}
	for name, v := range values {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown := string(encoded)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown += fmt.Sprintf(verb, v)
		}
		if strings.Contains(shown, secret) || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
			t.Errorf("%s shows its secret", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	ring, err := newKeyring(RandomKeys())
	if err != nil {
		f.Fatal(err)
	}
	f.Add("id", ring.seal("id", []byte("{}")))
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, id string, sealed []byte) {
		if plain, _, err := ring.open(id, sealed); err == nil && string(plain) != "{}" {
			t.Fatal("a forgery opened")
		}
	})
}
