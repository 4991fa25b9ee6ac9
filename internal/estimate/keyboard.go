package estimate

import (
	"math"
	"unicode/utf8"
)

// layout is a keyboard: its keys, row by row, without and with shift. A row that
// starts with spaces is shifted to the right by as many keys.
type layout struct {
	name      string
	plain     string
	shifted   string
	aligned   bool    // as on a number pad; else each row is half a key to the right
	positions float64 // characters to start from
	degree    float64 // neighbours of a character, on average
	reference bool    // known to zxcvbn
}

// layouts are those of zxcvbn, whose adjacency a test compares, and those of
// German, French and Russian. Letters are without their diacritics, as in folded
// text, and \x01 is a key whose letter is on another without them; Russian is typed
// with the keys of QWERTY: see reduced.
var layouts = [...]layout{
	{
		"qwerty", "`1234567890-=\n qwertyuiop[]\\\n asdfghjkl;'\n zxcvbnm,./", "~!@#$%^&*()_+\n QWERTYUIOP{}|\n ASDFGHJKL:\"\n ZXCVBNM<>?",
		false, 94, 432. / 94, true,
	},
	{
		"dvorak", "`1234567890[]\n ',.pyfgcrl/=\\\n aoeuidhtns-\n ;qjkxbmwvz", "~!@#$%^&*(){}\n \"<>PYFGCRL?+|\n AOEUIDHTNS_\n :QJKXBMWVZ",
		false, 94, 432. / 94, true,
	},
	{"keypad", " /*-\n789+\n456\n123\n 0.", "", true, 15, 76. / 15, true},
	{"macKeypad", " =/*\n789-\n456+\n123\n 0.", "", true, 16, 84. / 16, true},
	{
		"qwertz", "^1234567890\x01'\n qwertzuiopu+#\n asdfghjkloa\n<yxcvbnm,.-", "^!\"s$%&/()=?`\n QWERTZUIOPU*'\n ASDFGHJKLOA\n>YXCVBNM;:_",
		false, 94, 432. / 94, false,
	},
	{
		"azerty", "2&\x01\"'(-\x01_\x01\x01)=\n azertyuiop^$*\n qsdfghjklmu\n<wxcvbn,;:!", "~1234567890o+\n AZERTYUIOP\"lu\n QSDFGHJKLM%\n>WXCVBN?./s",
		false, 94, 432. / 94, false,
	},
}

// key is where a character is on a keyboard.
type key struct {
	x, y    int8
	shifted bool
	there   bool
}

// keys returns where the characters of a layout are.
func (l *layout) keys() *[utf8.RuneSelf]key {
	var all [utf8.RuneSelf]key
	for shift, rows := range [...]string{l.plain, l.shifted} {
		x, y := int8(0), int8(0)
		for _, c := range []byte(rows) {
			switch {
			case c == '\n':
				x, y = 0, y+1
				continue
			case c != ' ' && !all[c].there:
				all[c] = key{x, y, shift == 1, true}
			}
			x++
		}
	}
	return &all
}

// direction returns from 1 where b is beside a, 0 if it is not.
func (l *layout) direction(a, b key) int8 {
	dx, dy := b.x-a.x, b.y-a.y
	if !a.there || !b.there || dx < -1 || dx > 1 || dy < -1 || dy > 1 || dx == 0 && dy == 0 {
		return 0
	}
	if !l.aligned && dx == dy { // the keys there are one and a half away
		return 0
	}
	return 5 + dx + 3*dy
}

// keyboard finds walks over a keyboard.
func (m *matches) keyboard(l *layout) {
	all := l.keys()
	var keys [maxRunes]key
	for i, c := range []byte(m.password) {
		if c < utf8.RuneSelf {
			keys[i] = all[c]
		}
	}
	m.walks(l, keys[:len(m.password)])
	if m.in.families {
		m.patterned(l, keys[:len(m.password)])
	}
}

// walks finds rows and zigzags of three or more neighbouring keys. The price is
// that of zxcvbn: the walks of that many keys and turns on such a keyboard, times
// the ways to hold shift.
func (m *matches) walks(l *layout, keys []key) {
	for i := 0; i < len(keys); {
		j, turns, direction := i, 0, int8(0)
		shifted := 0
		if keys[i].shifted {
			shifted = 1
		}
		for ; j+1 < len(keys); j++ {
			next := l.direction(keys[j], keys[j+1])
			if next == 0 {
				break
			}
			if next != direction {
				turns++
				direction = next
			}
			if keys[j+1].shifted {
				shifted++
			}
		}
		if n := j - i + 1; n >= 3 {
			bits := l.walkBits(n, turns)
			if shifted == n {
				bits++
			} else if shifted > 0 {
				bits += math.Log2(waysToChoose(n, min(shifted, n-shifted)))
			}
			m.add(i, j, bits, Keyboard)
		}
		i = max(j, i+1)
	}
}

func (l *layout) walkBits(length, turns int) float64 {
	walks := 0.0
	for n := 2; n <= length; n++ {
		ways, power := 1.0, l.degree // ways to place the turns
		for t := 1; t <= min(turns, n-1); t++ {
			walks += ways * l.positions * power
			ways = ways * float64(n-1-t) / float64(t)
			power *= l.degree
		}
	}
	return math.Log2(walks)
}

// The prices of a patterned walk: where it starts, a step to a neighbour, a jump,
// and holding shift or letting it go.
const (
	startBits  = 4.0
	stepBits   = 1.5
	jumpBits   = 3.0
	shiftBits  = 1.0
	maxPattern = 6
)

// patterned finds walks that repeat their steps: "1qaz2wsx3edc", "1q2w3e4r",
// "qweasdzxc", "147258369". A walk is as dear as its first steps, however long.
func (m *matches) patterned(l *layout, keys []key) {
	type step struct{ x, y int8 }
	var steps [maxRunes]step
	for i := 0; i+1 < len(keys); i++ {
		steps[i] = step{keys[i+1].x - keys[i].x, keys[i+1].y - keys[i].y}
	}
	for from := 0; from < len(keys); {
		to := from // keys[from:to] are all on the keyboard
		for to < len(keys) && keys[to].there {
			to++
		}
		for period := 1; period <= maxPattern; period++ {
			for i := from; i+2*period < to; {
				j := i + period // steps[i:j] repeat with the period
				for j < to-1 && steps[j] == steps[j-period] {
					j++
				}
				if repeated := j - i - period; repeated >= max(period-1, 2) {
					m.patternedWalk(l, keys, i, j, period)
				}
				i = max(i+1, j-period+1)
			}
		}
		from = to + 1
	}
}

// patternedWalk adds the walk over the keys i to j.
func (m *matches) patternedWalk(l *layout, keys []key, i, j, period int) {
	bits := startBits + math.Log2(float64(j-i+1))/2
	for k := i; k < i+period; k++ {
		switch {
		case l.direction(keys[k], keys[k+1]) != 0, keys[k].x == keys[k+1].x && keys[k].y == keys[k+1].y:
			bits += stepBits
		default:
			bits += jumpBits
		}
	}
	held := 0
	for k := i; k < j; k++ {
		if keys[k].shifted != keys[k+1].shifted {
			held++
		}
	}
	if keys[i].shifted {
		bits += shiftBits
	}
	m.add(i, j, bits+min(float64(held), 3)*shiftBits, Keyboard)
}
