package foreign

import (
	"errors"
	"strings"

	"github.com/passwd-go/passwd"
)

var _ passwd.Inspector = Hasher{}

// Inspect tells what a stored hash is, without computing it. Format is the first
// [Format] in Accept that fits, or what Base says; Cost is in the terms of that
// format, "" if it has no parameters. What is not of Base is stale. Its errors are
// those of Verify, and errors.ErrUnsupported where Base would have to tell and is no
// [passwd.Inspector].
func (h Hasher) Inspect(stored passwd.Hash) (passwd.HashInfo, error) {
	h = h.withDefaults()
	s := string(stored)
	if err := within("length", uint64(len(s)), 0, maxLongLength); err != nil {
		return passwd.HashInfo{}, err
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

func (h Hasher) inspectBase(stored passwd.Hash) (passwd.HashInfo, error) {
	base, ok := h.Base.(passwd.Inspector)
	if !ok {
		return passwd.HashInfo{}, errors.ErrUnsupported
	}
	return base.Inspect(stored)
}

// inspect looks for a format that is accepted.
func (h Hasher) inspect(s string) (info passwd.HashInfo, known bool, err error) {
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
			return passwd.HashInfo{Format: string(f), Cost: p.price.cost, Memory: int64(p.price.memory), Stale: true}, true, nil
		}
		if outOfBounds(parseErr) {
			known, err = true, parseErr
		}
	}
	return passwd.HashInfo{}, known, err
}
