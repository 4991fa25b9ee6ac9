// Package limitkey takes a limiter's key apart: "kind:rest", or "kind:group:rest". What the
// parts are for is said at passwd.Step.
package limitkey

import "strings"

// MaxGroup is how many keys of one group a limiter keeps.
const MaxGroup = 16

// Kind returns what stands before the first ":", "" if there is none.
func Kind(key string) string {
	kind, _, ok := strings.Cut(key, ":")
	if !ok {
		return ""
	}
	return kind
}

// Group returns "kind:group" of a key that has a group, else "".
func Group(key string) string {
	if first := strings.IndexByte(key, ':'); first >= 0 {
		if second := strings.IndexByte(key[first+1:], ':'); second >= 0 {
			return key[:first+1+second]
		}
	}
	return ""
}
