package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/storetest"
)

// TestStore holds the store to the whole contract, without a queue: it is none. After
// each case the folder is opened once more, and says the same.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Fixture{
		Open: func() (passwd.Store, error) { return Open(t.TempDir()) },
		Seed: func(ctx context.Context, s passwd.Store, accounts ...passwd.Account) error {
			for _, a := range accounts {
				if err := s.(*Store).Put(ctx, a); err != nil {
					return err
				}
			}
			return nil
		},
		Remove: func(ctx context.Context, s passwd.Store, refs ...passwd.Ref) error {
			for _, r := range refs {
				if err := s.(*Store).Remove(ctx, r); err != nil {
					return err
				}
			}
			return nil
		},
		TextIDs: true,
		Close: func(s passwd.Store) error {
			was := s.(*Store)
			folder := was.root.Name()
			if err := was.Close(); err != nil {
				return err
			}
			is, err := Open(folder)
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(is.docs, was.docs) || !reflect.DeepEqual(is.logins, was.logins) || !reflect.DeepEqual(is.tokens, was.tokens) {
				err = errors.New("another world after a restart")
			}
			return errors.Join(err, is.Close())
		},
		Lacks:  storetest.Lacks{Queue: true, Sessions: true},
		Rounds: 1, // a write waits for the disk, and a race has 64
	})
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), t.TempDir(), &out); err != nil {
		t.Fatal(err)
	}
	want := `after a restart, with Analytical-Engine-1843: passwd: wrong credentials
after a restart, with Difference-Engine-1822: <nil>
`
	if out.String() != want {
		t.Errorf("it says\n%swant\n%s", &out, want)
	}
}

// A removed account is gone for good, and whoever comes after it inherits nothing.
func TestRemove(t *testing.T) {
	s, folder := open(t, t.TempDir())
	ada := passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada", Hash: "$a hash", Active: true}
	if err := s.Put(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	epoch, err := s.Apply(t.Context(), passwd.Write{Account: ada.Ref, IfHash: ada.Hash, NewHash: "$another", History: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Remove(t.Context(), ada.Ref), s.Close()); err != nil {
		t.Fatal(err)
	}
	s, _ = open(t, folder)
	if _, err := s.Get(t.Context(), ada.Ref); !errors.Is(err, passwd.ErrNotFound) {
		t.Fatalf("after Remove and a restart: error %v", err)
	}
	if err := s.Put(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	a, err := s.Get(t.Context(), ada.Ref)
	if err != nil || a.Epoch == epoch || a.Hash != ada.Hash {
		t.Errorf("the next account of the id has the old epoch: %t, the hash of the new one: %t (%v)", a.Epoch == epoch, a.Hash == ada.Hash, err)
	}
}

// The app may give somebody another name, and the old one to somebody else.
func TestRename(t *testing.T) {
	s, _ := open(t, t.TempDir())
	ada, other := passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada"}, passwd.Account{Ref: passwd.Ref{ID: "2"}, Username: "Ada"}
	renamed := ada
	renamed.Username = "lovelace"
	for _, a := range []passwd.Account{ada, renamed, other} {
		if err := s.Put(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"lovelace": "1", "ada": "2"} {
		found, err := s.Find(t.Context(), passwd.Login{Kind: passwd.Username, Value: name}, 8)
		if err != nil || len(found) != 1 || found[0].Ref.ID != want {
			t.Errorf("%s finds %d accounts (%v), want number %s", name, len(found), err, want)
		}
	}
	if err := s.Remove(t.Context(), other.Ref); err != nil || len(s.logins) != 1 {
		t.Errorf("%d names are known, want 1 (%v)", len(s.logins), err)
	}
	if err := s.Put(t.Context(), passwd.Account{Ref: passwd.Ref{ID: "1\xff"}}); err == nil {
		t.Error("a name that no file can hold is accepted")
	}
}

// Two processes on one folder would overwrite each other's writes.
func TestLock(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no lock here")
	}
	_, folder := open(t, t.TempDir())
	if second, err := Open(folder); err == nil {
		second.Close()
		t.Error("a folder in use is opened once more")
	}
}

// A damaged file stops the start: an account must not be lost in silence.
func TestDamaged(t *testing.T) {
	s, folder := open(t, t.TempDir())
	if err := errors.Join(s.Put(t.Context(), passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada"}), s.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, fileName(passwd.Ref{ID: "1"}))
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string][]byte{"cut": data[:len(data)/2], "empty": nil, "another account's": bytes.Replace(data, []byte(`"ID": "1"`), []byte(`"ID": "2"`), 1)} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(folder); err == nil || !strings.Contains(err.Error(), filepath.Base(file)) {
			t.Errorf("%s: error %v", what, err)
			if err == nil {
				s.Close()
			}
		}
	}
}

func open(t *testing.T, folder string) (*Store, string) {
	t.Helper()
	s, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, folder
}
