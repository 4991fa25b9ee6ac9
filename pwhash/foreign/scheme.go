package foreign

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/passwd-go/passwd/pwhash"
)

// scheme is a format of one line, taken apart; see the package comment.
type scheme struct {
	layout []part
	expr   *node
	uses   map[string]bool
}

// part is a piece of a layout: a literal, or a field, of a width unless it is 0.
type part struct {
	literal string
	field   string
	width   int
}

const (
	schemeMark     = " = "
	maxScheme      = 512 // bytes of a line
	maxNodes       = 64
	maxSchemeTag   = 1 << 10
	minSchemeChars = 16
	maxFieldWidth  = 512
)

// isScheme reports that a format is a line and not a name.
func isScheme(f Format) bool { return strings.Contains(string(f), schemeMark) }

// parseScheme reads a line. Its error says what is wrong, and where.
func parseScheme(line string) (*scheme, error) {
	if len(line) > maxScheme {
		return nil, fmt.Errorf("foreign: scheme is over %d bytes long", maxScheme)
	}
	left, right, _ := strings.Cut(line, schemeMark)
	layout, err := parseLayout(strings.TrimSpace(left))
	if err != nil {
		return nil, fmt.Errorf("foreign: scheme %q: %w", line, err)
	}
	p := &schemeParser{rest: right}
	expr, err := p.expression()
	if err == nil && p.rest != "" {
		err = fmt.Errorf("nothing can follow, but there is %q", p.rest)
	}
	s := &scheme{layout: layout, expr: expr, uses: map[string]bool{}}
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, fmt.Errorf("foreign: scheme %q: %w", line, err)
	}
	return s, nil
}

var schemeFields = []string{"hash", "salt", "user", "rounds"}

