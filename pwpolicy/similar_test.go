package pwpolicy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

// grace is an account of which six things are known.
func grace() account {
	return account{
		Username: "ghopper", Email: "grace.hopper@navy.example", Mobile: "+1 415 555 0134",
		Personal: []pwpolicy.Attribute{{Name: "first_name", Value: "Grace"}, {Name: "last_name", Value: "Hopper"}, {Name: "birthdate", Value: "1906-12-09"}},
	}
}

func TestNotSimilar(t *testing.T) { // P8
	rule := pwpolicy.NotSimilar{Context: []string{"PayPilot", "paypilot.example", "Acme Corp"}}
	for password, want := range map[string]string{
		"ghopper1906":                    "similar map[attribute:username]",
		"rebecca":                        "",
		"navy1906!":                      "similar map[attribute:email]",
		"4155550134":                     "similar map[attribute:mobile]",
		"Gr4c3!!!!":                      "similar map[attribute:email]", // the first of those that say so
		"09121906":                       "similar map[attribute:birthdate]",
		"p4yp1l0t2024":                   "context_word",
		"welcomeToAcme1":                 "",
		"welcomeAcmeCorp1":               "context_word",
		"tolipyap":                       "context_word",
		"grasshopper":                    "",
		"hopper-7fK2pQx9LmZw":            "",
		"paypilot is not my bank at all": "",
		"correct horse battery staple":   "",
	} {
		want = strings.Replace(want, " map", "map", 1)
		if got := judged(t, rule, password, grace()); got != want {
			t.Errorf("%q: got %q, want %q", password, got, want)
		}
	}
	if got := judged(t, rule, "ghopper1906", account{}); got != "" {
		t.Errorf("an account without attributes: %q", got)
	}
}

func TestNotSimilarRefusesItsParameters(t *testing.T) {
	for _, words := range [][]string{{""}, {"ok", " "}, {strings.Repeat("a", 257)}, {"\xff"}, make([]string, 33)} {
		if _, err := pwpolicy.New(pwpolicy.NotSimilar{Context: words}); err == nil {
			t.Errorf("%.40q is accepted", words)
		}
	}
	rule, ok := pwpolicy.NotSimilar{Context: []string{"a", "b"}}.Both(pwpolicy.NotSimilar{Context: []string{"b", "c"}})
	if got := fmt.Sprint(rule); !ok || got != "{[a b c]}" {
		t.Errorf("got %s, %t", got, ok)
	}
}

