package strength

import "math"

// keyboard finds rows and zigzags of three or more neighbouring keys. The price
// is that of zxcvbn: the walks of that many keys and turns on such a keyboard,
// times the ways to hold shift.
func (m *matches) keyboard(k *keyboard) {
	for i := 0; i < len(m.password); {
		j, turns, direction := i, 0, int8(0)
		shifted := m.isShifted(k, i)
		for ; j+1 < len(m.password); j++ {
			next := k.next[m.password[j]&127][m.password[j+1]&127]
			if next == 0 || m.password[j] > 127 || m.password[j+1] > 127 {
				break
			}
			if next != direction {
				turns++
				direction = next
			}
			shifted += m.isShifted(k, j+1)
		}
		if n := j - i + 1; n >= 3 {
			bits := k.walkBits(n, turns)
			if shifted == n {
				bits++
			} else if shifted > 0 {
				bits += math.Log2(waysToChoose(n, min(shifted, n-shifted)))
			}
			m.add(i, j, bits, isKeyboard)
		}
		i = max(j, i+1)
	}
}

func (m *matches) isShifted(k *keyboard, i int) int {
	if c := m.password[i]; c < 128 && k.shifted[c] {
		return 1
	}
	return 0
}

func (k *keyboard) walkBits(length, turns int) float64 {
	walks := 0.0
	for n := 2; n <= length; n++ {
		ways, power := 1.0, k.degree // ways to place the turns
		for t := 1; t <= min(turns, n-1); t++ {
			walks += ways * k.positions * power
			ways = ways * float64(n-1-t) / float64(t)
			power *= k.degree
		}
	}
	return math.Log2(walks)
}

// maxStep is the widest step of a sequence: "aceg" has steps of 2.
const maxStep = 5

// sequences finds three or more letters of one case, or digits, at equal steps.
func (m *matches) sequences() {
	for i := 0; i+1 < len(m.password); {
		step := int(m.password[i+1]) - int(m.password[i])
		j := i + 1
		for j+1 < len(m.password) && int(m.password[j+1])-int(m.password[j]) == step && sameClass(m.password[j], m.password[j+1]) {
			j++
		}
		if n := j - i + 1; n >= 3 && step != 0 && step >= -maxStep && step <= maxStep && sameClass(m.password[i], m.password[i+1]) {
			m.add(i, j, sequenceBits(m.password[i], n, step), isSequence)
		}
		i = j
	}
}

func sameClass(a, b byte) bool {
	return isLower(a) && isLower(b) || isUpper(a) && isUpper(b) || isDigit(a) && isDigit(b)
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

// repeats finds three or more of one character, in either case.
func (m *matches) repeats() {
	low := lower(m.password)
	for i := 0; i < len(low); {
		j := i
		for j+1 < len(low) && low[j+1] == low[i] {
			j++
		}
		if n := j - i + 1; n >= 3 {
			m.add(i, j, math.Log2(12*float64(n))+caseBits(m.password[i:j+1]), isRepeat)
		}
		i = j + 1
	}
}

// blocks finds what is repeated as a whole, in either case, and prices it as one
// block, which the other matchers have priced before, times how often it comes.
func (m *matches) blocks() {
	low := lower(m.password)
	ends := m.byEnd()
	for period := 2; period <= len(low)/2; period++ {
		for from := 0; from+2*period <= len(low); {
			to := from // the run with this period is from .. to+period-1
			for to+period < len(low) && low[to] == low[to+period] {
				to++
			}
			if to-from >= period {
				m.block(ends, from, to+period, period)
			}
			from = to + 1
		}
	}
}

// block adds the run of m.password[from:to], with the block starting wherever it
// fits in most often.
func (m *matches) block(ends [][]int16, from, to, period int) {
	times := (to - from) / period
	for i := from; i+times*period <= to; i++ {
		bits, why := m.leastWithin(ends, i, i+period-1)
		for k := i; k < i+times*period-period; k++ {
			if m.password[k] != m.password[k+period] {
				bits++ // in another case
				break
			}
		}
		m.add(i, i+times*period-1, bits+math.Log2(float64(times)), why|isRepeat)
	}
}

// byEnd lists the matches by their last character.
func (m *matches) byEnd() [][]int16 {
	ends := make([][]int16, len(m.password))
	for k, one := range m.list {
		ends[one.J] = append(ends[one.J], int16(k))
	}
	return ends
}

// leastWithin prices the characters from first to last by themselves.
func (m *matches) leastWithin(ends [][]int16, first, last int) (float64, reasons) {
	var bits [maxRunes + 1]float64 // of what is before a character
	var why [maxRunes + 1]reasons
	for j := first; j <= last; j++ {
		bits[j+1], why[j+1] = bits[j]+charBits, why[j]
		for _, k := range ends[j] {
			one := &m.list[k]
			if one.I >= first && bits[one.I]+one.Entropy < bits[j+1] {
				bits[j+1] = bits[one.I] + one.Entropy
				why[j+1] = why[one.I] | m.reasons[k]
			}
		}
	}
	return bits[last+1], why[last+1]
}
