package breach_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// entry is a row of a corpus.
type entry struct {
	hash  string // 40 digits, upper case
	count int
}

func sha(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// known returns the i-th password of every corpus here, and unknown one of none.
func known(i int) string   { return fmt.Sprintf("known password %d", i) }
func unknown(i int) string { return fmt.Sprintf("unknown password %d", i) }

// counted is how often the i-th password occurs.
func counted(i int) int { return i%97 + 1 }

// corpus returns the first n passwords, ascending by hash.
func corpus(n int) []entry {
	all := make([]entry, n)
	for i := range all {
		all[i] = entry{sha(known(i)), counted(i)}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.hash, b.hash) })
	return all
}

func join(all []entry, newline string) []byte {
	var b bytes.Buffer
	for _, e := range all {
		fmt.Fprintf(&b, "%s:%d%s", e.hash, e.count, newline)
	}
	return b.Bytes()
}

func openFile(t testing.TB, text []byte) *breach.File {
	t.Helper()
	f, err := breach.NewFile(bytes.NewReader(text), int64(len(text)), breach.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// expect asserts the outcome of one lookup; count 0 is NotFound.
func expect(t testing.TB, s breach.Source, password string, count int) {
	t.Helper()
	got, err := s.Lookup(context.Background(), password)
	want := breach.Finding{Outcome: breach.NotFound}
	if count > 0 {
		want = breach.Finding{Outcome: breach.Found, Count: count}
	}
	if err != nil || got != want {
		t.Fatalf("Lookup(%q) = %+v, %v, want %+v", password, got, err, want)
	}
}

// expectUnavailable asserts that the source could not tell, and that its error
// gives nothing of the password away (I7).
func expectUnavailable(t testing.TB, s breach.Source, password string) error {
	t.Helper()
	got, err := s.Lookup(context.Background(), password)
	if !errors.Is(err, breach.ErrUnavailable) || got != (breach.Finding{}) {
		t.Fatalf("Lookup = %+v, %v, want ErrUnavailable", got, err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Fatalf("the error passes for one of the caller's context: %v", err)
	}
	telling(t, err, password)
	return err
}

// telling fails if an error contains the password, its hash or its prefix.
func telling(t testing.TB, err error, password string) {
	t.Helper()
	hash := sha(password)
	for _, secret := range []string{password, hash, hash[:5], hash[5:]} {
		if strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(secret)) {
			t.Fatalf("the error tells %q: %v", secret, err)
		}
	}
}

// synthetic returns an ordered corpus of n evenly spread hashes that belong to no
// password, quickly.
func synthetic(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 0, n*45)
	step := ^uint64(0) / uint64(n)
	for i := range n {
		top := uint64(i)*step + random.Uint64N(step)
		b = fmt.Appendf(b, "%016X%016X%08X:%d\n", top, random.Uint64(), random.Uint32(), 1+random.IntN(40)*random.IntN(40))
	}
	return b
}
