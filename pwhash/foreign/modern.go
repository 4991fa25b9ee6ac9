package foreign

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
	//lint:ignore SA1019 hashes made with it exist
	"golang.org/x/crypto/md4"
)

// parseAdonis reads what AdonisJS writes, for which it has its own spelling of PHC
// strings: $scrypt$n=16384,r=8,p=1$, $bcrypt$v=98$r=10$, and $argon2id$v=19$t=3,m=65536,p=4$
// with the passes first.
func parseAdonis(s string, h *Hasher) (stored, error) {
	if f, ok := fields(s, "$bcrypt$", 4); ok {
		version, ok1 := strings.CutPrefix(f[0], "v=")
		cost, ok2 := strings.CutPrefix(f[1], "r=")
		letter, ok3 := number(version) // of the letter, as it stands in ASCII
		var r reader
		rounds, salt, tag := r.number("r", cost), r.unpadded("salt", f[2]), r.unpadded("tag", f[3])
		r.check("v", ok1 && ok3 && letter < 128)
		r.check("r", ok2 && rounds < 100)
		r.check("salt", len(salt) == 16)
		r.check("tag", len(tag) == 23)
		if r.err != nil {
			return stored{}, r.err
		}
		digits := strconv.FormatUint(rounds, 10)
		if rounds < 10 {
			digits = "0" + digits
		}
		return parseBcrypt("$2"+string(rune(letter))+"$"+digits+"$"+bcryptAlphabet.EncodeToString(salt)+bcryptAlphabet.EncodeToString(tag), h)
	}
	if strings.HasPrefix(s, "$scrypt$n=") {
		f, ok := fields(s, "$scrypt$", 3)
		if !ok {
			return stored{}, malformed("")
		}
		var r reader
		costs, salt, tag := r.assignments(f[0], "n", "r", "p"), r.unpadded("salt", f[1]), r.unpadded("tag", f[2])
		if r.err != nil {
			return stored{}, r.err
		}
		return scryptHash(h, costs[0], costs[1], costs[2], salt, tag)
	}
	// AdonisJS writes m=4096 or more. With less, it is a malformed PHC string.
	if _, rest, _ := strings.Cut(s, ",m="); len(strings.SplitN(rest, ",", 2)[0]) < len("1024") {
		return stored{}, errFormat
	}
	return parsePassesFirst(s, h)
}

// parsePassesFirst reads $argon2id$v=19$t=…,m=…,p=…$salt$tag, the costs in another order
// than the PHC format has them.
func parsePassesFirst(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$argon2", 5)
	if !ok || !strings.HasPrefix(f[2], "t=") {
		return stored{}, errFormat
	}
	var r reader
	costs := r.assignments(f[2], "t", "m", "p")
	if r.err != nil {
		return stored{}, r.err
	}
	inner := "m=" + strconv.FormatUint(costs[1], 10) + ",t=" + strconv.FormatUint(costs[0], 10) + ",p=" + strconv.FormatUint(costs[2], 10)
	return parsePHCArgon2("$argon2"+f[0]+"$"+f[1]+"$"+inner+"$"+f[3]+"$"+f[4], h)
}

// parseShiro reads Apache Shiro's $shiro1$SHA-256$rounds$salt$tag, and $shiro2$ before
// Argon2 or bcrypt.
func parseShiro(s string, h *Hasher) (stored, error) {
	if inner, ok := strings.CutPrefix(s, "$shiro2$"); ok {
		if strings.HasPrefix(inner, "2") {
			mcf := "$" + inner
			if len(mcf) == 61 && mcf[29] == '$' { // between salt and digest
				mcf = mcf[:29] + mcf[30:]
			}
			return parseBcrypt(mcf, h)
		}
		if p, err := parsePassesFirst("$"+inner, h); err != errFormat {
			return p, err
		}
		return parsePHCArgon2("$"+inner, h)
	}
	f, ok := fields(s, "$shiro1$", 4)
	if !ok {
		return stored{}, errFormat
	}
	newHash, known := digestNamed(strings.ToLower(strings.Replace(f[0], "-", "", 1)))
	if !known {
		return stored{}, malformed("digest")
	}
	var r reader
	rounds, salt, tag := r.number("rounds", f[1]), r.padded("salt", f[2]), r.padded("tag", f[3])
	if r.err != nil {
		return stored{}, r.err
	}
	blank := "$shiro1$" + f[0] + "$" + f[1] + "$" + f[2] + "$" + base64Zeros(tag)
	return iterated(h, newHash, rounds, salt, tag, blank)
}

