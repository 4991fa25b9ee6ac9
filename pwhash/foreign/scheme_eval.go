package foreign

import (
	"crypto/pbkdf2"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blowfish" //lint:ignore SA1019 bcrypt is built on it
	"golang.org/x/crypto/md4"      //lint:ignore SA1019 hashes made with it exist
	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"
)

// env is what an expression is computed from. Its error is the first that occurs.
type env struct {
	h      *Hasher
	fields map[string]string
	pw     string
	last   value
	hashed uint64 // bytes, over all digests
	err    error
}

// value is bytes. Those of a digest are hex where they are put into a text.
type value struct {
	b      []byte
	digest bool
}

func (v value) text() []byte {
	if !v.digest {
		return v.b
	}
	return []byte(hex.EncodeToString(v.b))
}

var errTooMuch = errors.New("foreign: a password that is too long for its scheme")

func (e *env) fail(err error) value {
	if e.err == nil {
		e.err = err
	}
	return value{}
}

// tag computes what readTag reads. It is empty for a password that would take too
// long, and equals no tag then.
func (e *env) tag(expr *node) ([]byte, error) {
	var v value
	switch expr.op {
	case "base64", "base64url", "upper":
		v = e.eval(expr.args[0])
	case "left":
		v = e.eval(expr)
		v.b = []byte(strings.ToLower(string(v.b)))
	default:
		v = e.eval(expr)
	}
	if errors.Is(e.err, errTooMuch) {
		return nil, nil
	}
	return v.b, e.err
}

func (e *env) number(n *node) uint64 {
	if n.op != "rounds" {
		return n.n
	}
	rounds, _ := number(e.fields["rounds"]) // afford has refused what is no number
	return rounds
}

func digestOf(name string) (func() hash.Hash, bool) {
	if name == "md4" {
		return md4.New, true
	}
	return digestNamed(name)
}

func (e *env) eval(n *node) value {
	if e.err != nil {
		return value{}
	}
	if newHash, ok := digestOf(n.op); ok {
		input := e.input(n.args[0])
		return value{digest(newHash, string(input)), true}
	}
	if name, ok := strings.CutPrefix(n.op, "hmac_"); ok {
		newHash, _ := digestOf(name)
		key := e.input(n.args[0])
		return value{keyed(newHash, key, string(e.input(n.args[1]))), true}
	}
	if n.kdf() {
		return e.slow(n)
	}
	switch n.op {
	case "pw":
		return value{b: []byte(e.pw)}
	case "salt", "user", "rounds":
		return value{b: []byte(e.fields[n.op])}
	case "secret":
		return value{b: []byte(e.h.SchemeSecret)}
	case "last":
		return e.last
	case "text":
		return value{b: []byte(n.text)}
	case "+":
		var all []byte
		for _, arg := range n.args {
			all = append(all, e.eval(arg).text()...)
		}
		return value{b: all}
	case "repeat":
		return e.repeat(n)
	case "left":
		b := e.eval(n.args[0]).text()
		return value{b: b[:min(len(b), int(n.args[1].n))]}
	}
	return e.convert(n.op, e.eval(n.args[0]))
}

// input is what a digest reads, counted.
func (e *env) input(n *node) []byte {
	b := e.eval(n).text()
	if e.hashed += uint64(len(b)) + maxTag; e.hashed > maxHashed {
		e.fail(errTooMuch)
		return nil
	}
	return b
}

func (e *env) repeat(n *node) value {
	e.last = value{}
	if len(n.args) == 3 {
		e.last = e.eval(n.args[2])
	}
	for range e.number(n.args[0]) {
		if e.err != nil {
			break
		}
		e.last = e.eval(n.args[1])
	}
	return e.last
}

func (e *env) convert(op string, v value) value {
	text := v.text()
	switch op {
	case "raw":
		return value{b: v.b}
	case "hex":
		return value{b: []byte(hex.EncodeToString(v.b))}
	case "base64":
		return value{b: []byte(base64.StdEncoding.EncodeToString(v.b))}
	case "base64url":
		return value{b: []byte(base64.URLEncoding.EncodeToString(v.b))}
	case "unhex":
		b, ok := hexBytes(string(text))
		if !ok {
			return e.fail(malformed("salt"))
		}
		return value{b: b}
	case "unbase64":
		b, ok := decodeAny64(string(text))
		if !ok {
			return e.fail(malformed("salt"))
		}
		return value{b: b}
	case "lower":
		return value{b: []byte(strings.ToLower(string(text)))}
	case "upper":
		return value{b: []byte(strings.ToUpper(string(text)))}
	case "trim":
		return value{b: []byte(phpTrim(string(text)))}
	case "utf16le":
		return value{b: utf16le(string(text))}
	case "nfkc":
		return value{b: norm.NFKC.Bytes(text)}
	}
	return e.fail(errFormat)
}