func parseLayout(s string) ([]part, error) {
	var parts []part
	literal := func(text string) {
		if n := len(parts); n > 0 && parts[n-1].field == "" {
			parts[n-1].literal += text
		} else if text != "" {
			parts = append(parts, part{literal: text})
		}
	}
	for s != "" {
		if s[0] == '\'' {
			text, rest, closed := strings.Cut(s[1:], "'")
			if !closed {
				return nil, errors.New("a quote is not closed")
			}
			literal(text)
			s = rest
			continue
		}
		word := s[:wordLength(s)]
		if word == "" {
			literal(s[:1])
			s = s[1:]
			continue
		}
		s = s[len(word):]
		if !slices.Contains(schemeFields, word) {
			literal(word)
			continue
		}
		if slices.ContainsFunc(parts, func(p part) bool { return p.field == word }) {
			return nil, fmt.Errorf("%s is there twice", word)
		}
		p := part{field: word}
		if width, isWidth := strings.CutPrefix(s, "["); isWidth {
			digits, rest, closed := strings.Cut(width, "]")
			n, ok := number(digits)
			if !closed || !ok || n < 1 || n > maxFieldWidth {
				return nil, fmt.Errorf("the width of %s is not a number from 1 to %d", word, maxFieldWidth)
			}
			p.width, s = int(n), rest
		}
		if n := len(parts); n > 0 && parts[n-1].field != "" && parts[n-1].width == 0 {
			return nil, fmt.Errorf("nothing is between %s and %s, and %s has no width", parts[n-1].field, word, parts[n-1].field)
		}
		parts = append(parts, p)
	}
	if !slices.ContainsFunc(parts, func(p part) bool { return p.field == "hash" }) {
		return nil, errors.New("there is no hash left of =")
	}
	return parts, nil
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && (s[n] == '_' || s[n] >= '0' && s[n] <= '9' || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	return n
}

// split takes a stored hash apart after the layout.
func (s *scheme) split(stored string) (map[string]string, bool) {
	if hash, ok := s.walk(stored, nil); !ok || !couldBe(s.expr, hash) {
		return nil, false
	}
	fields := make(map[string]string, 3)
	s.walk(stored, fields)
	return fields, true
}

// couldBe tells by its length that a text cannot be the hash of an expression, before anything is
// taken apart: most rows are of another scheme.
func couldBe(expr *node, hash string) bool {
	if verifiers[expr.op] != nil || expr.op == "base64" || expr.op == "base64url" {
		return true
	}
	if expr.op == "left" {
		return len(hash) == expr.size()
	}
	return len(hash) == 2*expr.size()
}

// walk goes through the layout. Where a field has no width, it ends where what follows
// begins: for the first time, and before a hash at the end for the last.
func (s *scheme) walk(stored string, fields map[string]string) (hash string, ok bool) {
	for i, p := range s.layout {
		if p.field == "" {
			rest, ok := strings.CutPrefix(stored, p.literal)
			if !ok {
				return "", false
			}
			stored = rest
			continue
		}
		end := len(stored)
		switch {
		case p.width > len(stored):
			return "", false
		case p.width > 0:
			end = p.width
		case i+1 < len(s.layout):
			next := s.layout[i+1].literal
			end = strings.Index(stored, next)
			if i+3 == len(s.layout) && s.layout[i+2].field == "hash" {
				end = strings.LastIndex(stored, next)
			}
			if end < 0 {
				return "", false
			}
		}
		if end == 0 {
			return "", false
		}
		if p.field == "hash" {
			hash = stored[:end]
		}
		if fields != nil {
			fields[p.field] = stored[:end]
		}
		stored = stored[end:]
	}
	return hash, stored == ""
}

func (s *scheme) join(fields map[string]string) string {
	var b strings.Builder
	for _, p := range s.layout {
		b.WriteString(p.literal)
		if p.field != "" {
			b.WriteString(fields[p.field])
		}
	}
	return b.String()
}

// Join makes the stored hash of a scheme, or of a format that is one, out of what a table
// has in several columns: "hash", "salt", "user", "rounds". Its error says which one
// is missing, or that they cannot be taken apart again.
func Join(f Format, columns map[string]string) (pwhash.Hash, error) {
	lines := linesOf(f)
	if len(lines) == 0 {
		return "", fmt.Errorf("foreign: Join: %q is no scheme", string(f))
	}
	var failed error
	for _, line := range lines {
		s, err := parseScheme(line)
		if err != nil {
			return "", err
		}
		stored, err := s.joinColumns(columns)
		if err == nil {
			return pwhash.Hash(stored), nil
		}
		if failed == nil {
			failed = err
		}
	}
	return "", failed
}

func (s *scheme) joinColumns(columns map[string]string) (string, error) {
	for _, p := range s.layout {
		if p.field != "" && columns[p.field] == "" {
			return "", fmt.Errorf("foreign: Join: no %s", p.field)
		}
	}
	stored := s.join(columns)
	again := map[string]string{}
	_, ok := s.walk(stored, again)
	for field, value := range again {
		ok = ok && columns[field] == value
	}
	if !ok {
		return "", errors.New("foreign: Join: a column has in it what separates the fields, or is not as wide as its field")
	}
	return stored, nil
}

// linesOf returns the lines of a scheme, or of a format that is made of some.
func linesOf(f Format) []string {
	if isScheme(f) {
		return []string{string(f)}
	}
	for _, s := range stacks {
		if s.name == f {
			return s.lines
		}
	}
	return nil
}

// schemeLines is the parser of several lines: the first whose layout fits reads a hash.
func schemeLines(lines []string) parser {
	schemes := sync.OnceValue(func() []*scheme {
		all := make([]*scheme, 0, len(lines))
		for _, line := range lines {
			if s, err := parseScheme(line); err == nil {
				all = append(all, s)
			}
		}
		return all
	})
	return func(text string, h *Hasher) (stored, error) {
		err := errFormat
		for _, s := range schemes() {
			p, parseErr := s.parse(text, h)
			if parseErr == nil {
				return p, nil
			}
			if outOfBounds(parseErr) || err == errFormat {
				err = parseErr
			}
		}
		return stored{}, err
	}
}

// parse reads a stored hash. Its error is errFormat where the layout does not fit.
func (s *scheme) parse(text string, h *Hasher) (stored, error) {
	fields, ok := s.split(text)
	if !ok {
		return stored{}, errFormat
	}
	e := &env{h: h, fields: fields}
	price, err := e.afford(s.expr)
	if err != nil {
		return stored{}, err
	}
	if inner := verifiers[s.expr.op]; inner != nil {
		return s.verifier(inner, e)
	}
	tag, blank, ok := readTag(s.expr, fields["hash"])
	if !ok || len(tag) > maxSchemeTag {
		return stored{}, errFormat
	}
	fields["hash"] = blank
	return stored{tag: tag, price: price, blank: s.join(fields), derive: func(password string) ([]byte, error) {
		e := &env{h: h, fields: fields, pw: password}
		return e.tag(s.expr)
	}}, nil
}

// verifier is a scheme around a hash that has its own salt and costs.
func (s *scheme) verifier(inner parser, e *env) (stored, error) {
	mcf := e.fields["hash"]
	p, err := inner(mcf, e.h)
	if err != nil {
		return stored{}, err
	}
	input := s.expr.args[0]
	return stored{price: p.price, match: func(password string) bool {
		e := &env{h: e.h, fields: e.fields, pw: password}
		text := e.eval(input).text()
		if e.err != nil {
			return false
		}
		match, err := p.matches(string(text))
		return match && err == nil
	}}, nil
}

// verifiers read hashes that say themselves how they are made.
var verifiers = map[string]parser{
	"bcrypt": parseBcrypt,
	"argon2": parsePHCArgon2,
	"crypt":  parseAnyCrypt,
	"phpass": parsePhpass,
}

func parseAnyCrypt(s string, h *Hasher) (stored, error) {
	if strings.HasPrefix(s, "$2") {
		return parseBcrypt(s, h)
	}
	return parseUnixCrypt(s, h)
}

// readTag decodes the stored hash as the outermost function writes it, and makes the
// one that stands in its place in a wrapped hash.
func readTag(expr *node, text string) (tag []byte, blank string, ok bool) {
	switch size := expr.size(); expr.op {
	case "base64", "base64url":
		tag, ok = decodeAny64(text)
		padding := text[len(strings.TrimRight(text, "=")):]
		blank = strings.Repeat("A", len(text)-len(padding)) + padding
		return tag, blank, ok && (size == 0 || len(tag) == size)
	case "left":
		return []byte(strings.ToLower(text)), zeros(text), len(text) == size
	default:
		tag, ok = hexBytes(text)
		return tag, zeros(text), ok && len(tag) == size
	}
}

// decodeAny64 reads base64 of either alphabet, padded or not, in its one spelling.
func decodeAny64(s string) ([]byte, bool) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	if b, ok := padded(s); ok {
		return b, true
	}
	return unpadded(s)
}