// parseFSHP reads {FSHP1|16|480000} and base64 of salt and tag: PBKDF1 with password and
// salt exchanged.
func parseFSHP(s string, h *Hasher) (stored, error) {
	settings, value, ok := strings.Cut(s, "}")
	settings, isFSHP := strings.CutPrefix(settings, "{FSHP")
	f := strings.Split(settings, "|")
	if !ok || !isFSHP {
		return stored{}, errFormat
	}
	if len(f) != 3 {
		return stored{}, malformed("")
	}
	newHash, known := map[string]func() hash.Hash{"0": sha1.New, "1": sha256.New, "2": sha512.New384, "3": sha512.New}[f[0]]
	if !known {
		return stored{}, malformed("variant")
	}
	var r reader
	size, rounds, b := r.number("salt size", f[1]), r.number("rounds", f[2]), r.padded("salt and tag", value)
	tag := newHash().Size()
	r.check("salt and tag", size <= maxSalt && uint64(len(b)) == size+uint64(tag))
	if r.err != nil {
		return stored{}, r.err
	}
	if err := h.Bounds.Crypt(rounds, 1); err != nil {
		return stored{}, err
	}
	return iterated(h, newHash, rounds, b[:size], b[size:], "")
}

// iterated is a digest of salt and password, and then of itself.
func iterated(h *Hasher, newHash func() hash.Hash, rounds uint64, salt, tag []byte, blank string) (stored, error) {
	if len(tag) != newHash().Size() {
		return stored{}, malformed("tag")
	}
	if err := h.Bounds.Crypt(rounds, 1); err != nil {
		return stored{}, err
	}
	return stored{tag: tag, price: roundsOf(rounds), blank: blank, derive: func(password string) ([]byte, error) {
		sum := digest(newHash, string(salt), password)
		d := newHash()
		for range rounds - 1 {
			d.Reset()
			d.Write(sum)
			sum = d.Sum(sum[:0])
		}
		return sum, nil
	}}, nil
}

// parseMattermost reads $pbkdf2$f=SHA256,w=600000,l=32$salt$tag.
func parseMattermost(s string, h *Hasher) (stored, error) {
	rest, ok := strings.CutPrefix(s, "$pbkdf2$f=")
	name, rest, split := strings.Cut(rest, ",")
	if !ok || !split {
		return stored{}, errFormat
	}
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return stored{}, malformed("")
	}
	prf, known := digestNamed(strings.ToLower(name))
	if !known {
		return stored{}, malformed("digest")
	}
	var r reader
	costs, salt, tag := r.assignments(f[0], "w", "l"), r.unpadded("salt", f[1]), r.unpadded("tag", f[2])
	r.check("tag", costs[1] == uint64(len(tag)))
	if r.err != nil {
		return stored{}, r.err
	}
	return pbkdf2Hash(h, prf, costs[0], salt, tag)
}

// parseGitea reads what Gitea and Forgejo have in three columns, with ":" between them:
// passwd_hash_algo, salt, passwd. Salts are hex, and text if they are 10 long.
func parseGitea(s string, h *Hasher) (stored, error) {
	columns := strings.Split(s, ":")
	if len(columns) != 3 {
		return stored{}, errFormat
	}
	algo := strings.Split(giteaAlgo(columns[0]), "$")
	var r reader
	costs := make([]uint64, len(algo)-1)
	for i, digits := range algo[1:] {
		costs[i] = r.number("parameters", digits)
	}
	want, known := map[string]int{"pbkdf2": 2, "argon2": 4, "scrypt": 4, "bcrypt": 1}[algo[0]]
	if !known {
		return stored{}, errFormat
	}
	if r.check("parameters", len(costs) == want); r.err != nil {
		return stored{}, r.err
	}
	if algo[0] == "bcrypt" {
		return parseBcrypt(columns[2], h)
	}
	salt := []byte(columns[1])
	if len(salt) != 10 {
		salt = r.hex("salt", columns[1])
	}
	tag := r.hex("tag", columns[2])
	r.check("tag", uint64(len(tag)) == costs[len(costs)-1])
	if r.err != nil {
		return stored{}, r.err
	}
	switch algo[0] {
	case "pbkdf2":
		return pbkdf2Hash(h, sha256.New, costs[0], salt, tag)
	case "scrypt":
		return scryptHash(h, costs[0], costs[1], costs[2], salt, tag)
	}
	return argon2Hash(h, "id", pwhash.Argon2Version, argon2Costs{costs[1], costs[0], costs[2]}, salt, tag)
}

