package pwhash

import "time"

// Parsed parses a PHC string and writes it again; work is its memory in KiB times
// passes, or the rounds of what takes no memory.
func Parsed(s string) (again string, work uint64, err error) {
	h, err := Argon2id{}.builtin().parse(Hash(s))
	if err != nil || h.scheme == nil {
		return s, 0, err
	}
	switch c := h.costs; h.scheme {
	case &argon2Scheme:
		work = c[0] * c[1]
	case &scryptScheme:
		work = c[1] << c[0] * c[2] / 8
	case &pbkdf2Scheme:
		work = c[0] / 10
	}
	return h.String(), work, nil
}

// CalibrateWith is Calibrate with another clock.
func CalibrateWith(target time.Duration, maxKiB uint32, measure func(Argon2id) (time.Duration, error)) (Argon2id, time.Duration, error) {
	return calibrate(target, maxKiB, measure)
}
