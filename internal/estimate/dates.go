package estimate

import (
	"math"
	"strings"
)

const (
	firstYear  = 1900
	yearsAhead = 10 // of the current one: expiry dates, graduations
	minYears   = 20 // a year near the current one is one of as many
)

// dates finds years, dates in digits alone and dates with separators, wherever
// they stand.
func (m *matches) dates(thisYear int) {
	for i := range len(m.password) {
		if !isDigit(m.password[i]) {
			continue
		}
		digits := 1
		for i+digits < len(m.password) && digits < 8 && isDigit(m.password[i+digits]) {
			digits++
		}
		for n := 4; n <= digits; n++ {
			m.digitDate(i, n, thisYear)
		}
		m.separatedDate(i, thisYear)
	}
}

// digitDate prices the n digits from i as a year, or as a day, a month and a year
// of two or four digits, in any order that has the year at an end.
func (m *matches) digitDate(i, n, thisYear int) {
	s := m.password[i : i+n]
	if n == 4 {
		if bits, ok := yearBits(s, thisYear); ok {
			m.add(i, i+n-1, bits, Year)
		}
	}
	for _, yearLen := range [...]int{2, 4} {
		for split := 1; split <= 2; split++ { // digits of the day or month that comes first
			rest := n - yearLen - split
			if rest < 1 || rest > 2 {
				continue
			}
			m.addDate(i, n, 0, thisYear, s[:split], s[split:split+rest], s[n-yearLen:])
			m.addDate(i, n, 0, thisYear, s[yearLen:yearLen+split], s[yearLen+split:], s[:yearLen])
		}
	}
}

// separatedDate prices what starts at i as three numbers with the same separator
// twice between them, of which the first or the last is the year.
func (m *matches) separatedDate(i, thisYear int) {
	var fields [3]string
	var separator byte
	at := i
	for k := range fields {
		from := at
		for at < len(m.password) && at-from < 4 && isDigit(m.password[at]) {
			at++
		}
		fields[k] = m.password[from:at]
		if fields[k] == "" || k == 1 && len(fields[k]) > 2 {
			return
		}
		if k == 2 {
			break
		}
		if at == len(m.password) || !strings.ContainsRune(`/\-._ `, rune(m.password[at])) || k == 1 && m.password[at] != separator {
			return
		}
		separator = m.password[at]
		at++
	}
	// The last number may run on into digits that are not part of the date.
	last := fields[2]
	for n := 1; n <= len(last); n++ {
		whole := at - i - len(last) + n
		m.addDate(i, whole, 2, thisYear, fields[0], fields[1], last[:n])
		m.addDate(i, whole, 2, thisYear, fields[1], last[:n], fields[0])
	}
}

// addDate adds n characters from i if a and b are a day and a month, either way
// round, and year is one.
func (m *matches) addDate(i, n int, extra float64, thisYear int, a, b, year string) {
	if !isDayAndMonth(a, b) && !isDayAndMonth(b, a) {
		return
	}
	if bits, ok := yearBits(year, thisYear); ok {
		m.add(i, i+n-1, bits+math.Log2(365)+extra, Date)
	}
}

func isDayAndMonth(day, month string) bool {
	d, m := number(day), number(month)
	return len(day) <= 2 && len(month) <= 2 && 1 <= d && d <= 31 && 1 <= m && m <= 12
}

// yearBits prices a year of two or four digits by its distance from now.
func yearBits(s string, thisYear int) (float64, bool) {
	year := number(s)
	switch {
	case len(s) == 2:
		year += thisYear - thisYear%100
		if year > thisYear+yearsAhead {
			year -= 100
		}
	case len(s) != 4 || year < firstYear || year > thisYear+yearsAhead:
		return 0, false
	}
	return math.Log2(float64(max(year-thisYear, thisYear-year, minYears))), true
}

// number reads a few digits.
func number(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = 10*n + int(c-'0')
	}
	return n
}