// TestViolationsHoldNoValues holds that what is known about a person, or the
// password, is not in a violation (I7).
func TestViolationsHoldNoValues(t *testing.T) {
	p := policyOf(t, pwpolicy.NotCommon{}, pwpolicy.NotSimilar{Context: []string{"PayPilot"}})
	for _, password := range []string{"ghopper1906", "09121906", "paypilot1", "password", "Gr4c3!!!!"} {
		found, err := p.Check(ctx, candidate(password, grace()), pwpolicy.PhaseLocal)
		if err != nil || len(found) == 0 {
			t.Fatalf("%q: %v, %v", password, found, err)
		}
		text, _ := json.Marshal(found)
		for _, secret := range []string{password, "hopper", "Grace", "1906", "PayPilot", "navy"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
}

// hostileAccount has 28 attributes beside its login and the host's words, so long
// and so much alike that every token is compared in full.
func hostileAccount() (a account, password string) {
	a = account{Username: "1abl10t71abl10t7", Email: "1ab.l10t7@abll10t.example", Mobile: "17177171771"}
	for i := range 28 {
		c := string(rune('a' + i%26))
		a.Personal = append(a.Personal, pwpolicy.Attribute{Name: "x" + c, Value: strings.Repeat("1ab"+c+"l", 1+i%12) + " " + strings.Repeat(c+"10t7", 5) + " " + c + "bl Ibl@1lt" + c})
	}
	return a, strings.Repeat("l1|i!t7+ab-L.T_q", 256)
}

var paypilot = []string{"PayPilot", "paypilot.example", "Acme Corp"}

// TestRuleCostIsCapped counts what the rules allocate for passwords from 64 to
// 4,096 bytes (I8); package similarity counts steps.
func TestRuleCostIsCapped(t *testing.T) {
	a, hostile := hostileAccount()
	for _, r := range []pwpolicy.Rule{pwpolicy.NotCommon{}, pwpolicy.NotCommon{Trim: true}, pwpolicy.NotSimilar{Context: paypilot}} {
		for name, unit := range map[string]string{"ASCII": hostile[:16], "wide": "аbсdеfgһ", "one": "aaaaaaaaaaaaaaaa"} {
			last := 0.0
			for size := 64; size <= 4096; size *= 2 {
				c := candidate(strings.Repeat(unit, size/len(unit)), a)
				n := testing.AllocsPerRun(5, func() {
					if _, err := r.Check(ctx, c); err != nil {
						t.Error(err)
					}
				})
				if last > 0 && n > 2*last+8 {
					t.Errorf("%s, %s: %g allocations for %d bytes, %g for half of them", r.Name(), name, n, size, last)
				}
				last = n
			}
		}
	}
}

// leastHash is how long a hash takes when nothing disturbs it: the least of so many.
func leastHash(b *testing.B, tries int) time.Duration {
	b.Helper()
	least := time.Hour
	for range tries {
		began := time.Now()
		if _, err := (pwhash.Argon2id{}).Hash(ctx, "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
		least = min(least, time.Since(began))
	}
	return least
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// BenchmarkCheck reports a whole check without strength and breach, the median, as
// a share of one Argon2id hash in the same run, the fastest.
func BenchmarkCheck(b *testing.B) {
	hostile, bad := hostileAccount()
	p := policyOf(b, pwpolicy.Length{}, pwpolicy.NotLogin{}, pwpolicy.NotCommon{}, pwpolicy.NotSimilar{Context: paypilot})
	for _, c := range []struct {
		name     string
		account  account
		password string
	}{
		{"16 characters, 6 attributes", grace(), "velvet-tuba-7491"},
		{"hostile, 34 attributes", hostile, bad},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			hash := leastHash(b, 21)
			var times []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := p.Check(ctx, candidate(c.password, c.account), pwpolicy.PhaseLocal); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(began))
			}
			b.ReportMetric(100*float64(median(times))/float64(hash), "%-of-a-hash")
		})
	}
}

// BenchmarkRules measures each of the two rules by the length of the password.
func BenchmarkRules(b *testing.B) {
	a, hostile := hostileAccount()
	for name, r := range map[string]pwpolicy.Rule{"not_common": pwpolicy.NotCommon{}, "not_common, trimmed": pwpolicy.NotCommon{Trim: true}, "not_similar": pwpolicy.NotSimilar{Context: paypilot}} {
		for _, size := range []int{8, 64, 256, 4096} {
			c := candidate(hostile[:size], a)
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := r.Check(ctx, c); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func FuzzNotSimilar(f *testing.F) {
	f.Add("ghopper1906", "ghopper", "grace.hopper@navy.example", "+1 415", "Grace")
	f.Add("陈伟88", "陈伟", "@", "", "1987-04-22")
	f.Add("\u200b\u0301ß", "ß", "a@b@c", "0000000", "ﷺ")
	f.Fuzz(func(t *testing.T, password, username, email, mobile, personal string) {
		a := account{Username: username, Email: email, Mobile: mobile, Personal: []pwpolicy.Attribute{{Name: "x", Value: personal}}}
		found, err := pwpolicy.NotSimilar{Context: paypilot}.Check(ctx, candidate(password, a))
		if err != nil || len(found) > 1 {
			t.Errorf("%v, %v", found, err)
		}
		for _, v := range found {
			attribute, _ := v.Params["attribute"].(string)
			if v.Code == pwpolicy.Similar && !strings.Contains("username email mobile x", attribute) || v.Code == pwpolicy.Similar && attribute == "" {
				t.Errorf("attribute %q", attribute)
			}
		}
	})
}
