package foreign

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strconv"
	"strings"
)

// The hashes of crypt(3). A NUL ends a C string: where a password has one,
// nothing matches.

// parseUnixCrypt reads the kinds that use MD5 and SHA-2.
func parseUnixCrypt(s string, h *Hasher) (stored, error) {
	if strings.HasPrefix(s, "$1$") {
		return parseMD5Crypt(s, h)
	}
	return parseSHACrypt(s, h)
}

// parseSHACrypt reads $5$ (SHA-256) and $6$ (SHA-512) after Drepper's
// specification, with or without rounds=.
func parseSHACrypt(s string, h *Hasher) (stored, error) {
	newHash, order, size := sha256.New, sha256Order, 43
	if strings.HasPrefix(s, "$6$") {
		newHash, order, size = sha512.New, sha512Order, 86
	} else if !strings.HasPrefix(s, "$5$") {
		return stored{}, errFormat
	}
	f, rounds := strings.Split(s[3:], "$"), uint64(5000)
	if digits, ok := strings.CutPrefix(f[0], "rounds="); ok {
		if rounds, ok = number(digits); !ok {
			return stored{}, malformed("rounds")
		}
		f = f[1:]
	}
	if len(f) != 2 {
		return stored{}, malformed("")
	}
	var r reader
	r.check("salt", len(f[0]) <= 16)
	r.check("tag", len(f[1]) == size && only(f[1], itoa64))
	if r.err != nil {
		return stored{}, r.err
	}
	if err := h.Bounds.Crypt(rounds, 1000); err != nil {
		return stored{}, err
	}
	salt := f[0]
	return stored{tag: []byte(f[1]), price: roundsOf(rounds), derive: func(password string) ([]byte, error) {
		if strings.Contains(password, "\x00") || tooLong(password, rounds) {
			return nil, nil
		}
		return permuted(shaCrypt(newHash(), password, salt, rounds), order), nil
	}}, nil
}

// shaCrypt follows the numbered steps of the specification.
func shaCrypt(d hash.Hash, password, salt string, rounds uint64) []byte {
	key, size := []byte(password), d.Size()
	sum := func() []byte { defer d.Reset(); return d.Sum(nil) }

	d.Write(key) // steps 4 to 8
	d.Write([]byte(salt))
	d.Write(key)
	b := sum()

	d.Write(key) // 1 to 3, and 9 to 12
	d.Write([]byte(salt))
	d.Write(cycled(b, len(key)))
	for n := len(key); n > 0; n >>= 1 {
		if n&1 == 1 {
			d.Write(b)
		} else {
			d.Write(key)
		}
	}
	a := sum()

	for range key { // 13 to 16
		d.Write(key)
	}
	p := cycled(sum(), len(key))

	for range 16 + int(a[0]) { // 17 to 20
		d.Write([]byte(salt))
	}
	s := cycled(sum(), len(salt))

	c := make([]byte, 0, size) // 21
	for i := range rounds {
		if i%2 == 1 {
			d.Write(p)
		} else {
			d.Write(a)
		}
		if i%3 != 0 {
			d.Write(s)
		}
		if i%7 != 0 {
			d.Write(p)
		}
		if i%2 == 1 {
			d.Write(a)
		} else {
			d.Write(p)
		}
		c = d.Sum(c[:0])
		copy(a, c)
		d.Reset()
	}
	return a
}

// cycled repeats b to n bytes.
func cycled(b []byte, n int) []byte {
	out := make([]byte, 0, n+len(b))
	for len(out) < n {
		out = append(out, b...)
	}
	return out[:n]
}

// The order in which crypt(3) writes a digest: three bytes at a time, the first
// one highest, and what is left over.
var (
	md5Order    = []int{0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11}
	sha256Order = []int{
		0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17,
		18, 28, 8, 9, 19, 29, 31, 30,
	}
	sha512Order = []int{
		0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45, 25, 46, 4, 47, 5, 26, 6, 27, 48, 28, 49, 7,
		50, 8, 29, 9, 30, 51, 31, 52, 10, 53, 11, 32, 12, 33, 54, 34, 55, 13, 56, 14, 35, 15, 36, 57,
		37, 58, 16, 59, 17, 38, 18, 39, 60, 40, 61, 19, 62, 20, 41, 63,
	}
)

