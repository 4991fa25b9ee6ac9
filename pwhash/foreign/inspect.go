package foreign

import (
	"errors"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
)

var _ pwhash.Inspector = Hasher{}

// Inspect tells what a stored hash is, without computing it. Format is the first
// [Format] in Accept that fits, or what Base says; Cost is in the terms of that
// format, "" if it has no parameters. What is not of Base is stale. Its errors are
// those of Verify, and errors.ErrUnsupported where Base would have to tell and is no
// [pwhash.Inspector].
func (h Hasher) Inspect(stored pwhash.Hash) (pwhash.Info, error) {
	h = h.withDefaults()
	s := string(stored)
	if err := within("length", uint64(len(s)), 0, maxLongLength); err != nil {
		return pwhash.Info{}, err
	}
	if strings.HasPrefix(s, "$2") {
		if info, known, err := h.inspect(s); known {
			return info, err
		}
		return h.inspectBase(stored)
	}
	info, err := h.inspectBase(stored)
	if err == nil {
		return info, nil
	}
	if foreign, known, err := h.inspect(s); known {
		return foreign, err
	}
	return info, err
}

func (h Hasher) inspectBase(stored pwhash.Hash) (pwhash.Info, error) {
	base, ok := h.Base.(pwhash.Inspector)
	if !ok {
		return pwhash.Info{}, errors.ErrUnsupported
	}
	return base.Inspect(stored)
}

// inspect looks for a format that is accepted.
func (h Hasher) inspect(s string) (info pwhash.Info, known bool, err error) {
	for _, f := range h.Accept {
		if f == Wrapped {
			if w, ok := parseWrapped(s); ok {
				info, err = h.inspectBase(w.outer)
				info.Format, info.Stale = string(Wrapped), true
				return info, true, err
			}
			continue
		}
		p, parseErr := parseFormat(f, s, &h)
		if parseErr == nil {
			return pwhash.Info{Format: string(f), Cost: p.price.cost, Memory: int64(p.price.memory), Stale: true}, true, nil
		}
		if outOfBounds(parseErr) || parseErr == errArgon2Key {
			known, err = true, parseErr
		}
	}
	return pwhash.Info{}, known, err
}
