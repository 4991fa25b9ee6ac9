// Package alabel writes internationalized host names in their ASCII form, of
// A-labels ("xn--bcher-kva.example"): the form that mail programs, SMS gateways and
// servers all understand. It maps as RFC 5895 says and encodes as RFC 3492 does;
// golang.org/x/net/idna, which it is tested against, would be a dependency of every
// host for the sake of one setting.
package alabel

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	prefix   = "xn--"
	maxLabel = 63
	maxHost  = 253
)

var errHost = errors.New("must have a host that is a domain name; write an internationalized one in its ASCII form (xn--…)")

// Host returns a host name in ASCII. One that is in ASCII already comes back as it
// is. The error is of a name that has other than letters, marks, digits and hyphens,
// or that is too long.
func Host(host string) (string, error) {
	if isASCII(host) {
		return host, nil
	}
	if !utf8.ValidString(host) || len(host) > 4*maxHost || strings.ContainsFunc(host, unfolded) {
		return "", errHost
	}
	mapped := norm.NFKC.String(strings.ToLower(norm.NFKC.String(host)))
	labels := strings.Split(strings.ReplaceAll(mapped, "。", "."), ".")
	for i, l := range labels {
		a, err := label(l)
		if err != nil {
			return "", err
		}
		labels[i] = a
		if a == "" && i != len(labels)-1 { // the last is the root
			return "", errHost
		}
	}
	host = strings.Join(labels, ".")
	if len(strings.TrimSuffix(host, ".")) > maxHost {
		return "", errHost
	}
	return host, nil
}

// special are letters and marks that IDNA leaves out, or maps otherwise.
var special = []*unicode.RangeTable{unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point, unicode.Cherokee}

// unfolded are those of which the lower case is not what IDNA maps them to.
func unfolded(r rune) bool { return r == 'İ' || r == 'ẞ' || r == '\u0345' }

func label(l string) (string, error) {
	for i, r := range l {
		if r != '-' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) || i == 0 && unicode.IsMark(r) || unicode.In(r, special...) {
			return "", errHost
		}
	}
	if strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") {
		return "", errHost
	}
	if !isASCII(l) {
		if len(l) > 3 && l[2:4] == "--" { // no U-label has it (RFC 5891 §4.2.3.1)
			return "", errHost
		}
		l = prefix + encode(l)
	}
	if len(l) > maxLabel {
		return "", errHost
	}
	return l, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// The parameters of Punycode (RFC 3492 §5).
const (
	base        = 36
	tMin        = 1
	tMax        = 26
	skew        = 38
	damp        = 700
	initialBias = 72
	initialN    = 0x80
)

// encode is Punycode (RFC 3492 §6.3), for input of which the length is bounded.
func encode(label string) string {
	input := []rune(label)
	var out []byte
	for _, r := range input {
		if r < initialN {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	handled := basic
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(initialN), 0, initialBias
	for handled < len(input) {
		next := rune(unicode.MaxRune)
		for _, r := range input {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (handled + 1)
		n = next
		for _, r := range input {
			if r < n {
				delta++
			}
			if r == n {
				out = appendNumber(out, delta, bias)
				bias = adapt(delta, handled+1, handled == basic)
				delta = 0
				handled++
			}
		}
		delta++
		n++
	}
	return string(out)
}

// appendNumber writes a number in digits of growing weight.
func appendNumber(out []byte, q, bias int) []byte {
	for k := base; ; k += base {
		t := min(max(k-bias, tMin), tMax)
		if q < t {
			return append(out, digit(q))
		}
		out = append(out, digit(t+(q-t)%(base-t)))
		q = (q - t) / (base - t)
	}
}

func digit(d int) byte {
	if d < 26 {
		return byte('a' + d)
	}
	return byte('0' + d - 26)
}

func adapt(delta, points int, first bool) int {
	if first {
		delta /= damp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (base-tMin)*tMax/2; k += base {
		delta /= base - tMin
	}
	return k + (base-tMin+1)*delta/(delta+skew)
}
