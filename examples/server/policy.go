package main

import (
	"context"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// tenantPolicies are the rules that some tenants have agreed with their clients.
// Every other tenant has the zero policy.
func tenantPolicies() (map[string]pwpolicy.Policy, error) {
	rules := map[string][]pwpolicy.Rule{
		"bakery":     {pwpolicy.Length{Min: 8}},
		"callcenter": {pwpolicy.Length{Min: 15}, pwpolicy.NotCommon{}},
		"quotes":     {pwpolicy.Length{InsecureMinLength: 6}},
	}
	policies := map[string]pwpolicy.Policy{
		"profile": pwpolicy.Conventional(),
		"DocDemo": pwpolicy.InsecureNoRules(),
	}
	for tenant, list := range rules {
		p, err := pwpolicy.New(list...)
		if err != nil {
			return nil, err
		}
		policies[tenant] = p
	}
	return policies, nil
}

// policyFor returns the policy of an account's tenant, for passwd.Config.
func policyFor(policies map[string]pwpolicy.Policy) func(context.Context, passwd.Account) (pwpolicy.Policy, error) {
	return func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
		return policies[a.Ref.Tenant], nil
	}
}
