package foreign

import "strings"

// Werkzeug (Flask) writes method$salt$hex. Its salts are text.

func parseWerkzeug(s string, h *Hasher) (stored, error) {
	f := strings.Split(s, "$")
	method := strings.Split(f[0], ":")
	if len(method) < 2 || method[0] != "scrypt" && method[0] != "pbkdf2" {
		return stored{}, errFormat
	}
	if len(f) != 3 {
		return stored{}, malformed("")
	}
	var r reader
	salt, tag := []byte(f[1]), r.hex("tag", f[2])
	switch {
	case r.err != nil:
		return stored{}, r.err
	case method[0] == "scrypt" && len(method) == 4:
		n, blocks, p := r.number("N", method[1]), r.number("r", method[2]), r.number("p", method[3])
		if r.err != nil {
			return stored{}, r.err
		}
		return scryptHash(h, n, blocks, p, salt, tag)
	case method[0] == "pbkdf2" && (len(method) == 3 || len(method) == 2):
		prf, ok := digestNamed(method[1])
		if !ok {
			return stored{}, malformed("digest")
		}
		rounds := uint64(150_000) // unsaid, as Werkzeug 0.14 to 1.0 took it
		if len(method) == 3 {
			rounds = r.number("rounds", method[2])
		}
		r.check("tag", len(tag) >= prf().Size()) // longer ones are of Gitea, moved by hand
		if r.err != nil {
			return stored{}, r.err
		}
		return pbkdf2Hash(h, prf, rounds, salt, tag)
	}
	return stored{}, malformed("method")
}
