package similarity_test

import (
	"strings"
	"unicode"
)

// django is UserAttributeSimilarityValidator of Django 5: a multiset ratio of the
// characters, .7 or more, with each value and each of its words.
func django(c labelled) bool {
	password := []rune(strings.ToLower(c.Password))
	noWord := func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) }
	for _, value := range c.Attributes {
		value = strings.ToLower(value)
		for _, part := range append(strings.FieldsFunc(value, noWord), value) {
			p := []rune(part)
			if len(password) >= 10*len(p) && float64(len(p)) < .7/2*float64(len(password)) {
				continue
			}
			if quickRatio(password, p) >= .7 {
				return true
			}
		}
	}
	return false
}

func quickRatio(a, b []rune) float64 {
	available := map[rune]int{}
	for _, r := range b {
		available[r]++
	}
	matches := 0
	for _, r := range a {
		if available[r] > 0 {
			available[r]--
			matches++
		}
	}
	return 2 * float64(matches) / float64(len(a)+len(b))
}

// kratos is the check of Ory Kratos, given all attributes as identifiers: an edit
// distance under 5, or a common substring of more than half the password.
func kratos(c labelled) bool {
	password := []rune(strings.ToLower(c.Password))
	for _, value := range c.Attributes {
		v := []rune(strings.ToLower(value))
		if editDistance(v, password) < 5 || float64(commonSubstring(v, password)) > .5*float64(len(password)) {
			return true
		}
	}
	return false
}

func editDistance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func commonSubstring(a, b []rune) int {
	longest := 0
	row := make([]int, len(b)+1)
	for i := range a {
		for j := len(b) - 1; j >= 0; j-- {
			row[j+1] = 0
			if a[i] == b[j] {
				row[j+1] = row[j] + 1
				longest = max(longest, row[j+1])
			}
		}
	}
	return longest
}
