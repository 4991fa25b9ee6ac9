package passwd_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// TestFloor holds what a policy may do to a floor: tighten it.
func TestFloor(t *testing.T) {
	banned := hostRule{phase: passwd.PhaseLocal, ran: new(int)}
	for _, c := range []struct {
		name         string
		floor        passwd.Policy
		tenant       passwd.Policy
		password     string
		want         string
		requirements string
	}{
		{
			"none", passwd.Policy{}, policyOf(t, passwd.Length{InsecureMinLength: 1}), "1", "",
			"[{too_short map[min:1]}]",
		}, {
			"a tenant loosens", policyOf(t, passwd.Length{Min: 12}), policyOf(t, passwd.Length{InsecureMinLength: 4}), "elevenchars", "too_short",
			"[{too_short map[min:12]}]",
		}, {
			"a tenant drops", policyOf(t, passwd.Length{Min: 12}), passwd.InsecureNoRules(), "elevenchars", "too_short",
			"[{too_short map[min:12]}]",
		}, {
			"a tenant tightens", policyOf(t, passwd.Length{Min: 8}), policyOf(t, passwd.Length{Min: 12, Max: 80}), "elevenchars", "too_short",
			"[{too_short map[min:12]} {too_long map[max:80 unit:characters]}]",
		}, {
			"the lower maximum", policyOf(t, passwd.Length{Min: 8, Max: 64}), policyOf(t, passwd.Length{Min: 8}), strings.Repeat("long ", 13), "too_long",
			"[{too_short map[min:8]} {too_long map[max:64 unit:characters]}]",
		}, {
			"insecure in both", policyOf(t, passwd.Length{InsecureMinLength: 4, InsecureMaxLength: 20}), policyOf(t, passwd.Length{InsecureMinLength: 3, InsecureMaxLength: 10}), "abc", "too_short",
			"[{too_short map[min:4]} {too_long map[max:10 unit:characters]}]",
		}, {
			"classes of both", policyOf(t, passwd.Classes{Upper: 1, Digit: 3}), policyOf(t, passwd.Classes{Lower: 1, Digit: 1}), "12", "missing_class:upper missing_class:lower missing_class:digit",
			"[{missing_class map[class:upper min:1]} {missing_class map[class:lower min:1]} {missing_class map[class:digit min:3]}]",
		}, {
			"runs", policyOf(t, passwd.Repeated{Max: 3}, passwd.Sequence{Max: 3}), policyOf(t, passwd.Repeated{Max: 5}, passwd.Sequence{Max: 5, Keyboard: true}), "aaaa qwer", "repeated sequence",
			"[{repeated map[max:3]} {sequence map[max:3]}]",
		}, {
			"sets of both", policyOf(t, passwd.Characters{Forbidden: "<"}), policyOf(t, passwd.Characters{Forbidden: ">"}), "<>", "forbidden_characters forbidden_characters",
			"[{forbidden_characters map[characters:<]} {forbidden_characters map[characters:>]}]",
		}, {
			"the same rule", policyOf(t, passwd.NotNumeric{}), policyOf(t, passwd.NotNumeric{}), "123", "numeric",
			"[{numeric map[]}]",
		}, {
			"a host's rule in both", policyOf(t, banned), policyOf(t, hostRule{phase: passwd.PhaseLocal, ran: new(int)}), "123", "host",
			"[]",
		}, {
			"history", policyOf(t, passwd.NotReused{Last: 5}), policyOf(t, passwd.NotReused{Last: 2}), "123", "",
			"[{reused map[depth:5]}]",
		}, {
			"zero under zero", passwd.NIST(), passwd.Policy{}, "fourteen chars", "too_short",
			fmt.Sprint(passwd.NIST().Requirements()),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{
				PolicyFloor: c.floor,
				PolicyFor:   func(context.Context, passwd.Account) (passwd.Policy, error) { return c.tenant, nil },
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
		PolicyFloor: policyOf(t, hostRule{phase: passwd.PhaseLocal, ran: &ran[0]}),
		Policy:      policyOf(t, hostRule{phase: passwd.PhaseLocal, ran: &ran[1]}),
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
	floor := policyOf(t, passwd.Length{})
	short := policyOf(t, passwd.Length{Min: 8, InsecureMaxLength: 12})
	cfg := goodConfig()
	cfg.PolicyFloor, cfg.Policy = floor, short
	if _, err := passwd.New(cfg); err == nil || !strings.Contains(err.Error(), "Config.PolicyFloor") {
		t.Errorf("New: %v", err)
	}
	kit := passwdtest.New(t, passwd.Config{
		PolicyFloor: floor,
		PolicyFor:   func(context.Context, passwd.Account) (passwd.Policy, error) { return short, nil },
	})
	_, err := kit.Service.NewHash(ctx, ada(), "ten chars.")
	wantErr(t, err, passwd.ErrUnavailable)
	if seen := kit.Events.Named(passwd.EventUnavailable); len(seen) != 1 || !strings.Contains(seen[0].Err.Error(), "rules.length.min: 15 is more than max 12") {
		t.Errorf("events %+v", seen)
	}
}

// TestFloorIsNeverLoosened holds over random pairs of rules that what either
// refuses is refused by both together, and nothing else but by keyboard rows.
func TestFloorIsNeverLoosened(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	n := func(min, max int) int { return min + random.IntN(max-min+1) }
	rule := func(kind int) passwd.Rule {
		switch kind {
		case 0:
			return passwd.Length{InsecureMinLength: n(1, 9), InsecureMaxLength: n(10, 20)}
		case 1:
			return passwd.Classes{Upper: n(0, 2), Lower: n(1, 3), Digit: n(0, 3), Symbol: n(0, 2)}
		case 2:
			return passwd.Repeated{Max: n(2, 5)}
		case 3:
			return passwd.Sequence{Max: n(2, 5)}
		case 4:
			return passwd.Characters{Forbidden: []string{"a", "b", "12"}[n(0, 2)], Required: []passwd.RequiredSet{{Characters: "xyzA!", Min: n(1, 3)}}}
		}
		return passwd.NotNumeric{}
	}
	refused := 0
	for range 20_000 {
		kind := n(0, 5)
		a, b := policyOf(t, rule(kind)), policyOf(t, rule(kind))
		both, err := b.Over(a)
		if err != nil {
			t.Fatal(err)
		}
		var password strings.Builder
		for range n(1, 24) {
			password.WriteByte("aabbccddA12233!x"[n(0, 15)])
		}
		either := found(t, a, password.String(), passwd.Account{}) != "" || found(t, b, password.String(), passwd.Account{}) != ""
		together := found(t, both, password.String(), passwd.Account{}) != ""
		if either != together {
			t.Fatalf("%q: %+v and %+v refuse: %v; both: %v", password.String(), a, b, either, together)
		}
		if together {
			refused++
		}
	}
	if refused < 2000 || refused > 18_000 {
		t.Errorf("%d of 20,000 refused: the test tells little", refused)
	}
}