// giteaAlgo is what the names without parameters stand for.
func giteaAlgo(name string) string {
	switch name {
	case "pbkdf2", "pbkdf2_v1":
		return "pbkdf2$10000$50"
	case "pbkdf2_v2":
		return "pbkdf2$50000$50"
	case "pbkdf2_hi":
		return "pbkdf2$320000$50"
	case "argon2":
		return "argon2$2$65536$8$50"
	case "scrypt":
		return "scrypt$65536$16$2$50"
	case "bcrypt":
		return "bcrypt$10"
	}
	return name
}

// parseRubySCrypt reads what the scrypt gem writes, for Authlogic and Clearance: N, r and p
// in hex, and the hex of salt and tag, each behind a "$". The gem has its time in p.
func parseRubySCrypt(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "", 5)
	if !ok {
		return stored{}, errFormat
	}
	var costs [3]uint64
	for i := range costs {
		n, err := strconv.ParseUint(f[i], 16, 32)
		if err != nil || strconv.FormatUint(n, 16) != f[i] {
			return stored{}, errFormat
		}
		costs[i] = n
	}
	salt, ok1 := hexBytes(f[3])
	tag, ok2 := hexBytes(f[4])
	if !ok1 || !ok2 {
		return stored{}, errFormat
	}
	raised := *h
	if raised.Bounds.ScryptParallel == 0 {
		raised.Bounds.ScryptParallel = 256 // its work is bounded all the same
	}
	return scryptHash(&raised, costs[0], costs[1], costs[2], salt, tag)
}

// parseP5K2 reads Passlib's cta_pbkdf2_sha1 and dlitz_pbkdf2_sha1, which begin with $p5k2$
// and have their rounds in hex. The first has a tag of 20 bytes and decodes its salt; the second
// has one of 24, and everything before it for a salt.
func parseP5K2(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$p5k2$", 3)
	if !ok {
		return stored{}, errFormat
	}
	rounds := uint64(400) // of dlitz, unsaid
	if f[0] != "" {
		n, err := strconv.ParseUint(f[0], 16, 32)
		if err != nil || strconv.FormatUint(n, 16) != f[0] {
			return stored{}, malformed("rounds")
		}
		rounds = n
	}
	if strings.HasSuffix(f[2], "=") {
		var r reader
		plain := strings.NewReplacer("-", "+", "_", "/")
		salt, tag := r.padded("salt", plain.Replace(f[1])), r.padded("tag", plain.Replace(f[2]))
		r.check("tag", len(tag) == sha1.Size)
		if r.err != nil {
			return stored{}, r.err
		}
		return pbkdf2Hash(h, sha1.New, rounds, salt, tag)
	}
	tag, ok := adapted(f[2])
	if !ok || len(tag) != 24 || f[1] == "" {
		return stored{}, malformed("tag")
	}
	return pbkdf2Hash(h, sha1.New, rounds, []byte(s[:len(s)-len(f[2])-1]), tag)
}

// parseNTLM reads the hex of Windows' NT hash, also behind libxcrypt's $3$$.
func parseNTLM(s string, h *Hasher) (stored, error) {
	digits := strings.TrimPrefix(s, "$3$$")
	tag, ok := hexBytes(digits)
	if !ok || len(tag) != md4.Size {
		return stored{}, errFormat
	}
	blank := s[:len(s)-len(digits)] + zeros(digits)
	return stored{tag: tag, blank: blank, derive: func(password string) ([]byte, error) {
		return digest(md4.New, string(utf16le(password))), nil
	}}, nil
}

// parse389DS reads 389 Directory Server's {PBKDF2_SHA256}: base64 of the rounds in four bytes,
// 64 of salt and 256 of tag.
func parse389DS(s string, h *Hasher) (stored, error) {
	scheme, value, ok := ldapScheme(s)
	if !ok || !strings.EqualFold(scheme, "PBKDF2_SHA256") {
		return stored{}, errFormat
	}
	b, ok := padded(value)
	if !ok || len(b) != 4+64+256 {
		return stored{}, malformed("rounds, salt and tag")
	}
	rounds := uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
	if err := h.Bounds.PBKDF2(rounds); err != nil {
		return stored{}, err
	}
	// The first 64 bytes are two blocks of PBKDF2. They are more than an attacker compares,
	// and four times as fast as all of them.
	return pbkdf2Hash(h, sha256.New, rounds, b[4:68], b[68:68+maxTag])
}