// slow computes a function that takes its time, within the bounds that afford has held
// it against.
func (e *env) slow(n *node) value {
	pw := e.eval(n.args[0]).text()
	if n.op == "bcrypt" {
		return value{b: bcryptWith(e.fields["hash"], pw)}
	}
	salt := e.eval(n.args[1]).text()
	if e.err != nil {
		return value{}
	}
	size := n.size()
	var tag []byte
	var err error
	switch n.op {
	case "scrypt":
		tag, err = scrypt.Key(pw, salt, int(n.args[2].n), int(n.args[3].n), int(n.args[4].n), size)
	case "argon2id":
		tag = argon2.IDKey(pw, salt, uint32(n.args[3].n), uint32(n.args[2].n), uint8(n.args[4].n), uint32(size))
	case "argon2i":
		tag = argon2.Key(pw, salt, uint32(n.args[3].n), uint32(n.args[2].n), uint8(n.args[4].n), uint32(size))
	case "firebase":
		var p stored
		if p, err = e.firebase(n, salt); err == nil {
			tag, err = p.derive(string(pw))
		}
	default:
		newHash, _ := digestNamed(strings.TrimPrefix(n.op, "pbkdf2_"))
		tag, err = pbkdf2.Key(newHash, string(pw), salt, int(e.number(n.args[2])), size)
	}
	if err != nil {
		return e.fail(err)
	}
	return value{tag, true}
}

func (e *env) firebase(n *node, salt []byte) (stored, error) {
	signer, separator := e.eval(n.args[2]).text(), e.eval(n.args[3]).text()
	if e.err != nil {
		return stored{}, e.err
	}
	costs := []uint64{n.args[5].n, n.args[4].n, 1}
	return firebaseHash(e.h, costs, salt, make([]byte, len(signer)), separator, signer)
}

// afford holds the costs of an expression against the bounds, and reads what it
// decodes of the row, before anything is computed.
func (e *env) afford(n *node) (total price, err error) {
	b := &e.h.Bounds
	switch {
	case strings.HasPrefix(n.op, "pbkdf2_"), n.op == "repeat":
		at := numbersOf(n)[0]
		if _, ok := number(e.fields["rounds"]); n.args[at].op == "rounds" && !ok {
			return price{}, malformed("rounds")
		}
		rounds := e.number(n.args[at])
		total = roundsOf(rounds)
		if n.op == "repeat" {
			err = b.Crypt(rounds, 1)
		} else {
			err = b.PBKDF2(rounds)
		}
	case n.op == "scrypt":
		var p stored
		p, err = scryptHash(e.h, n.args[2].n, n.args[3].n, n.args[4].n, make([]byte, 8), make([]byte, minTag))
		total = p.price
	case n.op == "argon2id", n.op == "argon2i":
		var p stored
		costs := argon2Costs{n.args[2].n, n.args[3].n, n.args[4].n}
		p, err = argon2Hash(e.h, strings.TrimPrefix(n.op, "argon2"), pwhash.Argon2Version, costs, make([]byte, 8), make([]byte, minTag))
		total = p.price
	case n.op == "firebase":
		var p stored
		p, err = e.firebase(n, []byte("salt"))
		total = p.price
	case n.op == "secret" && e.h.SchemeSecret == "":
		err = errFormat
	case n.op == "unhex", n.op == "unbase64":
		e.eval(n)
		err = e.err
	}
	for _, arg := range n.args {
		if err != nil {
			return price{}, err
		}
		var inner price
		if inner, err = e.afford(arg); inner.memory > total.memory || total.cost == "" {
			total = inner
		}
	}
	return total, err
}

// bcryptAlphabet is the base64 of bcrypt, which has an alphabet of its own.
var bcryptAlphabet = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

// bcryptWith makes the whole hash of a password with the salt and the cost of another
// one, which golang.org/x/crypto/bcrypt does not give away.
func bcryptWith(like string, password []byte) []byte {
	salt, err := bcryptAlphabet.DecodeString(like[7:29])
	if err != nil {
		return nil
	}
	key := append(password[:min(len(password), bcryptLimit):min(len(password), bcryptLimit)], 0)
	cipher, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return nil
	}
	cost, _ := number(strings.TrimPrefix(like[4:6], "0"))
	for range uint64(1) << cost {
		blowfish.ExpandKey(key, cipher)
		blowfish.ExpandKey(salt, cipher)
	}
	text := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(text); i += blowfish.BlockSize {
		for range 64 {
			cipher.Encrypt(text[i:], text[i:])
		}
	}
	return append([]byte(like[:29]), bcryptAlphabet.EncodeToString(text[:23])...)
}
