package pwpolicy

import (
	"fmt"
	"reflect"
	"slices"
)

// Over returns the policy with a floor under it: all rules of both, the floor's
// first. Two rules with the same name become one that is as strict as both, if the
// floor's has a method Both(other Rule) (Rule, bool) that accepts the other;
// otherwise both run. So nothing in a policy loosens its floor. The zero Policy is
// no floor.
//
// The service does it by itself, with Config.PolicyFloor; a host that lets tenants
// write policies calls it before it accepts one. The error says that no password
// would fulfil both.
func (p Policy) Over(floor Policy) (Policy, error) {
	if !floor.made {
		return Policy{rules: p.list(), made: true}, nil
	}
	rules := slices.Clone(floor.rules)
	for _, r := range p.list() {
		if i := sharing(rules, r); i >= 0 {
			rules[i] = both(rules[i], r)
		} else {
			rules = append(rules, r)
		}
	}
	sortByPhase(rules)
	if err := contradiction(rules); err != nil {
		return Policy{}, fmt.Errorf("pwpolicy: policy and its floor contradict: %w", err)
	}
	return Policy{rules: rules, made: true}, nil
}

// sharing returns the index of the rule that one like r becomes one with, or -1.
func sharing(rules []Rule, r Rule) int {
	return slices.IndexFunc(rules, func(other Rule) bool { return other.Name() == r.Name() && both(other, r) != nil })
}

// both returns the rule that is as strict as both, nil if nobody knows it.
func both(a, b Rule) Rule {
	// Not DeepEqual, which would read what a rule's cache or client is made of.
	if reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b {
		return a
	}
	if combining, ok := a.(interface{ Both(Rule) (Rule, bool) }); ok {
		if r, ok := combining.Both(b); ok {
			return r
		}
	}
	return nil
}
