package main

import (
	"errors"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"github.com/spf13/cobra"
)

// columns says which column of an export is what. "" is one of the usual names.
type columns struct {
	hash, salt, user, rounds string
	kind                     string
}

func (c *columns) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.kind, "input", "", "`kind` of the file: "+strings.Join(kinds, ", ")+" (default: by its name and content)")
	f.StringVar(&c.hash, "hash-column", "", "`column` with the hash (default: hash, password and their usual names)")
	f.StringVar(&c.salt, "salt-column", "salt", "`column` with the salt, where the format takes one from beside the hash")
	f.StringVar(&c.user, "user-column", "", "`column` with the login that a format hashes, such as smf")
	f.StringVar(&c.rounds, "rounds-column", "rounds", "`column` with the rounds")
	cmd.RegisterFlagCompletionFunc("input", cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp))
}

var hashColumns = []string{"hash", "password", "password_hash", "passwordHash", "encrypted_password", "password_digest", "passwd", "user_pass", "pass", "userPassword", "PasswordHash"}

// hashOf is the hash of a row, in one string: with its salt and what else the format takes.
func (c columns) hashOf(r row, f foreign.Format) (pwhash.Hash, error) {
	stored, ok := "", false
	names := hashColumns
	if c.hash != "" {
		names = []string{c.hash}
	}
	for _, name := range names {
		if stored, ok = r.fields[name]; ok {
			break
		}
	}
	if !ok {
		return "", errors.New("there is no column with a hash: see --hash-column")
	}
	if f == "" || len(foreign.Lines(f)) == 0 {
		return pwhash.Hash(stored), nil
	}
	user := c.user
	if user == "" {
		user = "user"
	}
	return joined(f, stored, map[string]string{"hash": stored, "salt": r.fields[c.salt], "user": r.fields[user], "rounds": r.fields[c.rounds]})
}

// joined puts the columns of a scheme into one, unless the hash has them all already.
func joined(f foreign.Format, stored string, parts map[string]string) (pwhash.Hash, error) {
	if parts["salt"] == "" && parts["user"] == "" && parts["rounds"] == "" || stored == "" {
		return pwhash.Hash(stored), nil
	}
	h := foreign.Hasher{Base: nothing{}, Accept: []foreign.Format{f}, SchemeSecret: "any"}
	if info, err := h.Inspect(pwhash.Hash(stored)); err == nil && info.Format == string(f) {
		return pwhash.Hash(stored), nil
	}
	return foreign.Join(f, parts)
}
