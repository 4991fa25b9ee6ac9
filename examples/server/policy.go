package main

import (
	"context"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/strength"
)

// tenantPolicies are the rules that some tenants have agreed with their clients.
// Every other tenant has the zero policy.
func tenantPolicies() (map[string]passwd.Policy, error) {
	rules := map[string][]passwd.Rule{
		"bakery":     {passwd.Length{Min: 8}},
		"callcenter": {passwd.Length{Min: 15}, passwd.NotCommon{}},
		"quotes":     {passwd.Length{InsecureMinLength: 6}},
	}
	policies := map[string]passwd.Policy{
		"profile": passwd.Conventional(),
		"DocDemo": passwd.InsecureNoRules(),
	}
	// The site's own accounts have the zero policy too, with an estimate beside it
	// that refuses nothing: it is for the meter next to the field.
	own, err := passwd.NIST().With(strength.Rule{})
	if err != nil {
		return nil, err
	}
	policies[""] = own
	for tenant, list := range rules {
		p, err := passwd.NewPolicy(list...)
		if err != nil {
			return nil, err
		}
		policies[tenant] = p
	}
	return policies, nil
}

// policyFor returns the policy of an account's tenant, for passwd.Config.
func policyFor(policies map[string]passwd.Policy) func(context.Context, passwd.Account) (passwd.Policy, error) {
	return func(_ context.Context, a passwd.Account) (passwd.Policy, error) {
		return policies[a.Ref.Tenant], nil
	}
}
