package passwdhttp

import (
	"net/url"
	"strings"
)

// maxNext is more than any page of a site needs, and less than servers take.
const maxNext = 2048

// SafeNext returns next if a browser that is sent there stays on the site, else "".
// It is for the host's own sign-in, to which the pages and [Enforce] lead with the
// parameter next, and for anything else that redirects to where a request says:
//
//	next := cmp.Or(passwdhttp.SafeNext(r.URL.Query().Get("next")), "/")
//
// What it returns is a path on the origin, of at most 2048 bytes, with any query and
// fragment that it had: one slash at its beginning, no empty or dot segments, in
// printable ASCII without backslashes, percent signs notwithstanding. Whether there
// is such a page, and who may see it, is for the host to decide.
func SafeNext(next string) string {
	if !safeNext(next) {
		return ""
	}
	return next
}

// safeNext reports whether a browser that is sent to next stays on the site: next
// is a path of one leading slash, perhaps with a query or fragment, in printable
// ASCII. Browsers take a backslash for a slash, pass over tabs and line ends, and
// resolve dot segments, after which "/.//evil" is "//evil": none may occur, percent
// signs notwithstanding.
func safeNext(next string) bool {
	if len(next) > maxNext || strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(next)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && u.Opaque == "" && safePath(u.Path)
}

// safePath reports whether a path begins with one slash and means the same to
// everybody: without empty and dot segments, backslashes and control characters.
// One slash may end it.
func safePath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	segments := strings.Split(strings.TrimSuffix(path[1:], "/"), "/")
	for _, s := range segments {
		if s == "." || s == ".." || s == "" && path != "/" {
			return false
		}
	}
	return true
}
