package foreign

import "strings"

// Werkzeug (Flask) writes method$salt$hex. Its salts are text.

func parseWerkzeug(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "", 3)
	if !ok {
		return stored{}, errFormat
	}
	tag, ok := hexBytes(f[2])
	if !ok {
		return stored{}, errFormat
	}
	method, salt := strings.Split(f[0], ":"), []byte(f[1])
	switch {
	case method[0] == "scrypt" && len(method) == 4:
		n, ok1 := number(method[1])
		r, ok2 := number(method[2])
		p, ok3 := number(method[3])
		if ok1 && ok2 && ok3 {
			return scryptHash(h, n, r, p, salt, tag)
		}
	case method[0] == "pbkdf2" && len(method) == 3:
		prf, ok1 := digestNamed(method[1])
		rounds, ok2 := number(method[2])
		if ok1 && ok2 && len(tag) == prf().Size() {
			return pbkdf2Hash(h, prf, rounds, salt, tag)
		}
	}
	return stored{}, errFormat
}
