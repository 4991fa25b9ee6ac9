package main

import (
	"context"
	"slices"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"github.com/passwd-go/passwd/pwhash/yescrypt"
	"github.com/spf13/cobra"
)

// own are the formats of package pwhash, and of the module beside it, which have no name in
// package foreign.
var own = []string{"scrypt", "pbkdf2-sha256", "yescrypt"}

// formatNamed finds a format by its name, in any case and with or without its underscores, or
// takes a scheme as it is.
func formatNamed(name string) (foreign.Format, error) {
	if strings.Contains(name, " = ") {
		f := foreign.Format(name)
		h := foreign.Hasher{Accept: []foreign.Format{f}, SchemeSecret: "any"}
		if err := h.Validate(); err != nil {
			return "", usage("%w", err)
		}
		return f, nil
	}
	plain := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(strings.TrimPrefix(s, "foreign.")))
	}
	for _, f := range foreign.Formats() {
		if plain(string(f)) == plain(name) {
			return f, nil
		}
	}
	for _, f := range own {
		if plain(f) == plain(name) {
			return foreign.Format(f), nil
		}
	}
	return "", usage("%q is no format: passwdctl hashes formats lists them", name)
}

// nothing is a base that reads nothing.
type nothing struct{}

func (nothing) Hash(context.Context, string) (pwhash.Hash, error) { return "", pwhash.ErrFormat }

func (nothing) Verify(context.Context, pwhash.Hash, string) (pwhash.Verdict, error) {
	return pwhash.Verdict{}, pwhash.ErrFormat
}

func (nothing) Inspect(pwhash.Hash) (pwhash.Info, error) { return pwhash.Info{}, pwhash.ErrFormat }

// as makes a hasher read one format and nothing else.
func as(h foreign.Hasher, f foreign.Format) foreign.Hasher {
	h.Custom = nil
	switch f {
	case "yescrypt":
		h.Base, h.Accept, h.Custom = nothing{}, nil, []foreign.Custom{yescrypt.Format(h.Bounds)}
	case "scrypt", "pbkdf2-sha256":
		h.Accept = nil
	case foreign.Wrapped:
		h.Accept = []foreign.Format{f}
	default:
		h.Base, h.Accept = nothing{}, []foreign.Format{f}
	}
	return h
}

// candidates are all formats that a hash can be of.
func candidates(h foreign.Hasher, stored pwhash.Hash) []string {
	var all []string
	if info, err := (pwhash.Argon2id{}).Inspect(stored); err == nil {
		all = append(all, info.Format)
	}
	for _, f := range foreign.Detect(stored) {
		if !slices.Contains(all, string(f)) {
			all = append(all, string(f))
		}
	}
	h.Base, h.Accept = nothing{}, nil
	if info, err := h.Inspect(stored); err == nil {
		all = append(all, info.Format)
	}
	return all
}

func completeFormats(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all := slices.Clone(own)
	for _, f := range foreign.Formats() {
		all = append(all, string(f))
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
