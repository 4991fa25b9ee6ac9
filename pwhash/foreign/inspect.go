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
// those of Verify, a [*pwhash.FormatError] that tells what is wrong among them, and errors.ErrUnsupported where Base would have to tell and is no
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
		info, err := h.inspectBase(stored)
		return info, h.explain(s, err)
	}
	info, err := h.inspectBase(stored)
	if err == nil {
		return info, nil
	}
	if foreign, known, err := h.inspect(s); known {
		return foreign, err
	}
	return info, h.explain(s, err)
}

// explain says why nobody reads a hash, where Base says no more than that.
func (h Hasher) explain(s string, err error) error {
	if !errors.Is(err, pwhash.ErrFormat) {
		return err
	}
	if s == "" {
		return &pwhash.FormatError{Problem: pwhash.Empty}
	}
	if trimmed := strings.TrimSpace(s); trimmed != s {
		found := names(Detect(pwhash.Hash(trimmed)))
		if info, err := h.inspectBase(pwhash.Hash(trimmed)); err == nil {
			found = append([]string{info.Format}, found...)
		}
		if len(found) > 0 {
			return &pwhash.FormatError{Problem: pwhash.WhiteSpace, Formats: found}
		}
	}
	if found := names(Detect(pwhash.Hash(s))); len(found) > 0 {
		return &pwhash.FormatError{Problem: pwhash.NotAccepted, Formats: found}
	}
	if s == "x" || s == "*" || strings.HasPrefix(s, "!") {
		return &pwhash.FormatError{Problem: pwhash.Disabled}
	}
	for _, f := range formats {
		if len(linesOf(f.name)) > 0 {
			continue // their fields have no mark to tell them by
		}
		_, parseErr := parseFormat(f.name, s, &h)
		if bad, ok := errors.AsType[*pwhash.FormatError](parseErr); ok {
			return &pwhash.FormatError{Problem: pwhash.Malformed, Formats: []string{string(f.name)}, Field: bad.Field}
		}
	}
	for _, c := range h.Custom {
		_, parseErr := c.parse(s)
		if bad, ok := errors.AsType[*pwhash.FormatError](parseErr); ok {
			return bad
		}
	}
	if _, ok := errors.AsType[*pwhash.FormatError](err); ok {
		return err
	}
	return &pwhash.FormatError{Problem: pwhash.Unknown}
}

func names(formats []Format) []string {
	all := make([]string, len(formats))
	for i, f := range formats {
		all[i] = string(f)
	}
	return all
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
	for _, c := range h.Custom {
		p, parseErr := c.parse(s)
		if parseErr == nil {
			return pwhash.Info{Format: string(c.Name), Cost: p.price.cost, Memory: int64(p.price.memory), Stale: true}, true, nil
		}
		if outOfBounds(parseErr) {
			known, err = true, parseErr
		}
	}
	return pwhash.Info{}, known, err
}
