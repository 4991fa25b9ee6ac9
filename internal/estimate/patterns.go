package estimate

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// maxStep is the widest step of a sequence: "aceg" has steps of 2.
const maxStep = 5

// sequences finds three or more letters of one case, or digits, at equal steps.
func (m *matches) sequences() {
	for i := 0; i+1 < len(m.password); {
		step := m.step(i)
		j := i + 1
		for j+1 < len(m.password) && m.step(j) == step && m.sameClass(j, j+1) {
			j++
		}
		if n := j - i + 1; n >= 3 && step != 0 && step >= -maxStep && step <= maxStep && m.sameClass(i, i+1) {
			m.add(i, j, sequenceBits(m.password[i], n, step), Sequence)
		}
		i = j
	}
	if m.in.families {
		m.counting()
	}
}

// step is from the character i to the next.
func (m *matches) step(i int) int {
	if m.password[i] < utf8.RuneSelf && m.password[i+1] < utf8.RuneSelf {
		return int(m.password[i+1]) - int(m.password[i])
	}
	return int(m.runes[i+1] - m.runes[i])
}

func (m *matches) sameClass(i, j int) bool {
	a, b := m.password[i], m.password[j]
	if a >= utf8.RuneSelf && b >= utf8.RuneSelf {
		return m.in.families && inOrder(m.runes[i]) && inOrder(m.runes[j])
	}
	return isLower(a) && isLower(b) || isUpper(a) && isUpper(b) || isDigit(a) && isDigit(b)
}

// inOrder reports whether r is a letter of an alphabet that Unicode has in its
// order.
func inOrder(r rune) bool {
	return r < 0x2E80 && unicode.IsLetter(r) || unicode.In(r, unicode.Hiragana, unicode.Katakana)
}

// sequenceBits prices where a sequence starts, its length, direction and step.
func sequenceBits(first byte, length, step int) float64 {
	starts := 26.0
	switch first {
	case 'a', 'A', 'z', 'Z', '0', '1', '9':
		starts = 4
	default:
		if isDigit(first) {
			starts = 10
		}
	}
	if step < 0 {
		starts *= 2
	}
	return math.Log2(starts * float64(length))
}

// counting finds digits that count on beyond 9, as in "8910", "12345678910" and
// "1234567890123", up or down.
func (m *matches) counting() {
	s := m.password
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			continue
		}
		for _, step := range [...]int{1, -1} {
			j := i
			for j+1 < len(s) && isDigit(s[j+1]) && (int(s[j+1]-'0')-int(s[j]-'0')-step)%10 == 0 {
				j++
			}
			if j-i >= 3 {
				m.add(i, j, math.Log2(4*float64(j-i+1)), Sequence)
			}
		}
		if j := m.numbered(i); j-i >= 3 {
			m.add(i, j, math.Log2(4*float64(j-i+1)), Sequence)
		}
	}
}

// numbered returns the last digit of numbers that count up by one from i: "7",
// "8", "9", "10", "11".
func (m *matches) numbered(i int) int {
	n, j := int(m.password[i]-'0'), i
	for {
		n++
		digits := []byte{byte('0' + n%10)}
		if n >= 10 {
			digits = []byte{byte('0' + n/10), byte('0' + n%10)}
		}
		if n >= 100 || j+1+len(digits) > len(m.password) || m.password[j+1:j+1+len(digits)] != string(digits) {
			return j
		}
		j += len(digits)
	}
}

// repeats finds three or more of one character, in either case.
func (m *matches) repeats() {
	for i := 0; i < len(m.low); {
		j := i
		for j+1 < len(m.low) && m.low[j+1] == m.low[i] {
			j++
		}
		if n := j - i + 1; n >= 3 {
			m.add(i, j, math.Log2(12*float64(n))+caseBits(m.password[i:j+1]), Repeat)
		}
		i = j + 1
	}
}

// blocks finds what is repeated as a whole, in either case, and prices it as one
// block, which the other matchers have priced before, times how often it comes.
func (m *matches) blocks() {
	low := m.low
	longest := len(low) / 2
	if m.in.families {
		longest = len(low) - leastAgain
	}
	for period := 2; period <= longest; period++ {
		for from := 0; from+period < len(low); {
			to := from // the run with this period is from .. to+period-1
			for to+period < len(low) && low[to] == low[to+period] {
				to++
			}
			switch again := to - from; {
			case to == from || periodic(low[from:from+period]):
				// the shorter period has been priced
			case again >= period:
				m.block(from, to+period, period)
			case m.in.families && again >= max(leastAgain, (period+1)/2):
				one := m.leastWithin(from, from+period-1)
				m.add(from, to+period-1, one.bits+3, one.why|Repeat)
			}
			from = to + 1
		}
	}
}

// periodic reports whether a block is a shorter one repeated.
func periodic(block string) bool {
	for period := 1; period <= len(block)/2; period++ {
		if len(block)%period == 0 && block[period:] == block[:len(block)-period] {
			return true
		}
	}
	return false
}

// leastAgain is how much of a block must come again, if not all of it.
const leastAgain = 3

// block adds the run of m.password[from:to], with the block starting wherever it
// fits in most often, and with what is left of a block at its end.
func (m *matches) block(from, to, period int) {
	times := (to - from) / period
	for i := from; i < from+period && i+2*period <= to; i++ {
		one := m.leastWithin(i, i+period-1)
		whole := i + times*period
		if whole > to {
			whole -= period
		}
		for k := i; k < whole-period; k++ {
			if m.password[k] != m.password[k+period] {
				one.bits++ // in another case
				break
			}
		}
		one.bits += math.Log2(float64(times))
		one.why |= Repeat
		m.add(i, whole-1, one.bits, one.why)
		if m.in.families && to > whole {
			m.add(i, to-1, one.bits+2, one.why)
		}
	}
}