// permuted writes a digest in the order given.
func permuted(sum []byte, order []int) []byte {
	var dst []byte
	for ; len(order) >= 3; order = order[3:] {
		dst = little64(dst, uint32(sum[order[0]])<<16|uint32(sum[order[1]])<<8|uint32(sum[order[2]]), 4)
	}
	switch len(order) {
	case 1:
		dst = little64(dst, uint32(sum[order[0]]), 2)
	case 2:
		dst = little64(dst, uint32(sum[order[0]])<<8|uint32(sum[order[1]]), 3)
	}
	return dst
}

// parseMD5Crypt reads $1$ and Apache's $apr1$.
func parseMD5Crypt(s string, h *Hasher) (stored, error) {
	magic := "$1$"
	if !strings.HasPrefix(s, magic) {
		magic = "$apr1$"
	}
	f, ok := fields(s, magic, 2)
	if !ok {
		return stored{}, errFormat
	}
	var r reader
	r.check("salt", len(f[0]) <= 8)
	r.check("tag", len(f[1]) == 22 && only(f[1], itoa64))
	if r.err != nil {
		return stored{}, r.err
	}
	salt := f[0]
	blank := magic + salt + "$" + strings.Repeat(".", 22)
	return stored{tag: []byte(f[1]), blank: blank, derive: func(password string) ([]byte, error) {
		if strings.Contains(password, "\x00") {
			return nil, nil
		}
		return permuted(md5Crypt(password, magic, salt), md5Order), nil
	}}, nil
}

func md5Crypt(password, magic, salt string) []byte {
	alternate := md5.Sum([]byte(password + salt + password))
	d := md5.New()
	d.Write([]byte(password + magic + salt))
	d.Write(cycled(alternate[:], len(password)))
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			d.Write([]byte{0})
		} else {
			d.Write([]byte(password[:1]))
		}
	}
	sum := d.Sum(nil)
	for i := range 1000 {
		d.Reset()
		if i%2 == 1 {
			d.Write([]byte(password))
		} else {
			d.Write(sum)
		}
		if i%3 != 0 {
			d.Write([]byte(salt))
		}
		if i%7 != 0 {
			d.Write([]byte(password))
		}
		if i%2 == 1 {
			d.Write(sum)
		} else {
			d.Write([]byte(password))
		}
		sum = d.Sum(sum[:0])
	}
	return sum
}

// parseSHA1Crypt reads NetBSD's $sha1$rounds$salt$tag: HMAC-SHA-1 over and over.
func parseSHA1Crypt(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$sha1$", 3)
	if !ok {
		return stored{}, errFormat
	}
	var r reader
	rounds := r.number("rounds", f[0])
	r.check("salt", len(f[1]) >= 1 && len(f[1]) <= 64 && only(f[1], itoa64))
	r.check("tag", len(f[2]) == 28 && only(f[2], itoa64))
	if r.err != nil {
		return stored{}, r.err
	}
	if err := h.Bounds.Crypt(rounds, 1); err != nil {
		return stored{}, err
	}
	return stored{tag: []byte(f[2]), price: roundsOf(rounds), derive: func(password string) ([]byte, error) {
		if strings.Contains(password, "\x00") {
			return nil, nil
		}
		sum := keyed(sha1.New, []byte(password), f[1]+"$sha1$"+strconv.FormatUint(rounds, 10))
		for range rounds - 1 {
			sum = keyed(sha1.New, []byte(password), string(sum))
		}
		sum = append(sum, sum[0]) // the last group borrows the first byte
		order := make([]int, len(sum))
		for i := range order {
			order[i] = i
		}
		return permuted(sum, order), nil
	}}, nil
}

// parseScryptCrypt reads $7$: a character for log2 N, five each for r and p, and
// a salt that is hashed as it stands.
func parseScryptCrypt(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$7$", 2)
	if !ok || len(f[0]) <= 11 || len(f[1]) != 43 || !only(f[0]+f[1], itoa64) {
		return stored{}, errFormat
	}
	log2 := strings.IndexByte(itoa64, f[0][0])
	if log2 < 1 {
		return stored{}, errFormat
	}
	text := []byte(f[1])
	p, err := scryptHash(h, 1<<log2, fixed64(f[0][1:6]), fixed64(f[0][6:11]), []byte(f[0][11:]), make([]byte, 32))
	if err != nil {
		return stored{}, err
	}
	return stored{tag: text, price: p.price, derive: func(password string) ([]byte, error) {
		if strings.Contains(password, "\x00") {
			return nil, nil
		}
		key, err := p.derive(password)
		return encode64(key), err
	}}, nil
}

func fixed64(s string) uint64 {
	var n uint64
	for i := range len(s) {
		n |= uint64(strings.IndexByte(itoa64, s[i])) << (6 * i)
	}
	return n
}
