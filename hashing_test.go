package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/bcrypt"
)

const (
	composed   = "caf\u00e9 au lait 1843"
	decomposed = "cafe\u0301 au lait 1843"
)

// recorder is a hasher that remembers what it was asked to verify.
type recorder struct {
	pwhash.Argon2id
	mu    *sync.Mutex
	asked *[]string // hash and password
}

func newRecorder() recorder {
	return recorder{Argon2id: cheapArgon2, mu: new(sync.Mutex), asked: new([]string)}
}

func (r recorder) Verify(ctx context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	r.mu.Lock()
	*r.asked = append(*r.asked, string(h)+" "+password)
	r.mu.Unlock()
	return r.Argon2id.Verify(ctx, h, password)
}

// take returns what was asked since the last call.
func (r recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := *r.asked
	*r.asked = nil
	return asked
}

func bcryptOf(t *testing.T, password string) passwd.Hash {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return passwd.Hash(h)
}

// A hash that another stack made of a password in another form than NFC still
// opens the account, once, and is replaced by one of NFC.
func TestImportedForm(t *testing.T) {
	for name, stored := range map[string]passwd.Hash{
		"bcrypt":   bcryptOf(t, decomposed),
		"argon2id": cheapWith(decomposed), // as other stacks write it too
	} {
		kit := passwdtest.New(t, passwd.Config{Hasher: cheapArgon2})
		row := ada()
		row.Ref.ID, row.Active, row.Hash = "1", true, stored
		kit.Store.Set(row)
		// NFC of it was never the password.
		_, err := signIn(kit, "ada", composed)
		wantErr(t, err, passwd.ErrWrongCredentials)
		if account(t, kit, row.Ref).Hash != stored {
			t.Fatalf("%s: replaced without a match", name)
		}
		before := mustSignIn(t, kit, "ada", decomposed)
		if account(t, kit, row.Ref).Hash == stored {
			t.Errorf("%s: not replaced", name)
		}
		for _, form := range []string{composed, decomposed} {
			if in := mustSignIn(t, kit, "ada", form); in.Epoch != before.Epoch { // no session ends
				t.Errorf("%s: the upgrade moved the epoch", name)
			}
		}
	}
}

// I6: for one typed password, the work is the same whoever is asked for: one
// comparison if it is in NFC, two if it is not.
func TestSameWorkForEveryForm(t *testing.T) {
	r := newRecorder()
	kit := passwdtest.New(t, passwd.Config{Hasher: r})
	rows := map[string]passwd.Hash{"own": cheapWith(adaPassword), "imported": bcryptOf(t, adaPassword), "none": "", "odd": "$odd$"}
	for name, h := range rows {
		kit.Store.Set(passwd.Account{Ref: passwd.Ref{ID: name}, Username: name, Active: true, Hash: h})
	}
	r.take()
	for _, who := range []string{"own", "imported", "none", "odd", "nobody"} {
		for password, want := range map[string]int{"wrong password": 1, composed: 1, decomposed: 2, "\xff": 1} {
			_, err := signIn(kit, who, password)
			wantErr(t, err, passwd.ErrWrongCredentials)
			asked := r.take()
			asked = slices.DeleteFunc(asked, func(s string) bool { return strings.HasPrefix(s, "$odd$") }) // found out at once
			if len(asked) != want {
				t.Errorf("%s, %q: %d comparisons, want %d: %q", who, password, len(asked), want, asked)
			}
			if hashed := rows[who]; hashed != "" && who != "odd" && password != "\xff" && !strings.HasPrefix(asked[0], string(hashed)) {
				t.Errorf("%s, %q: compared with %q", who, password, asked)
			}
		}
	}
	// The right password costs one.
	mustSignIn(t, kit, "own", adaPassword)
	if asked := r.take(); len(asked) != 1 {
		t.Errorf("the right password: %q", asked)
	}
}

