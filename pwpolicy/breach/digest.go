package breach

import (
	"bytes"
	"crypto/fips140"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"math"
	"unicode/utf16"

	//lint:ignore SA1019 NTLM is MD4, and a corpus of NTLM hashes is searched by them
	"golang.org/x/crypto/md4"
)

// Algorithm is how the passwords of a corpus are hashed. Neither is meant to
// protect anything here: the hashes are names, and the corpus is public.
type Algorithm uint8

// The algorithms.
const (
	// SHA1 of the UTF-8 password is what Pwned Passwords has by default.
	SHA1 Algorithm = iota
	// NTLM, the MD4 of the UTF-16 password, is for hosts that have that corpus anyway
	// (B2).
	NTLM
)

// String returns "SHA-1" or "NTLM".
func (a Algorithm) String() string {
	if a == NTLM {
		return "NTLM"
	}
	return "SHA-1"
}

func (a Algorithm) valid() bool { return a <= NTLM }

// size is the length of a hash in bytes; it has twice as many digits.
func (a Algorithm) size() int {
	if a == NTLM {
		return md4.Size
	}
	return sha1.Size
}

// digest is a hash, left-aligned. Digests of one algorithm compare as bytes.
type digest [sha1.Size]byte

func (d digest) compare(other digest) int { return bytes.Compare(d[:], other[:]) }

// top returns the first 64 bits.
func (d digest) top() uint64 { return binary.BigEndian.Uint64(d[:]) }

// prefixDigits is the number of digits that a prefix has, 20 bits (B1).
const prefixDigits = 5

// prefixes is how many prefixes there are.
const prefixes = 1 << (4 * prefixDigits)

// prefix returns the first five digits of the hash, in upper case.
func (d digest) prefix() string {
	return string(bytes.ToUpper(hex.AppendEncode(nil, d[:3])[:prefixDigits]))
}

func (a Algorithm) sum(password string) (d digest) {
	if a == NTLM {
		h := md4.New()
		for _, u := range utf16.Encode([]rune(password)) {
			h.Write(binary.LittleEndian.AppendUint16(nil, u))
		}
		h.Sum(d[:0])
		return d
	}
	// A lookup by name, no security function: allowed in FIPS 140 mode.
	fips140.WithoutEnforcement(func() { d = sha1.Sum([]byte(password)) })
	return d
}

// maxCountDigits bounds the counts that are taken for such.
const maxCountDigits = 12

// maxRow is the longest row of a corpus: a mark, a hash, ":", a count, CR, LF.
const maxRow = len(bom) + 2*sha1.Size + 1 + maxCountDigits + 2

const bom = "\uFEFF"

// nextRow splits the first row off b. Rows end with LF, CR or both; empty ones are
// skipped, and so is a byte order mark at the start of any row, since writers put
// one where a block of rows began (B3). ended is false if b ends within the row.
func nextRow(b []byte) (row, rest []byte, ended bool) {
	start := 0
	for {
		for start < len(b) && (b[start] == '\n' || b[start] == '\r') {
			start++
		}
		if !bytes.HasPrefix(b[start:], []byte(bom)) {
			break
		}
		start += len(bom)
	}
	end := start + endOfRow(b[start:])
	return b[start:end], b[end:], end < len(b)
}

// endOfRow is where the row ends that b begins in.
func endOfRow(b []byte) int {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			return i
		}
	}
	return len(b)
}

// parseRow reads "HASH:COUNT", where prefix stands before the digits of the row.
// Counts beyond what an int holds everywhere are cut to that.
func (a Algorithm) parseRow(prefix string, row []byte) (d digest, count int, ok bool) {
	var digits [2 * sha1.Size]byte
	want := 2*a.size() - len(prefix)
	if len(row) < want+2 || len(row) > want+1+maxCountDigits || row[want] != ':' {
		return d, 0, false
	}
	copy(digits[copy(digits[:], prefix):], row[:want])
	if _, err := hex.Decode(d[:], digits[:2*a.size()]); err != nil {
		return d, 0, false
	}
	var n int64
	for _, c := range row[want+1:] {
		if c < '0' || c > '9' {
			return d, 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return d, int(min(n, math.MaxInt32)), true
}

// maxRange bounds the rows of one prefix: some 80 KB at two billion passwords.
const maxRange = 256 << 10

// eachInRange calls f for each row of the body of one range that is not padding,
// in the order of the body. A body with a row that is none, or without rows, is an
// error: no range is empty, and an error page must not pass for "not found".
func (a Algorithm) eachInRange(prefix string, body []byte, f func(d digest, count int)) error {
	rows := 0
	for len(body) > 0 {
		var row []byte
		row, body, _ = nextRow(body)
		if len(row) == 0 {
			break
		}
		rows++
		d, count, ok := a.parseRow(prefix, row)
		if !ok {
			return corrupt("row %d of a range is not SUFFIX:COUNT", rows)
		}
		if count > 0 {
			f(d, count)
		}
	}
	if rows == 0 {
		return corrupt("a range has no rows")
	}
	return nil
}
