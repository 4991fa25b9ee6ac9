package estimate

import (
	"unicode/utf8"

	internalfold "github.com/passwd-go/passwd/internal/fold"
)

// maxReductions is how often a text is taken for something simpler, one upon the
// other.
const maxReductions = 2

// reduced returns the least that a text costs that may be a simpler one, changed
// throughout.
func (in *input) reduced(seen []rune, best outcome, reductions int) outcome {
	try := func(simpler []rune, bits float64, why Reasons) {
		if len(simpler) == 0 || bits >= best.bits || in.texts >= maxTexts {
			return
		}
		if o := in.estimate(simpler, reductions-1); o.bits+bits < best.bits {
			best = outcome{o.bits + bits, o.why | why, o.most}
		}
	}
	if runs, even := withoutRuns(seen); len(runs)*5 <= len(seen)*3 {
		if even {
			try(runs, 2, Repeat)
		} else {
			try(runs, 2+float64(len(runs))/2, Repeat)
		}
	}
	if plain, ok := withoutSeparators(seen); ok {
		try(plain, 3, Spaced)
	}
	if latin, ok := latinKeyed(seen); ok {
		try(latin, 1, 0)
	}
	if plain, ok := lookedAt(seen); ok {
		try(plain, 2, Substitutions)
	}
	if letters, others, ok := byClass(seen); ok {
		a, b := in.direct(letters), in.direct(others)
		if bits := a.bits + b.bits + 3; bits < best.bits {
			best = outcome{bits, a.why | b.why, longer(a, b)}
		}
	}
	if len(seen) >= 8 {
		odd, even := interleaved(seen)
		if in.simple(odd) || in.simple(even) {
			a, b := in.direct(odd), in.direct(even)
			if bits := a.bits + b.bits + 3; bits < best.bits {
				best = outcome{bits, a.why | b.why | Spaced, longer(a, b)}
			}
		}
		if half, ok := mirrored(seen); ok {
			try(half, 2, Repeat|Reversed)
		}
	}
	return best
}

func longer(a, b outcome) mostly {
	if b.most.length > a.most.length {
		return b.most
	}
	return a.most
}

// withoutRuns returns each run of the same character as one, and whether all runs
// are of the same length, but for the last.
func withoutRuns(seen []rune) (runs []rune, even bool) {
	even = true
	first, n := 0, 0
	for i, r := range seen {
		n++
		if i+1 < len(seen) && lowerRune(seen[i+1]) == lowerRune(r) {
			continue
		}
		runs = append(runs, r)
		if first == 0 {
			first = n
		}
		even = even && (n == first || i+1 == len(seen))
		n = 0
	}
	return runs, even
}

// withoutSeparators returns a text without its commonest symbol, if that has
// letters around it.
func withoutSeparators(seen []rune) ([]rune, bool) {
	var counts [utf8.RuneSelf]int
	separator, most := rune(-1), 0
	for i, r := range seen {
		if i == 0 || i == len(seen)-1 || r >= utf8.RuneSelf || !isSymbol(byte(r)) {
			continue
		}
		if counts[r]++; counts[r] > most {
			separator, most = r, counts[r]
		}
	}
	if most == 0 {
		return nil, false
	}
	plain := make([]rune, 0, len(seen))
	for _, r := range seen {
		if r != separator {
			plain = append(plain, r)
		}
	}
	return plain, true
}

// latinKeyed returns what the keys of Cyrillic letters type in Latin.
func latinKeyed(seen []rune) ([]rune, bool) {
	typed := make([]rune, len(seen))
	found := false
	for i, r := range seen {
		typed[i] = typedLatin(lowerRune(r))
		found = found || typed[i] != lowerRune(r)
	}
	return typed, found
}

// lookedAt returns a text with the Latin letters that letters of other scripts are
// taken for, if it has letters of both: "p\u0430ssword" with a Cyrillic a.
func lookedAt(seen []rune) ([]rune, bool) {
	plain := make([]rune, len(seen))
	latin, other := false, false
	for i, r := range seen {
		if plain[i] = r; r < utf8.RuneSelf {
			latin = latin || !isAffix(byte(r))
			continue
		}
		if p := internalfold.Plain(lowerRune(r)); p < utf8.RuneSelf {
			plain[i], other = p, true
		}
	}
	return plain, latin && other
}

// byClass returns the letters of a text and everything else, if these take turns.
func byClass(seen []rune) (letters, others []rune, ok bool) {
	turns, last := 0, false
	for i, r := range seen {
		affix := r < utf8.RuneSelf && isAffix(byte(r))
		if affix {
			others = append(others, r)
		} else {
			letters = append(letters, r)
		}
		if i == 0 || affix != last {
			turns++
		}
		last = affix
	}
	return letters, others, turns >= 4 && len(letters) > 0
}

// interleaved returns every other character, from the first and from the second.
func interleaved(seen []rune) (odd, even []rune) {
	for i, r := range seen {
		if i%2 == 0 {
			odd = append(odd, r)
		} else {
			even = append(even, r)
		}
	}
	return odd, even
}

// simple reports whether a text is digits, symbols or one character.
func (in *input) simple(text []rune) bool {
	other := 0
	for _, r := range text {
		if r >= utf8.RuneSelf || !isAffix(byte(r)) {
			other++
		}
	}
	if other == 0 {
		return true
	}
	runs, _ := withoutRuns(text)
	return len(runs) <= 2
}

// mirrored returns the first half of a text that reads the same backwards.
func mirrored(seen []rune) ([]rune, bool) {
	n := len(seen)
	for i := range n / 2 {
		if lowerRune(seen[i]) != lowerRune(seen[n-1-i]) {
			return nil, false
		}
	}
	return seen[:(n+1)/2], true
}