// One guess is one failure, in whatever form it was typed.
func TestFormIsOneFailure(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{
		Hasher: cheapArgon2,
		Limits: passwd.Limits{SignIn: passwd.Limit{Free: 10, Wait: time.Hour, MaxWait: time.Hour}},
	})
	kit.Store.Set(passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada", Active: true, Hash: bcryptOf(t, adaPassword)})
	for range 10 {
		_, err := signIn(kit, "ada", decomposed)
		wantErr(t, err, passwd.ErrWrongCredentials)
	}
	_, err := signIn(kit, "ada", decomposed)
	wantErr(t, err, passwd.ErrRateLimited)
	if stats := kit.Service.Stats(); stats.Hashed != 10 || stats.Refused != 0 || stats.Running != 0 {
		t.Errorf("%+v, want 10 turns", stats)
	}
}

// agreeable is a recorder that finds every password right, at no cost.
type agreeable struct{ recorder }

func (r agreeable) Verify(ctx context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	*r.asked = append(*r.asked, string(h)+" "+password)
	return pwhash.Verdict{Match: true, Stale: true}, nil
}

// I6: unknown logins look like the table does, and each always the same. That the
// password of a dummy is right opens nothing.
func TestDummies(t *testing.T) {
	legacy := bcryptOf(t, "a password that nobody knows")
	r := agreeable{newRecorder()}
	kit := passwdtest.New(t, passwd.Config{
		Hasher: r, Dummies: []passwd.Hash{legacy, legacy, "", legacy},
		Limits: passwd.Limits{Address: passwd.Limit{Free: 10000, Window: time.Hour}},
	})
	r.take()
	compared := func(name string) string {
		_, err := signIn(kit, name, "wrong")
		wantErr(t, err, passwd.ErrWrongCredentials)
		asked := r.take()
		if len(asked) != 1 {
			t.Fatalf("%s: %q", name, asked)
		}
		return strings.Fields(asked[0])[0]
	}
	own, legacies := map[string]bool{}, 0
	const logins = 400
	for i := range logins {
		name := fmt.Sprint("nobody", i)
		h := compared(name)
		if again := compared(strings.ToUpper(name)); again != h {
			t.Fatalf("%s is compared with %q, then with %q", name, h, again)
		}
		if h == string(legacy) {
			legacies++
		} else {
			own[h] = true
		}
	}
	// 300 expected, with a standard deviation of 8.7.
	if legacies < 250 || legacies > 350 || len(own) != 1 {
		t.Errorf("%d of %d with the legacy hash, and %d others", legacies, logins, len(own))
	}
	for _, bad := range []passwd.Hash{"x", "$2b$31$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK"} {
		cfg := goodConfig()
		cfg.Hasher, cfg.Dummies = cheapArgon2, []passwd.Hash{legacy, bad}
		if _, err := passwd.New(cfg); err == nil || !strings.Contains(err.Error(), "Config.Dummies[1]") {
			t.Errorf("%q: %v", string(bad), err)
		}
	}
}