// FirebaseParams are the password hash parameters of a Firebase project, as its console
// shows them.
type FirebaseParams struct {
	SignerKey     string // base64_signer_key
	SaltSeparator string // base64_salt_separator
	Rounds        uint64 // 0: 8
	MemCost       uint64 // 0: 14
}

// anyProject stands for the parameters of a project where only the syntax matters.
var anyProject = FirebaseParams{SignerKey: strings.Repeat("A", 86) + "=="}

func (f FirebaseParams) decode() (signer, separator []byte, ok bool) {
	signer, ok1 := decodeAny64(f.SignerKey)
	separator, ok2 := decodeAny64(f.SaltSeparator)
	return signer, separator, ok1 && ok2 && len(signer) >= minTag
}

func (f FirebaseParams) validate() error {
	if _, _, ok := f.decode(); !ok {
		return errors.New("foreign: Accept has FirebaseExport, but Hasher.Firebase has no signer key, or one that is not base64")
	}
	return nil
}

// parseFirebaseExport reads a user as firebase auth:export writes it: a JSON object with
// passwordHash and salt in base64, of the URL alphabet or not.
func parseFirebaseExport(s string, h *Hasher) (stored, error) {
	if !strings.HasPrefix(s, "{") || !strings.Contains(s, `"passwordHash"`) {
		return stored{}, errFormat
	}
	var user struct{ PasswordHash, Salt string }
	if json.Unmarshal([]byte(s), &user) != nil {
		return stored{}, malformed("JSON")
	}
	tag, ok1 := decodeAny64(user.PasswordHash)
	salt, ok2 := decodeAny64(user.Salt)
	signer, separator, ok3 := h.Firebase.decode()
	var r reader
	r.check("passwordHash", ok1)
	r.check("salt", ok2 && len(salt) > 0)
	if r.err != nil {
		return stored{}, r.err
	}
	if !ok3 {
		return stored{}, errFormat
	}
	rounds, memory := h.Firebase.Rounds, h.Firebase.MemCost
	if rounds == 0 {
		rounds = 8
	}
	if memory == 0 {
		memory = 14
	}
	if h.Firebase == anyProject {
		signer = make([]byte, len(tag)) // any key is as long as what it is encrypted to
	}
	return firebaseHash(h, []uint64{memory, rounds, 1}, salt, tag, separator, signer)
}

// parseMediaWikiArgon2 reads :argon2:, with the PHC string behind it.
func parseMediaWikiArgon2(s string, h *Hasher) (stored, error) {
	inner, ok := strings.CutPrefix(s, ":argon2:")
	if !ok {
		return stored{}, errFormat
	}
	return parsePHCArgon2(inner, h)
}

// parseMediaWikiLayered reads what MediaWiki puts around its old hashes:
// :pbkdf2-legacyB:!salt!sha512:rounds:length!salt!tag, and legacyA without the first salt.
func parseMediaWikiLayered(s string, h *Hasher) (stored, error) {
	kind, value, ok := strings.Cut(strings.TrimPrefix(s, ":"), ":")
	if !ok || kind != "pbkdf2-legacyA" && kind != "pbkdf2-legacyB" || s[0] != ':' {
		return stored{}, errFormat
	}
	f := strings.Split(value, "!")
	if len(f) != 5 {
		return stored{}, malformed("")
	}
	outer, err := parseMediaWiki(":pbkdf2:"+f[2]+":"+f[3]+":"+f[4], h)
	if err != nil {
		return stored{}, err
	}
	return stored{tag: outer.tag, price: outer.price, derive: func(password string) ([]byte, error) {
		sum := md5.Sum([]byte(password))
		inner := hex.EncodeToString(sum[:])
		if kind == "pbkdf2-legacyB" {
			sum = md5.Sum([]byte(f[1] + "-" + inner))
			inner = hex.EncodeToString(sum[:])
		}
		return outer.derive(inner)
	}}, nil
}
