package wiretest

import (
	"context"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

// accounts are those of the example server's tenants.
func accounts(t testing.TB) []passwd.Account {
	t.Helper()
	rows := []struct {
		id, tenant, username, email, mobile, password string
		must                                          passwd.Reason
		inactive, disabled                            bool
	}{
		{id: "11", tenant: "bakery", email: "example@domain.com", password: "Old-Bread-and-Butter-9"},
		{id: "12", tenant: "bakery", email: "closed@domain.com", password: "Old-Bread-and-Butter-9", disabled: true},
		{id: "13", tenant: "bakery", email: "must@domain.com", password: "Old-Bread-and-Butter-9", must: passwd.Administrator},

		{id: "21", tenant: "profile", username: "alice", email: "alice@example.com", password: "Wonder!and-1865"},
		{id: "22", tenant: "profile", username: "twin1", email: "shared@example.com", password: "Castor&Pollux-12"},
		{id: "23", tenant: "profile", username: "twin2", email: "shared@example.com", password: "Castor&Pollux-12"},

		{id: "33", tenant: "callcenter", username: "st.huber", email: "huber@example.com", password: "Password1234!", must: passwd.Administrator},
		{id: "34", tenant: "callcenter", username: "an.gruber", email: "gruber@example.com", password: "Password5678!", must: passwd.Administrator},
		{id: "35", tenant: "callcenter", username: "calm.user", email: "calm@example.com", password: "Nothing-To-Change-5"},
		{id: "36", tenant: "callcenter", username: "new.user", email: "new@example.com", password: "Not-Yet-Active-5", inactive: true},

		{id: "41", tenant: "quotes", username: "testuser", email: "testuser@teen-quotes.com", password: "old quotes pass"},
		{id: "42", tenant: "quotes", username: "other", email: "other@teen-quotes.com", password: "old quotes pass"},

		{id: "51", tenant: "DocDemo", username: "doc.user", email: "doc@example.com", mobile: "919999922332", password: "abc123"},
		{id: "52", tenant: "DocDemo", mobile: "919999922334"},
		{id: "55", tenant: "DocDemo", username: "must.user", password: "abc123", must: passwd.Administrator},
		{id: "56", tenant: "DocDemo", username: "919999922335", mobile: "919999922335", password: "abc123"}, // one text, two identifiers
		{id: "53", tenant: "OtherBrand", mobile: "919999922332", password: "Other-Brand-Pass-1"},
		{id: "54", tenant: "NoPassword", mobile: "919999922332"},
	}
	all := make([]passwd.Account, len(rows))
	for i, r := range rows {
		a := passwd.Account{
			Ref: passwd.Ref{Tenant: r.tenant, ID: r.id}, Username: r.username, Email: r.email, Mobile: r.mobile,
			Must: r.must, Active: !r.inactive, Disabled: r.disabled,
		}
		if r.username == "alice" {
			a.Personal = []pwpolicy.Attribute{{Name: "first_name", Value: "Alice"}, {Name: "last_name", Value: "Liddell"}}
		}
		if r.email != "" {
			a.Address = append(a.Address, passwd.Address{Channel: passwd.EmailChannel, Value: r.email})
		}
		if r.mobile != "" {
			a.Address = append(a.Address, passwd.Address{Channel: passwd.SMSChannel, Value: r.mobile})
		}
		if r.password != "" {
			h, err := passwdtest.Hasher{}.Hash(context.Background(), r.password)
			if err != nil {
				t.Fatalf("wiretest: %v", err)
			}
			a.Hash = h
		}
		all[i] = a
	}
	return all
}

// policies are those of the example server's tenants.
func policies(t testing.TB) func(context.Context, passwd.Account) (pwpolicy.Policy, error) {
	t.Helper()
	rules := func(list ...pwpolicy.Rule) pwpolicy.Policy {
		p, err := pwpolicy.New(list...)
		if err != nil {
			t.Fatalf("wiretest: %v", err)
		}
		return p
	}
	tenants := map[string]pwpolicy.Policy{
		"bakery":     rules(pwpolicy.Length{Min: 8}),
		"profile":    pwpolicy.Conventional(),
		"callcenter": rules(pwpolicy.Length{Min: 15}, pwpolicy.NotCommon{}),
		"quotes":     rules(pwpolicy.Length{InsecureMinLength: 6}),
		"DocDemo":    pwpolicy.InsecureNoRules(),
	}
	return func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) { return tenants[a.Ref.Tenant], nil }
}