// node is a value or a function of an expression.
type node struct {
	op   string // the name of a value or of a function; "text", "number", "+"
	text string
	n    uint64
	args []*node
}

type schemeParser struct {
	rest  string
	nodes int
	depth int
}

func (p *schemeParser) space() { p.rest = strings.TrimLeft(p.rest, " ") }

func (p *schemeParser) take(mark string) bool {
	rest, ok := strings.CutPrefix(p.rest, mark)
	if ok {
		p.rest = rest
		p.space()
	}
	return ok
}

// expression is a term, or several with + between them.
func (p *schemeParser) expression() (*node, error) {
	p.space()
	first, err := p.term()
	if err != nil || !strings.HasPrefix(p.rest, "+") {
		return first, err
	}
	sum := &node{op: "+", args: []*node{first}}
	for p.take("+") {
		next, err := p.term()
		if err != nil {
			return nil, err
		}
		sum.args = append(sum.args, next)
	}
	return sum, nil
}

func (p *schemeParser) term() (*node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, fmt.Errorf("more than %d terms", maxNodes)
	}
	for _, quote := range []string{"'", `"`} {
		rest, ok := strings.CutPrefix(p.rest, quote)
		text, rest, closed := strings.Cut(rest, quote)
		if !ok {
			continue
		}
		if !closed {
			return nil, errors.New("a quote is not closed")
		}
		p.rest = rest
		p.space()
		return &node{op: "text", text: text}, nil
	}
	word := p.rest[:wordLength(p.rest)]
	p.rest = p.rest[len(word):]
	p.space()
	switch {
	case word == "":
		return nil, fmt.Errorf("a value is missing before %q", p.rest)
	case word[0] >= '0' && word[0] <= '9':
		n, err := strconv.ParseUint(word, 10, 40)
		if err != nil || len(word) > 1 && word[0] == '0' {
			return nil, fmt.Errorf("%s is not a number that can be", word)
		}
		return &node{op: "number", n: n}, nil
	case !strings.HasPrefix(p.rest, "("):
		if word == "password" {
			word = "pw"
		}
		if !slices.Contains([]string{"pw", "salt", "user", "rounds", "secret", "last"}, word) {
			return nil, fmt.Errorf("%s is no value", word)
		}
		return &node{op: word}, nil
	}
	return p.call(word)
}

