package estimate

// Ranked calls f with every word that has a rank.
func Ranked(f func(word string, list byte, rank int)) {
	walk(0, "", func(c *cursor, word string) {
		if list, rank := c.rank(); rank > 0 {
			f(word, list, rank)
		}
	})
}

// Priced calls f with every word that has a price.
func Priced(f func(word string, kind byte, bits float64)) {
	walk(0, "", func(c *cursor, word string) {
		if kind, bits, ok := c.price(); ok {
			f(word, kind, bits)
		}
	})
}

func walk(node int, before string, f func(c *cursor, word string)) {
	var c cursor
	c.enter(node)
	before += c.tail
	c.tail = ""
	f(&c, before)
	at := c.at
	if c.head&hasRank != 0 {
		at += 3
	}
	if c.head&hasPrice != 0 {
		at += 2
	}
	for _, b := range []byte(words[at : at+c.kids]) {
		child := c
		if !child.step(b) {
			panic("a label leads nowhere")
		}
		walk(child.node, before+string(b), f)
	}
}

// Keyboards calls f with every pair of characters of a layout that zxcvbn knows.
func Keyboards(f func(layout string, positions, degree float64, neighbours func(a, b byte) bool)) {
	for i := range layouts {
		l := &layouts[i]
		if !l.reference {
			continue
		}
		keys := l.keys()
		f(l.name, l.positions, l.degree, func(a, b byte) bool { return l.direction(keys[a], keys[b]) != 0 })
	}
}

// Size is that of the embedded words in bytes.
func Size() int { return len(words) }
