package similarity

import (
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/fold"
)

// absent is the id of characters of tokens that no reading has. ASCII characters
// are their own ids; the others of the readings follow.
const absent = 255

// alphabet gives ids to the characters beyond ASCII.
type alphabet map[rune]uint8

func (a alphabet) id(r rune) uint8 {
	if r < utf8.RuneSelf {
		return uint8(r)
	}
	if id, ok := a[r]; ok {
		return id
	}
	return absent
}

func (a alphabet) add(text []rune) {
	for _, r := range text {
		if _, known := a[r]; r >= utf8.RuneSelf && !known && len(a) < absent-utf8.RuneSelf {
			a[r] = uint8(utf8.RuneSelf + len(a))
		}
	}
}

// leetPair is a character that may stand for a letter.
type leetPair struct{ char, letter uint8 }

// leetPairs is the table of fold.Leet.
var leetPairs = [...]leetPair{
	{'4', 'a'}, {'@', 'a'}, {'8', 'b'}, {'(', 'c'}, {'{', 'c'}, {'[', 'c'}, {'<', 'c'}, {'3', 'e'}, {'6', 'g'}, {'9', 'g'},
	{'1', 'i'}, {'!', 'i'}, {'|', 'i'}, {'1', 'l'}, {'|', 'l'}, {'7', 'l'}, {'0', 'o'}, {'$', 's'}, {'5', 's'},
	{'+', 't'}, {'7', 't'}, {'%', 'x'}, {'2', 'z'},
}

// prepare lists the readings of the password and numbers the characters.
func (c *comparison) prepare(password string) {
	typed := otherLayout(password, c.text, c.tokens.cyrillic)
	var abc alphabet
	if wide(c.text) || wide(typed) {
		abc = make(alphabet, 2*maxRunes)
		abc.add(c.text)
		abc.add(typed)
	}
	c.ids = make([]uint8, len(c.tokens.text))
	for i, r := range c.tokens.text {
		c.ids[i] = abc.id(r)
	}
	room := make([]uint8, 0, 10*len(c.text)) // for all readings
	take := func(text []rune, keep func(rune) bool) {
		r := reading{}
		start := len(room)
		for i, t := range c.text {
			if keep(t) {
				room = append(room, uint8(i))
			}
		}
		r.keep = room[start:]
		start = len(room)
		for _, i := range r.keep {
			room = append(room, abc.id(text[i]))
		}
		r.ids = room[start:]
		for _, known := range c.all {
			if string(known.keep) == string(r.keep) && string(known.ids) == string(r.ids) {
				return
			}
		}
		if len(r.keep) > 0 {
			c.all = append(c.all, r)
		}
	}
	alphanumeric := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	take(c.text, func(rune) bool { return true })
	take(c.text, func(r rune) bool { return alphanumeric(r) || fold.Leet(r) != "" })
	take(c.text, alphanumeric)
	c.plainReadings = len(c.all)
	take(c.text, unicode.IsLetter)
	c.takeSqueezed(abc)
	if typed != nil {
		take(typed, func(rune) bool { return true })
	}
}

// readings returns the ways to read the password.
func (c *comparison) readings() []reading { return c.all }

func wide(text []rune) bool {
	for _, r := range text {
		if r >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// takeSqueezed adds the password with characters that are repeated taken once,
// "jjoohhnn".
func (c *comparison) takeSqueezed(abc alphabet) {
	r := reading{squeezed: true}
	for i, t := range c.text {
		if i == 0 || t != c.text[i-1] {
			r.keep = append(r.keep, uint8(i))
			r.ids = append(r.ids, abc.id(t))
		}
	}
	if len(r.keep)*3 < len(c.text)*2 { // more than a name has of them
		c.all = append(c.all, r)
	}
}
