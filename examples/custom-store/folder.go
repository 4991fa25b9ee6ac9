// 97 lines without blank lines and comments: the files.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/passwd-go/passwd"
)

// Open reads the accounts in a folder, which is made if there is none, and keeps it
// from other processes until Close. A file that is not to be understood is an error:
// to go on without it would be to lose an account, or to bring a spent token back.
func Open(folder string) (_ *Store, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	s := &Store{
		root: root, docs: map[passwd.Ref]*document{},
		logins: map[passwd.Login][]passwd.Ref{}, tokens: map[passwd.TokenRef]passwd.Ref{},
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open() (err error) {
	if s.unlock, err = lockFolder(s.root); err != nil {
		return err
	}
	files, err := fs.Glob(s.root.FS(), "*.json") // and so not what a crash has left of a write
	if err != nil {
		return err
	}
	for _, name := range files {
		data, err := s.root.ReadFile(name)
		if err != nil {
			return err
		}
		d, err := decode(data)
		if err != nil || name != fileName(d.Ref) {
			return errors.Join(fmt.Errorf("%s is damaged, or has another name than it should", name), err)
		}
		s.show(d.Ref, d)
	}
	return nil
}

// Close ends the use of the folder. There is nothing to be saved.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.root.Close()
	if s.unlock != nil {
		err = errors.Join(err, s.unlock())
		s.unlock = nil
	}
	return err
}

// fileName is made of the name of an account, and has nothing of it: neither what
// a path cannot have, nor a case for a file system to ignore.
func fileName(r passwd.Ref) string {
	name, err := json.Marshal([]string{r.Tenant, r.ID})
	if err != nil {
		panic(err) // two strings
	}
	sum := sha256.Sum256(name)
	return hex.EncodeToString(sum[:16]) + ".json"
}

// unfinished is where files are written, one at a time. The next write overwrites
// what a crash has left there.
const unfinished = "unfinished"

// replace writes a file, wholly or not at all: it is complete, and on the disk,
// before it takes the place of the old one.
func replace(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := root.Rename(unfinished, name); err != nil {
		return err
	}
	return settle(root)
}

func remove(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil {
		return err
	}
	return settle(root)
}

// settle has the folder on the disk as it is now. If it cannot be said to be there,
// a power cut may bring the old file back: the one case in which nobody knows.
func settle(root *os.Root) error {
	if err := syncFolder(root); err != nil {
		return fmt.Errorf("%w: %w", passwd.ErrOutcomeUnknown, err)
	}
	return nil
}
