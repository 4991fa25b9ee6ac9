package estimate

import (
	"math"
	"strings"
)

// maxAffix is the longest that is put in front of a word or behind it.
const maxAffix = 16

// affixes prices what people put behind a word, and in front of it, to have a
// digit and a symbol: "1", "123", "2026", "!", "01!". Who attacks tries these with
// every word, so they cost little.
func (m *matches) affixes() {
	n := len(m.password)
	start := n
	for start > 0 && n-start < maxAffix && isAffix(m.password[start-1]) {
		start--
	}
	for i := max(start, 1); i < n; i++ {
		bits, why := m.affix(i, n)
		m.addFull(i, n-1, max(bits, 1), why)
	}
	end := 0
	for end < n && end < maxAffix && isAffix(m.password[end]) {
		end++
	}
	for j := 1; j <= end && j < n; j++ {
		bits, why := m.affix(0, j)
		m.addFull(0, j-1, max(bits, 1)+1, why)
	}
}

func isAffix(c byte) bool { return isDigit(c) || isSymbol(c) }

// affix prices the digits and symbols of m.password[i:j] group by group.
func (m *matches) affix(i, j int) (bits float64, why Reasons) {
	groups := 0
	for i < j {
		end := i + 1
		for end < j && isDigit(m.password[end]) == isDigit(m.password[i]) {
			end++
		}
		if group := m.password[i:end]; isDigit(group[0]) {
			b, w := m.digits(group)
			bits, why = bits+b, why|w
		} else {
			bits, why = bits+symbolBits(group), why|Symbols
		}
		groups++
		i = end
	}
	return bits + float64(max(0, groups-1)), why
}

// digits prices digits beside a word.
func (m *matches) digits(s string) (float64, Reasons) {
	most := charBits * float64(len(s))
	switch {
	case len(s) == 1:
		if s == "1" {
			return 1.5, Digits
		}
		return 3, Digits
	case len(s) == 4:
		if bits, ok := yearBits(s, m.in.thisYear); ok {
			return bits - 1, Year
		}
	}
	switch {
	case same(s):
		return 3, Digits
	case strings.HasPrefix("1234567890123456", s), strings.HasPrefix("01234567890", s):
		return 2, Digits
	case strings.HasPrefix("9876543210", s), strings.HasSuffix("9876543210", s), strings.HasSuffix("1234567890", s):
		return 3, Digits
	case len(s) == 2:
		return 5, Digits
	}
	return most, Digits
}

func same(s string) bool { return strings.Count(s, s[:1]) == len(s) }

// symbolBits prices symbols beside a word.
func symbolBits(s string) float64 {
	first := 4.0
	switch s[0] {
	case '!':
		first = 1
	case '.', '?', '*', '@', '#', '$', '_', '-', ' ':
		first = 2.5
	}
	switch {
	case len(s) == 1:
		return first
	case same(s):
		return first + math.Log2(float64(len(s)))/2
	case strings.HasPrefix("!@#$%^&*()", s), strings.HasPrefix("!\"$%&/()=", s):
		return 3
	}
	return min(charBits*float64(len(s)), first+charBits*float64(len(s)-1))
}

// phoneBits is what a telephone number costs, whose area and operator are few and
// whose rest has seven digits or eight.
const phoneBits = 24

// phones finds digits that look like a telephone number: ten to fifteen that begin
// with a zero or follow a plus sign.
func (m *matches) phones() {
	for i := 0; i < len(m.password); i++ {
		from := i
		if m.password[i] == '+' {
			from++
		} else if m.password[i] != '0' || i > 0 && isDigit(m.password[i-1]) {
			continue
		}
		j := from
		for j < len(m.password) && isDigit(m.password[j]) {
			j++
		}
		if n := j - from; n >= 10 && n <= 15 {
			m.add(i, j-1, phoneBits, Number)
		}
	}
}
