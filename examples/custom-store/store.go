// 122 lines without blank lines and comments: what is in memory, and how it is read
// and written. The methods of passwd.Store are in accounts.go, credentials.go and
// tokens.go, the files in folder.go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/passwd-go/passwd"
)

// Store keeps each account in a file of its own. That is the whole idea: whatever
// the library writes in one step concerns one account, and one file can be
// replaced in one step. So what the app knows of somebody is in the same file as
// the hash, the epoch, the history and the tokens: a crash cannot come between.
//
// It is for one process, as a lock sees to, and for as many accounts as fit into
// memory: Open reads all files, and from then on they are only written.
//
// It is no passwd.Queue, so the service keeps its queue in memory: a crash loses
// what was not sent yet, and people ask for another link. A store that is to keep
// notices as well takes Write.Jobs into the file.
type Store struct {
	root   *os.Root
	unlock func() error

	mu     sync.Mutex // also while a file is written: one write after another
	docs   map[passwd.Ref]*document
	logins map[passwd.Login][]passwd.Ref // by compared form, in the order of the ids
	tokens map[passwd.TokenRef]passwd.Ref
}

var _ passwd.Store = (*Store)(nil)

// document is what a file holds. One that is in Store.docs never changes: a write
// edits a copy, and puts that in its place once it is on disk.
type document struct {
	passwd.Account
	Hash    string // hides Account.Hash: a passwd.Hash is written as "[redacted]", whatever writes it
	History []string
	Tokens  []passwd.TokenRecord
}

func (d *document) clone() *document {
	c := *d
	c.Personal, c.Address = slices.Clone(d.Personal), slices.Clone(d.Address)
	c.History, c.Tokens = slices.Clone(d.History), slices.Clone(d.Tokens)
	return &c
}

// account is the account as callers get it: theirs to keep and to change.
func (d *document) account() passwd.Account {
	a := d.clone().Account
	a.Hash = passwd.Hash(d.Hash)
	return a
}

// step takes the lock, unless the caller has gone. A write that has begun is not
// given up any more: it ends within milliseconds, and its caller is told how.
func (s *Store) step(ctx context.Context, do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return do()
}

// read shows look a document.
func (s *Store) read(ctx context.Context, r passwd.Ref, look func(*document) error) error {
	return s.step(ctx, func() error {
		d := s.docs[r]
		if d == nil {
			return passwd.ErrNotFound
		}
		return look(d)
	})
}

// update saves what edit makes of a document, and if edit fails, nothing of it.
// All of the library's writes are edits: none has to undo anything.
func (s *Store) update(ctx context.Context, r passwd.Ref, edit func(*document) error) error {
	return s.step(ctx, func() error {
		d := s.docs[r]
		if d == nil {
			return passwd.ErrNotFound
		}
		d = d.clone()
		if err := edit(d); err != nil {
			return err
		}
		return s.save(d)
	})
}

// save writes a document. What readers then get was decoded from the bytes in the
// file: nothing works today that would be missing after a restart.
func (s *Store) save(d *document) error {
	data, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return err
	}
	saved, err := decode(data)
	if err != nil {
		return err
	}
	if saved.Ref != d.Ref { // JSON has put something else in the place of a byte
		return errors.New("the name of an account is not UTF-8")
	}
	err = replace(s.root, fileName(d.Ref), data)
	if err == nil || errors.Is(err, passwd.ErrOutcomeUnknown) {
		s.show(d.Ref, saved)
	}
	return err
}

func decode(data []byte) (*document, error) {
	d := new(document)
	return d, json.Unmarshal(data, d)
}

// show has readers see a document, nil for none, in the place of another.
func (s *Store) show(r passwd.Ref, d *document) {
	if old := s.docs[r]; old != nil {
		for _, l := range old.logins() {
			s.logins[l] = slices.DeleteFunc(s.logins[l], func(other passwd.Ref) bool { return other == r })
			if len(s.logins[l]) == 0 {
				delete(s.logins, l)
			}
		}
		for _, t := range old.Tokens {
			delete(s.tokens, t.TokenRef)
		}
	}
	if d == nil {
		delete(s.docs, r)
		return
	}
	s.docs[r] = d
	for _, l := range d.logins() {
		s.logins[l] = append(s.logins[l], r)
		slices.SortFunc(s.logins[l], func(a, b passwd.Ref) int { return strings.Compare(a.ID, b.ID) })
	}
	for _, t := range d.Tokens {
		s.tokens[t.TokenRef] = r
	}
}

// logins are the compared forms under which an account is found.
func (d *document) logins() (all []passwd.Login) {
	for kind, value := range map[passwd.LoginKind]string{passwd.Username: d.Username, passwd.Email: d.Email, passwd.Mobile: d.Mobile} {
		if form := passwd.Fold(value); form != "" {
			all = append(all, passwd.Login{Tenant: d.Ref.Tenant, Kind: kind, Value: form})
		}
	}
	return all
}
