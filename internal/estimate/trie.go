package estimate

import (
	_ "embed"
	"strings"
)

//go:generate go run ./gen -o words.bin

//go:embed words.bin
var words string

// words is a radix trie over the bytes of words. A node is
//
//	a byte: hasRank, hasPrice, hasTail and, in its low five bits, how many children
//	        it has, manyChildren meaning that the next byte says
//	the tail, if any: its length, a byte, and its bytes, which follow the node's label
//	the rank, if any: a list of zxcvbn-go's, a byte, and the place in it, two bytes
//	the price, if any: a kind, a byte, and eighths of a bit, a byte
//	the children's labels, a byte each, in order
//	where the children are: of up to summedUpTo children the sizes of all but the
//	        last, as varints; of more, where each but the first begins, counted from
//	        the first, three bytes
//	the children
const (
	hasRank      = 0x80
	hasPrice     = 0x40
	hasTail      = 0x20
	manyChildren = 0x1F

	summedUpTo = 6
)

// cursor is a place in the trie.
type cursor struct {
	node int    // where it begins
	tail string // still to be matched
	head byte
	at   int // of what follows the tail
	kids int
}

func (c *cursor) enter(node int) {
	c.node, c.head = node, words[node]
	node++
	c.kids = int(c.head & manyChildren)
	if c.kids == manyChildren {
		c.kids = int(words[node])
		node++
	}
	c.tail = ""
	if c.head&hasTail != 0 {
		n := int(words[node])
		c.tail = words[node+1 : node+1+n]
		node += 1 + n
	}
	c.at = node
}

// step goes on by a byte; false if no word does.
func (c *cursor) step(b byte) bool {
	if c.tail != "" {
		if c.tail[0] != b {
			return false
		}
		c.tail = c.tail[1:]
		return true
	}
	at := c.at
	if c.head&hasRank != 0 {
		at += 3
	}
	if c.head&hasPrice != 0 {
		at += 2
	}
	child := strings.IndexByte(words[at:at+c.kids], b)
	if child < 0 {
		return false
	}
	c.enter(c.child(at+c.kids, child))
	return true
}

// child returns where the child with a number begins; at is of what says so.
func (c *cursor) child(at, number int) int {
	if c.kids > summedUpTo {
		first := at + 3*(c.kids-1)
		if number == 0 {
			return first
		}
		at += 3 * (number - 1)
		return first + int(words[at])<<16 + int(words[at+1])<<8 + int(words[at+2])
	}
	before := 0
	for k := range c.kids - 1 {
		size, shift := 0, 0
		for {
			b := words[at]
			at++
			size |= int(b&0x7F) << shift
			shift += 7
			if b < 0x80 {
				break
			}
		}
		if k < number {
			before += size
		}
	}
	return at + before
}

// rank returns the list and the place of the word that ends here; 0 if none does.
func (c *cursor) rank() (list byte, rank int) {
	if c.tail != "" || c.head&hasRank == 0 {
		return 0, 0
	}
	return words[c.at], int(words[c.at+1])<<8 | int(words[c.at+2])
}

// price returns the kind and the bits of the word that ends here; false if none
// does.
func (c *cursor) price() (kind byte, bits float64, ok bool) {
	if c.tail != "" || c.head&hasPrice == 0 {
		return 0, 0, false
	}
	at := c.at
	if c.head&hasRank != 0 {
		at += 3
	}
	return words[at], float64(words[at+1]) / 8, true
}
