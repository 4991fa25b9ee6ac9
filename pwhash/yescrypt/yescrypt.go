// Package yescrypt verifies the $y$ hashes of crypt(3), with which current Linux
// distributions fill /etc/shadow, for a [foreign.Hasher]:
//
//	foreign.Hasher{Custom: []foreign.Custom{yescrypt.Format(pwhash.Bounds{})}}
//
// It is a module of its own, for what it stands on: golang.org/x/crypto has no
// yescrypt, and github.com/go-crypt/x has its author's.
package yescrypt

import (
	"crypto/subtle"
	"fmt"
	"strings"

	"github.com/go-crypt/x/yescrypt"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

const (
	itoa64    = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	tagLength = 43 // 32 bytes
)

// Format reads $y$ with the parameters that libxcrypt writes: its flavour "j", N from 2^10 to
// 2^18, r from 1 to 32, no p, t or ROM. It also reads them behind {CRYPT}, as LDAP and
// Dovecot have them. Bounds are those of scrypt, whose memory yescrypt takes, 128·N·r.
func Format(bounds pwhash.Bounds) foreign.Custom {
	return foreign.Custom{Name: "yescrypt", Parse: func(stored string) (foreign.Parsed, error) {
		return parse(stored, bounds)
	}}
}

func parse(stored string, bounds pwhash.Bounds) (foreign.Parsed, error) {
	const mark = "{CRYPT}"
	if len(stored) > len(mark) && strings.EqualFold(stored[:len(mark)], mark) {
		stored = stored[len(mark):]
	}
	rest, ok := strings.CutPrefix(stored, "$y$")
	if !ok {
		return foreign.Parsed{}, pwhash.ErrFormat
	}
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return foreign.Parsed{}, malformed("")
	}
	params, salt, tag := f[0], f[1], f[2]
	if len(params) != 3 || params[0] != 'j' || strings.Trim(params, itoa64) != "" {
		return foreign.Parsed{}, malformed("parameters")
	}
	if len(salt) < 2 || len(salt) > 86 || strings.Trim(salt, itoa64) != "" || yescrypt.Decode64([]byte(salt)) == nil {
		return foreign.Parsed{}, malformed("salt")
	}
	if len(tag) != tagLength || strings.Trim(tag, itoa64) != "" {
		return foreign.Parsed{}, malformed("tag")
	}
	log2, r := uint64(strings.IndexByte(itoa64, params[1]))+1, uint64(strings.IndexByte(itoa64, params[2]))+1
	if log2 < 10 || log2 > 18 || r > 32 {
		return foreign.Parsed{}, malformed("parameters")
	}
	if err := bounds.Scrypt(1<<log2, r, 1); err != nil {
		return foreign.Parsed{}, err
	}
	return foreign.Parsed{
		Cost:   fmt.Sprintf("N=%d,r=%d", 1<<log2, r),
		Memory: int64(128 * r << log2),
		Match: func(password string) (bool, error) {
			if strings.Contains(password, "\x00") { // which ends a C string
				return false, nil
			}
			again, err := yescrypt.Hash([]byte(password), []byte(stored))
			if err != nil {
				return false, fmt.Errorf("yescrypt: %w", err)
			}
			return subtle.ConstantTimeCompare(again, []byte(stored)) == 1, nil
		},
	}, nil
}

func malformed(field string) error {
	return &pwhash.FormatError{Problem: pwhash.Malformed, Formats: []string{"yescrypt"}, Field: field}
}
