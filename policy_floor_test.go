package passwd_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

// TestFloor holds what a policy may do to a floor: tighten it.
func TestFloor(t *testing.T) {
	banned := hostRule{phase: pwpolicy.PhaseLocal, ran: new(int)}
	for _, c := range []struct {
		name         string
		floor        pwpolicy.Policy
		tenant       pwpolicy.Policy
		password     string
		want         string
		requirements string
	}{
		{
			"none", pwpolicy.Policy{}, policyOf(t, pwpolicy.Length{InsecureMinLength: 1}), "1", "",
			"[{too_short map[min:1]}]",
		}, {
			"a tenant loosens", policyOf(t, pwpolicy.Length{Min: 12}), policyOf(t, pwpolicy.Length{InsecureMinLength: 4}), "elevenchars", "too_short",
			"[{too_short map[min:12]}]",
		}, {
			"a tenant drops", policyOf(t, pwpolicy.Length{Min: 12}), pwpolicy.InsecureNoRules(), "elevenchars", "too_short",
			"[{too_short map[min:12]}]",
		}, {
			"a tenant tightens", policyOf(t, pwpolicy.Length{Min: 8}), policyOf(t, pwpolicy.Length{Min: 12, Max: 80}), "elevenchars", "too_short",
			"[{too_short map[min:12]} {too_long map[max:80 unit:characters]}]",
		}, {
			"the lower maximum", policyOf(t, pwpolicy.Length{Min: 8, Max: 64}), policyOf(t, pwpolicy.Length{Min: 8}), strings.Repeat("long ", 13), "too_long",
			"[{too_short map[min:8]} {too_long map[max:64 unit:characters]}]",
		}, {
			"insecure in both", policyOf(t, pwpolicy.Length{InsecureMinLength: 4, InsecureMaxLength: 20}), policyOf(t, pwpolicy.Length{InsecureMinLength: 3, InsecureMaxLength: 10}), "abc", "too_short",
			"[{too_short map[min:4]} {too_long map[max:10 unit:characters]}]",
		}, {
			"classes of both", policyOf(t, pwpolicy.Classes{Upper: 1, Digit: 3}), policyOf(t, pwpolicy.Classes{Lower: 1, Digit: 1}), "12", "missing_class:upper missing_class:lower missing_class:digit",
			"[{missing_class map[class:upper min:1]} {missing_class map[class:lower min:1]} {missing_class map[class:digit min:3]}]",
		}, {
			"runs", policyOf(t, pwpolicy.Repeated{Max: 3}, pwpolicy.Sequence{Max: 3}), policyOf(t, pwpolicy.Repeated{Max: 5}, pwpolicy.Sequence{Max: 5, Keyboard: true}), "aaaa qwer", "repeated sequence",
			"[{repeated map[max:3]} {sequence map[max:3]}]",
		}, {
			"sets of both", policyOf(t, pwpolicy.Characters{Forbidden: "<"}), policyOf(t, pwpolicy.Characters{Forbidden: ">"}), "<>", "forbidden_characters forbidden_characters",
			"[{forbidden_characters map[characters:<]} {forbidden_characters map[characters:>]}]",
		}, {
			"the same rule", policyOf(t, pwpolicy.NotNumeric{}), policyOf(t, pwpolicy.NotNumeric{}), "123", "numeric",
			"[{numeric map[]}]",
		}, {
			"a host's rule in both", policyOf(t, banned), policyOf(t, hostRule{phase: pwpolicy.PhaseLocal, ran: new(int)}), "123", "host",
			"[]",
		}, {
			"history", policyOf(t, pwpolicy.NotReused{Last: 5}), policyOf(t, pwpolicy.NotReused{Last: 2}), "123", "",
			"[{reused map[depth:5]}]",
		}, {
			"zero under zero", pwpolicy.NIST(), pwpolicy.Policy{}, "fourteen chars", "too_short",
			fmt.Sprint(pwpolicy.NIST().Requirements()),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{
				PolicyFloor: c.floor,
				PolicyFor:   func(context.Context, passwd.Account) (pwpolicy.Policy, error) { return c.tenant, nil },
			})
			report, err := kit.Service.Check(ctx, passwd.Check{Password: c.password, Account: kit.Add(t, ada(), adaPassword)})
			if err != nil || codesOf(report.Violations) != c.want {
				t.Errorf("found %v, %v, want %s", report.Violations, err, c.want)
			}
			requirements, err := kit.Service.Requirements(ctx, ada())
			if err != nil || fmt.Sprint(requirements) != c.requirements {
				t.Errorf("requirements %v, %v\nwant %s", requirements, err, c.requirements)
			}
		})
	}
}

// TestFloorRunsBoth holds that rules nobody knows to combine both run.
func TestFloorRunsBoth(t *testing.T) {
	ran := [2]int{}
	kit := passwdtest.New(t, passwd.Config{
		PolicyFloor: policyOf(t, hostRule{phase: pwpolicy.PhaseLocal, ran: &ran[0]}),
		Policy:      policyOf(t, hostRule{phase: pwpolicy.PhaseLocal, ran: &ran[1]}),
	})
	_, err := kit.Service.NewHash(ctx, ada(), newPassword)
	wantViolation(t, err, "host")
	if ran != [2]int{1, 1} {
		t.Errorf("ran %v", ran)
	}
}

// TestFloorContradicted holds that a policy which cannot be over its floor is an
// error, neither a way around it nor a password's fault (I10).
func TestFloorContradicted(t *testing.T) {
	floor := policyOf(t, pwpolicy.Length{})
	short := policyOf(t, pwpolicy.Length{Min: 8, InsecureMaxLength: 12})
	cfg := goodConfig()
	cfg.PolicyFloor, cfg.Policy = floor, short
	if _, err := passwd.New(cfg); err == nil || !strings.Contains(err.Error(), "Config.PolicyFloor") {
		t.Errorf("New: %v", err)
	}
	kit := passwdtest.New(t, passwd.Config{
		PolicyFloor: floor,
		PolicyFor:   func(context.Context, passwd.Account) (pwpolicy.Policy, error) { return short, nil },
	})
	_, err := kit.Service.NewHash(ctx, ada(), "ten chars.")
	wantErr(t, err, passwd.ErrUnavailable)
	if seen := kit.Events.Named(passwd.EventUnavailable); len(seen) != 1 || !strings.Contains(seen[0].Err.Error(), "rules.length.min: 15 is more than max 12") {
		t.Errorf("events %+v", seen)
	}
}
