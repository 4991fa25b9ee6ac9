package pwpolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/jsonstrict"
)

// RuleSet names kinds of rules for [Parse] and says how each is made from its parameters: a
// JSON object in valid UTF-8, without duplicate keys. Most are made by [RuleOf]; one that
// needs more than its parameters calls [DecodeParams]:
//
//	pwpolicy.RuleSet{"not_breached": func(params json.RawMessage) (pwpolicy.Rule, error) {
//		r := Rule{Source: src}
//		err := pwpolicy.DecodeParams(params, &r)
//		return r, err
//	}}
type RuleSet map[string]func(params json.RawMessage) (Rule, error)

// RuleOf makes a rule whose parameters are the fields of T, see [DecodeParams].
func RuleOf[T Rule](params json.RawMessage) (Rule, error) {
	var r T
	if err := DecodeParams(params, &r); err != nil {
		return nil, err
	}
	return r, nil
}

// builtIn are the rules that every policy may have.
func builtIn() RuleSet {
	return RuleSet{
		"length":      RuleOf[Length],
		"classes":     RuleOf[Classes],
		"not_numeric": RuleOf[NotNumeric],
		"strength":    RuleOf[Strength],
		"not_login":   RuleOf[NotLogin],
		"not_reused":  RuleOf[NotReused],
		"repeated":    RuleOf[Repeated],
		"sequence":    RuleOf[Sequence],
		"characters":  RuleOf[Characters],
		"min_age":     RuleOf[MinAge],
		"max_age":     RuleOf[MaxAge],
		"not_common":  RuleOf[NotCommon],
		"not_similar": RuleOf[NotSimilar],
	}
}

// policyVersion is the version of the JSON form.
const policyVersion = 1

// maxPolicyJSON bounds the JSON form before any work is done on it.
const maxPolicyJSON = 256 << 10

// Parse reads a policy from its JSON form:
//
//	{"version": 1, "rules": {"length": {"min": 15}, "not_login": {}, "not_reused": {"last": 3}}}
//
// Each rule stands under its name, with its parameters; they run in the order of their
// phases and, within a phase, in this one. The rules of this package are known, and those
// of the sets. A set may replace a rule of this package, to give "not_common" further
// lists; two sets must not share a name. A policy without a length, which would accept "1",
// must say so with the member "insecure_no_length": true.
//
// Whatever is not understood is refused: other versions, unknown rules, unknown,
// misspelt or repeated members, null, wrong types, trailing data, and everything
// that [New] refuses. The error names the place, as in "rules.length.min: 7
// is under 8 (see insecure_min_length)". Data over 256 KiB is refused unread.
func Parse(data []byte, sets ...RuleSet) (Policy, error) {
	p, err := parsePolicy(data, sets)
	if err != nil {
		return Policy{}, fmt.Errorf("pwpolicy: %w", err)
	}
	return p, nil
}

func parsePolicy(data []byte, sets []RuleSet) (Policy, error) {
	known, err := union(sets)
	if err != nil {
		return Policy{}, err
	}
	if err := checkJSON(data); err != nil {
		return Policy{}, err
	}
	var form struct {
		Version  int             `json:"version"`
		NoLength bool            `json:"insecure_no_length"`
		Rules    json.RawMessage `json:"rules"`
	}
	if err := DecodeParams(data, &form); err != nil {
		return Policy{}, err
	}
	switch {
	case form.Version != policyVersion:
		return Policy{}, &ParamError{"version", fmt.Sprintf("%d is not %d", form.Version, policyVersion)}
	case form.Rules == nil:
		return Policy{}, &ParamError{"rules", "is missing"}
	}
	members, err := jsonstrict.Members(form.Rules)
	if err != nil {
		return Policy{}, &ParamError{"rules", err.Error()}
	}
	rules := make([]Rule, len(members))
	for i, m := range members {
		if rules[i], err = decodeRule(known, m); err != nil {
			return Policy{}, inRule(m.Name, err)
		}
	}
	p, err := newPolicy(rules)
	if err != nil {
		return Policy{}, err
	}
	switch _, has := p.rule("length"); {
	case !has && !form.NoLength:
		return Policy{}, &ParamError{"rules.length", "is missing (see insecure_no_length)"}
	case has && form.NoLength:
		return Policy{}, &ParamError{"insecure_no_length", "contradicts rules.length"}
	}
	return p, nil
}

// union is the built-in rules and those of the sets.
func union(sets []RuleSet) (RuleSet, error) {
	hosts := RuleSet{}
	for _, set := range sets {
		for name, decode := range set {
			if _, twice := hosts[name]; twice || decode == nil {
				return nil, fmt.Errorf("two rule sets have a rule %q, or it has no decoder", name)
			}
			hosts[name] = decode
		}
	}
	all := builtIn()
	maps.Copy(all, hosts)
	return all, nil
}

func decodeRule(known RuleSet, m jsonstrict.Member) (Rule, error) {
	decode, ok := known[m.Name]
	if !ok {
		names := slices.Sorted(maps.Keys(known))
		return nil, errors.New("is unknown: known are " + strings.Join(names, ", "))
	}
	if m.Value[0] != '{' {
		return nil, errors.New("is not an object")
	}
	r, err := decode(slices.Clone(m.Value))
	switch {
	case err != nil:
		return nil, err
	case r == nil || r.Name() != m.Name:
		return nil, errors.New("was decoded as a rule of another name")
	}
	return r, nil
}

// MarshalJSON returns the form that [Parse] reads, on one line. A rule is
// encoded by encoding/json, so whatever a host's rule has besides parameters needs the tag
// "-". A rule whose form is not an object is an error, and so are two of one name, as
// [Policy.Over] may leave them.
func (p Policy) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, `{"version":%d,`, policyVersion)
	if _, has := p.rule("length"); !has {
		out.WriteString(`"insecure_no_length":true,`)
	}
	out.WriteString(`"rules":{`)
	seen := map[string]bool{}
	for i, r := range p.list() {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(r.Name())
		var params []byte
		if err == nil {
			params, err = json.Marshal(r)
		}
		switch {
		case err != nil:
		case params[0] != '{':
			err = errors.New("its JSON is not an object")
		case seen[r.Name()]:
			err = errors.New("it is there twice") // over a floor
		}
		if err != nil {
			return nil, fmt.Errorf("pwpolicy: rules.%s: %w", r.Name(), err)
		}
		seen[r.Name()] = true
		out.Write(name)
		out.WriteByte(':')
		out.Write(params)
	}
	out.WriteString(`}}`)
	return out.Bytes(), nil
}

// UnmarshalJSON is [Parse] without rule sets.
func (p *Policy) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err == nil {
		*p = parsed
	}
	return err
}

// rule returns the first rule of a name.
func (p Policy) rule(name string) (Rule, bool) {
	for _, r := range p.list() {
		if r.Name() == name {
			return r, true
		}
	}
	return nil, false
}

// checkJSON refuses what is not one JSON value, repeats a key at any depth, or
// has text that encoding/json would change.
func checkJSON(data []byte) error {
	switch {
	case len(data) > maxPolicyJSON:
		return fmt.Errorf("%d bytes of JSON are more than %d", len(data), maxPolicyJSON)
	case !utf8.Valid(data):
		return errors.New("is not valid UTF-8")
	case !json.Valid(data):
		var v any
		return fmt.Errorf("is not JSON: %w", json.Unmarshal(data, &v))
	}
	if repeated, ok := errors.AsType[*jsonstrict.RepeatedError](jsonstrict.Unique(data)); ok {
		return paramError(repeated.Path, "is there twice, or has no name")
	}
	return nil
}