// H4: an upgrade that loses the race, or that the store refuses, is an event and
// nothing else; a wrong password upgrades nothing.
func TestUpgradeIsBestEffort(t *testing.T) {
	stored := bcryptOf(t, adaPassword)
	for name, tt := range map[string]struct {
		rehash  func(context.Context, passwd.Ref, passwd.Hash, passwd.Hash) (bool, error)
		outcome string
	}{
		"lost":   {func(context.Context, passwd.Ref, passwd.Hash, passwd.Hash) (bool, error) { return false, nil }, "failure"},
		"failed": {func(context.Context, passwd.Ref, passwd.Hash, passwd.Hash) (bool, error) { return false, errDown }, "failure"},
		"done":   {nil, "success"},
	} {
		mem := memstore.New()
		var events []passwd.Event
		cfg := goodConfig()
		cfg.Hasher, cfg.Store = cheapArgon2, upgradeStore{mem, tt.rehash}
		cfg.Observer = passwd.ObserverFunc(func(_ context.Context, e passwd.Event) {
			if e.Name == passwd.EventRehashed {
				events = append(events, e)
			}
		})
		svc, err := passwd.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		mem.Set(passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada", Active: true, Hash: stored})
		in := passwd.SignIn{Login: login("ada"), Password: "wrong", Client: home}
		if _, err := svc.SignIn(ctx, in); !errors.Is(err, passwd.ErrWrongCredentials) || len(events) != 0 {
			t.Errorf("%s: wrong password: %v, %v", name, err, events)
		}
		in.Password = adaPassword
		if _, err := svc.SignIn(ctx, in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(events) != 1 || events[0].Outcome != tt.outcome || (events[0].Err != nil) != (name == "failed") {
			t.Errorf("%s: %+v", name, events)
		}
		if a, err := mem.Get(ctx, passwd.Ref{ID: "1"}); err != nil || (a.Hash != stored) != (name == "done") {
			t.Errorf("%s: stored is %q, %v", name, string(a.Hash), err)
		}
	}
}

// upgradeStore has another Rehash, unless that is nil.
type upgradeStore struct {
	*memstore.Store
	rehash func(context.Context, passwd.Ref, passwd.Hash, passwd.Hash) (bool, error)
}

func (s upgradeStore) Rehash(ctx context.Context, r passwd.Ref, old, better passwd.Hash) (bool, error) {
	if s.rehash == nil {
		return s.Store.Rehash(ctx, r, old, better)
	}
	return s.rehash(ctx, r, old, better)
}

// heavy is a hasher whose every verification takes a second and 40 MiB.
type heavy struct {
	slow
	each int64
}

func (h heavy) Inspect(passwd.Hash) (pwhash.Info, error) {
	return pwhash.Info{Format: "heavy", Memory: h.each}, nil
}

// I8, H7: HashMemory bounds what HashWorkers would let through.
func TestHashMemory(t *testing.T) {
	for _, tt := range []struct{ memory, each, most int64 }{
		{100, 40, 2},
		{100, 101, 1},
		{100, 10, 4},
		{-1, 1 << 40, 4},
		{0, 1 << 30, 4}, // what new hashes need is there
	} {
		synctest.Test(t, func(t *testing.T) {
			hasher := heavy{newSlow(), tt.each}
			kit := passwdtest.New(t, passwd.Config{Hasher: hasher, HashWorkers: 4, HashMemory: tt.memory})
			var wg sync.WaitGroup
			var failed atomic.Int64
			for i := range 12 {
				wg.Go(func() {
					_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login(fmt.Sprint("nobody", i)), Password: "x", Client: stranger(i)})
					if !errors.Is(err, passwd.ErrWrongCredentials) {
						failed.Add(1)
					}
				})
			}
			synctest.Wait()
			if s := kit.Service.Stats(); int64(s.Running) != tt.most || int64(s.Waiting) != 12-tt.most {
				t.Errorf("%+v: %+v", tt, s)
			}
			wg.Wait()
			if hasher.most.Load() != tt.most || failed.Load() != 0 {
				t.Errorf("%+v: %d at once, %d failed", tt, hasher.most.Load(), failed.Load())
			}
		})
	}
}

func TestServiceInspect(t *testing.T) {
	cfg := goodConfig()
	svc, err := passwd.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Inspect("x"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a hasher that cannot tell: %v", err)
	}
	cfg.Hasher = nil
	if svc, err = passwd.New(cfg); err != nil {
		t.Fatal(err)
	}
	info, err := svc.Inspect("$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK")
	if want := (pwhash.Info{Format: "bcrypt", Cost: "cost=5", Memory: 4 << 10, Stale: true}); err != nil || info != want {
		t.Errorf("%+v, %v, want %+v", info, err, want)
	}
}

// PBKDF2 and its pepper work where nothing but FIPS 140 is allowed, for short
// passwords too. The test runs itself in such a process.
func TestFIPS(t *testing.T) {
	if os.Getenv("GODEBUG") != "fips140=only" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "in FIPS mode") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	t.Log("in FIPS mode")
	for _, pepper := range []pwhash.Pepper{{}, {Current: pepperKey("k1")}} {
		h := pwhash.PBKDF2{Rounds: 1000, InsecureCosts: true, Only: true, Pepper: pepper}
		for _, password := range []string{"", "short", strings.Repeat("long", 100)} {
			stored, err := h.Hash(t.Context(), password)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := h.Verify(t.Context(), stored, password); err != nil || v != (pwhash.Verdict{Match: true}) {
				t.Errorf("%q: %+v, %v", password, v, err)
			}
			if v, err := h.Verify(t.Context(), stored, password+"x"); err != nil || v.Match {
				t.Errorf("%q: %+v, %v", password+"x", v, err)
			}
		}
	}
}
