package pwpolicy_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy"
)

// TestFloorIsNeverLoosened holds over random pairs of rules that what either
// refuses is refused by both together, and nothing else but by keyboard rows.
func TestFloorIsNeverLoosened(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	n := func(min, max int) int { return min + random.IntN(max-min+1) }
	rule := func(kind int) pwpolicy.Rule {
		switch kind {
		case 0:
			return pwpolicy.Length{InsecureMinLength: n(1, 9), InsecureMaxLength: n(10, 20)}
		case 1:
			return pwpolicy.Classes{Upper: n(0, 2), Lower: n(1, 3), Digit: n(0, 3), Symbol: n(0, 2)}
		case 2:
			return pwpolicy.Repeated{Max: n(2, 5)}
		case 3:
			return pwpolicy.Sequence{Max: n(2, 5)}
		case 4:
			return pwpolicy.Characters{Forbidden: []string{"a", "b", "12"}[n(0, 2)], Required: []pwpolicy.RequiredSet{{Characters: "xyzA!", Min: n(1, 3)}}}
		}
		return pwpolicy.NotNumeric{}
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
		either := found(t, a, password.String(), account{}) != "" || found(t, b, password.String(), account{}) != ""
		together := found(t, both, password.String(), account{}) != ""
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
