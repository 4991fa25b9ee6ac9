package pwhash

import "github.com/passwd-go/passwd/internal/normal"

// MaxPassword is the longest password, in bytes, that [Prepare] accepts.
const MaxPassword = normal.MaxPassword

// Prepare returns the form of a typed password to give to [Hasher]: Unicode
// normalisation form C, so that the same characters are the same password on every
// keyboard. It is false for one that must not be hashed: empty, over [MaxPassword]
// as typed or in that form, not UTF-8, or with NUL or U+FFFD in it. Nothing is ever
// trimmed, folded or cut. Where it is false at sign-in, the password is wrong.
//
// A service does this itself; Prepare is for programs that hash without one.
func Prepare(typed string) (password string, ok bool) { return normal.Password(typed) }
