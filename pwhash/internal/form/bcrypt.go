// Package form reads the syntax that several hash formats share.
package form

import "strings"

// bcryptAlphabet is the base64 of bcrypt, in the order of its values.
const bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// BcryptCost returns the cost of a bcrypt hash with one of these letters: "$2", a
// letter, "$", two digits of cost, "$", and 22 characters of salt and 31 of digest,
// both without stray bits at the end. What bcrypt implementations take beyond that
// is nobody's hash.
func BcryptCost(s, letters string) (cost uint64, ok bool) {
	if len(s) != 60 || s[:2] != "$2" || !strings.Contains(letters, s[2:3]) || s[3] != '$' || s[6] != '$' {
		return 0, false
	}
	if strings.Trim(s[7:], bcryptAlphabet) != "" || strings.Trim(s[4:6], "0123456789") != "" {
		return 0, false
	}
	// 16 bytes of salt leave 4 bits of the last character unused, 23 of digest 2.
	if strings.IndexByte(bcryptAlphabet, s[28])%16 != 0 || strings.IndexByte(bcryptAlphabet, s[59])%4 != 0 {
		return 0, false
	}
	return uint64(s[4]-'0')*10 + uint64(s[5]-'0'), true
}