func (p *schemeParser) call(name string) (*node, error) {
	arity, ok := functions[name]
	if !ok {
		return nil, fmt.Errorf("%s is no function", name)
	}
	if p.depth++; p.depth > 16 {
		return nil, errors.New("more than 16 functions in each other")
	}
	defer func() { p.depth-- }()
	p.take("(")
	call := &node{op: name}
	for {
		arg, err := p.expression()
		if err != nil {
			return nil, err
		}
		call.args = append(call.args, arg)
		if p.take(")") {
			break
		}
		if !p.take(",") {
			return nil, fmt.Errorf("%s( is not closed", name)
		}
	}
	if len(call.args) != arity && !(name == "repeat" && len(call.args) == 3) {
		return nil, fmt.Errorf("%s takes %d arguments", name, arity)
	}
	return call, nil
}

// functions has the number of arguments of each.
var functions = map[string]int{
	"md4": 1, "md5": 1, "sha1": 1, "sha224": 1, "sha256": 1, "sha384": 1, "sha512": 1,
	"hmac_md5": 2, "hmac_sha1": 2, "hmac_sha256": 2, "hmac_sha512": 2,
	"pbkdf2_sha1": 4, "pbkdf2_sha256": 4, "pbkdf2_sha512": 4, "pbkdf2_md5": 4,
	"scrypt": 6, "argon2id": 6, "argon2i": 6, "firebase": 6, "repeat": 2,
	"raw": 1, "hex": 1, "base64": 1, "base64url": 1, "unhex": 1, "unbase64": 1,
	"lower": 1, "upper": 1, "trim": 1, "utf16le": 1, "nfkc": 1, "left": 2,
	"bcrypt": 1, "argon2": 1, "crypt": 1, "phpass": 1,
}

// kdf reports that a function is slow on purpose.
func (n *node) kdf() bool {
	return strings.HasPrefix(n.op, "pbkdf2_") || n.op == "scrypt" || n.op == "argon2id" || n.op == "argon2i" ||
		n.op == "firebase" || n.op == "bcrypt"
}

// size is the length in bytes of what a digest gives, 0 for what is no digest and
// for what depends on the row.
func (n *node) size() int {
	if newHash, ok := digestOf(n.op); ok {
		return newHash().Size()
	}
	switch {
	case strings.HasPrefix(n.op, "hmac_"):
		newHash, _ := digestOf(strings.TrimPrefix(n.op, "hmac_"))
		return newHash().Size()
	case strings.HasPrefix(n.op, "pbkdf2_"), n.op == "scrypt", n.op == "argon2id", n.op == "argon2i":
		return int(n.args[len(n.args)-1].n)
	case n.op == "repeat":
		return n.args[1].size()
	case n.op == "raw", n.op == "base64", n.op == "base64url", n.op == "upper":
		return n.args[0].size()
	case n.op == "left":
		return int(n.args[1].n)
	}
	return 0
}

func (n *node) isDigest() bool {
	switch n.op {
	case "raw", "base64", "base64url", "left", "lower", "upper":
		return false
	}
	return n.size() > 0 || n.op == "firebase"
}

