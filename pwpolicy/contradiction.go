package pwpolicy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/passwd-go/passwd/internal/normal"
)

// contradiction reports rules that no password can fulfil together, and ages that
// would lock people out.
func contradiction(rules []Rule) error {
	most, oldest := normal.MaxPassword, 0
	var allowed, asked []Rule
	for _, r := range rules {
		switch r := r.(type) {
		case Length:
			if err := r.Validate(); err != nil {
				return inRule(r.Name(), err)
			}
			if _, max := r.bounds(); max != 0 {
				most = min(most, max)
			}
		case MaxAge:
			if oldest == 0 || r.Days < oldest {
				oldest = r.Days
			}
		case Characters:
			allowed = append(allowed, r)
			asked = append(asked, r)
		case Classes, NotNumeric:
			asked = append(asked, r)
		}
	}
	for _, r := range rules {
		if young, ok := r.(MinAge); ok && oldest > 0 && young.Hours >= oldest*24 {
			return &ParamError{"rules.min_age.hours", fmt.Sprintf("%d is not less than the %d days of max_age", young.Hours, oldest)}
		}
	}
	for _, r := range asked {
		for _, a := range allowed {
			if err := impossible(r, a.(Characters)); err != nil {
				return inRule(r.Name(), err)
			}
		}
		if n := askedFor(r); n > most {
			return inRule(r.Name(), fmt.Errorf("%d characters are asked for, more than the %d of length.max", n, most))
		}
	}
	return nil
}

// askedFor is how long a password must be to have all that a rule asks for.
func askedFor(r Rule) int {
	switch r := r.(type) {
	case Classes:
		return r.sum()
	case Characters:
		n := 0
		for _, set := range r.Required { // sets may overlap
			n = max(n, set.Min)
		}
		return n
	}
	return 0
}

// impossible reports a rule that asks for characters which may not occur.
func impossible(r Rule, s Characters) error {
	switch r := r.(type) {
	case Characters:
		for i, set := range r.Required {
			if !strings.ContainsFunc(set.Characters, s.permits) {
				return paramError(fmt.Sprintf("required[%d].characters", i), "has no character that is allowed")
			}
		}
	case Classes:
		for _, m := range r.each() {
			if m.min > 0 && !permitsClass(s, m.class) {
				return paramError(m.class, "%d are asked for, and characters allows none", m.min)
			}
		}
	case NotNumeric:
		if !permitsClass(s, "upper") && !permitsClass(s, "lower") && !permitsClass(s, "symbol") {
			return errors.New("characters allows nothing but digits")
		}
	}
	return nil
}

// permitsClass reports whether a class has a character that may occur: of those
// that are allowed, or of printing ASCII where all are.
func permitsClass(s Characters, class string) bool {
	set := s.Allowed
	if set == "" {
		for r := ' '; r <= '~'; r++ {
			set += string(r)
		}
	}
	for _, r := range set {
		var has Classes
		has.add(r)
		for _, m := range has.each() {
			if m.class == class && m.min > 0 && s.permits(r) {
				return true
			}
		}
	}
	return false
}
