package passwdhttp

import (
	"net/url"
	"slices"
	"strings"
)

// RedactURL returns a URL as an access log may have it: the first request of a link
// carries its token in the query (ASVS 14.2.1), and servers log what is asked for.
// It looks at the URL alone, wherever the pages are mounted, and errs on the side of
// saying too little:
//
//   - Parameters named like a secret, such as "token" and "user", and those whose
//     value contains such a parameter, as a "next" can: "token=redacted". A path
//     segment may contain one as well, behind an escaped "?".
//   - Below a path segment "reset", "invite" or "cancel", every other segment and parameter
//     that the pages do not know: there a name may be the secret.
//   - Parts of a query that do not parse.
//   - The fragment and the user info are left out.
//
// The rest stays as it was sent. Whatever people type into an address bar is
// redacted too, but a proxy in front of the host has a log of its own: see
// passwd.Links.FragmentNeedsJavaScript. A nil URL is "".
func RedactURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	path, strict := redactPath(u.EscapedPath())
	query := ""
	if u.RawQuery != "" {
		parts := strings.Split(u.RawQuery, "&")
		for i, part := range parts {
			parts[i] = redactPart(part, strict)
		}
		query = "?" + strings.Join(parts, "&")
	}
	origin := ""
	switch {
	case u.Opaque != "":
		path = redacted // mailto:, data: and the like
		fallthrough
	case u.Scheme != "" && u.Host == "":
		origin = u.Scheme + ":"
	case u.Host != "":
		origin = (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
	}
	return origin + path + query
}

const redacted = "redacted"

// secretNames are parameters and fields of the pages, the API and the wire formats
// that no log may have: people put forms into URLs, and clients do.
var secretNames = []string{
	"token", "user", "code", "ticket", "login", "username", "email", "request_id",
	"password", "current_password", "new_password", "confirm_password", "old_password", "newpassword", "confirmpassword",
	"access_token", "refresh_token", "session_token", "client_secret",
}

// What the pages and the API have below "reset", "invite" and "cancel".
var (
	knownSegments = []string{"", "new", "code", "link", "check"}
	knownParams   = []string{"after", fieldNext, paramTaken}
)

// redactPath also reports whether the path is below reset, invite or cancel.
func redactPath(path string) (string, bool) {
	strict := false
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch plain := unescape(s); {
		case isStrict(plain):
			strict = true
		case strings.ContainsFunc(plain, isDelimiter) && slices.ContainsFunc(strings.FieldsFunc(plain, isDelimiter), isStrict):
			strict = true
			segments[i] = redacted
		case strict && !slices.Contains(knownSegments, plain), hasSecret(s):
			segments[i] = redacted
		}
	}
	return strings.Join(segments, "/"), strict
}

func isStrict(segment string) bool {
	return segment == "reset" || segment == "invite" || segment == "cancel"
}

// isDelimiter reports what ends a segment, or would if nobody had escaped it: some
// mail programs do that to the "?" and "#" of a link.
func isDelimiter(r rune) bool { return strings.ContainsRune("/?#;", r) }

// redactPart redacts one parameter. Some parsers take a semicolon for an ampersand.
func redactPart(part string, strict bool) string {
	name, value, _ := strings.Cut(part, "=")
	_, err := url.QueryUnescape(part)
	plain := strings.ToLower(strings.Trim(unescape(name), " +"))
	switch {
	case slices.Contains(secretNames, plain):
		return name + "=" + redacted
	case err != nil || strings.Contains(part, ";") || strict && !slices.Contains(knownParams, plain):
		return redacted
	case hasSecret(value):
		return name + "=" + redacted
	}
	return part
}

// hasSecret reports whether a value has a parameter with a secret in it, however
// often it has been escaped.
func hasSecret(value string) bool {
	for range 4 {
		lower := strings.ToLower(value)
		for _, name := range secretNames {
			if strings.Contains(lower, name+"=") {
				return true
			}
		}
		plain := unescape(value)
		if plain == value {
			return false
		}
		value = plain
	}
	return true // escaped by somebody who has something to hide
}

// unescape resolves what is an escape and leaves what is not, as lenient parsers
// do.
func unescape(s string) string {
	var b strings.Builder
	for s != "" {
		n := 1
		if s[0] == '%' {
			n = min(3, len(s))
		}
		plain, err := url.PathUnescape(s[:n])
		if err != nil {
			plain, n = s[:1], 1
		}
		b.WriteString(plain)
		s = s[n:]
	}
	return b.String()
}