// check holds the rules of a line that its grammar does not.
func (s *scheme) check() error {
	kdfs := 0
	if err := s.checkNode(s.expr, true, false, &kdfs); err != nil {
		return err
	}
	if kdfs > 2 {
		return errors.New("more than two slow functions")
	}
	if !s.uses["pw"] {
		return errors.New("the password is not used")
	}
	laidOut := map[string]bool{}
	for _, p := range s.layout {
		laidOut[p.field] = true
		if p.field != "" && p.field != "hash" && !s.uses[p.field] {
			return fmt.Errorf("%s is stored and not used", p.field)
		}
	}
	for _, f := range schemeFields[1:] {
		if s.uses[f] && !laidOut[f] {
			return fmt.Errorf("%s is used and not stored", f)
		}
	}
	switch out := s.expr; {
	case verifiers[out.op] != nil, out.isDigest():
	case out.op == "base64" || out.op == "base64url" || out.op == "upper":
		if !out.args[0].isDigest() && !(out.op != "upper" && out.args[0].op == "raw") {
			return fmt.Errorf("outermost, %s must be of a digest", out.op)
		}
	case out.op == "left" && out.args[0].isDigest():
	default:
		return errors.New("outermost must be a digest, or base64, upper or left of one")
	}
	if size := s.expr.size(); size > maxSchemeTag {
		return fmt.Errorf("more than %d bytes", maxSchemeTag)
	}
	return nil
}

func (s *scheme) checkNode(n *node, outermost, repeated bool, kdfs *int) error {
	s.uses[n.op] = true
	if n.kdf() {
		*kdfs++
		if repeated {
			return fmt.Errorf("%s is slow and cannot be in repeat", n.op)
		}
	}
	if verifiers[n.op] != nil && !outermost {
		if n.op != "bcrypt" || s.expr.op != "bcrypt" {
			return fmt.Errorf("%s can only be outermost", n.op)
		}
	}
	if n.op == "last" && !repeated {
		return errors.New("last is only in repeat")
	}
	for i, at := range numbersOf(n) {
		arg := n.args[at]
		isNumber := arg.op == "number" && arg.n >= 1 || arg.op == "rounds" && i == 0 && (n.op == "repeat" || strings.HasPrefix(n.op, "pbkdf2_"))
		if !isNumber {
			return fmt.Errorf("argument %d of %s must be a number of 1 or more", at+1, n.op)
		}
	}
	switch {
	case n.op == "repeat" && repeated:
		return errors.New("repeat in repeat")
	case n.op == "repeat" && !uses(n.args[1], "last"):
		return errors.New("repeat without last repeats nothing")
	case n.op == "left" && outermost && n.args[1].n < minSchemeChars:
		return fmt.Errorf("left keeps fewer than %d characters", minSchemeChars)
	case n.op == "left" && outermost && 2*n.args[0].size() < int(n.args[1].n):
		return errors.New("left keeps more than there is")
	case n.kdf() && n.op != "bcrypt" && n.op != "firebase" && n.size() < minTag:
		return fmt.Errorf("%s of fewer than %d bytes", n.op, minTag)
	case (n.op == "unhex" || n.op == "unbase64") && (uses(n.args[0], "pw") || uses(n.args[0], "last")):
		return fmt.Errorf("%s of what depends on the password", n.op)
	}
	for i, arg := range n.args {
		if err := s.checkNode(arg, false, repeated || n.op == "repeat" && i == 1, kdfs); err != nil {
			return err
		}
	}
	return nil
}

// numbersOf has the arguments of a function that are numbers; the first of them may
// be a field of the row.
func numbersOf(n *node) []int {
	switch {
	case n.op == "repeat":
		return []int{0}
	case n.op == "left":
		return []int{1}
	case strings.HasPrefix(n.op, "pbkdf2_"):
		return []int{2, 3}
	case n.op == "scrypt", n.op == "argon2id", n.op == "argon2i":
		return []int{2, 3, 4, 5}
	case n.op == "firebase":
		return []int{4, 5}
	}
	return nil
}

func uses(n *node, op string) bool {
	return n.op == op || slices.ContainsFunc(n.args, func(arg *node) bool { return uses(arg, op) })
}
