package strength_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nbutton23/zxcvbn-go"

	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/strength"
)

// TestScoreIsThePackages compares with the package for what it is given whole.
func TestScoreIsThePackages(t *testing.T) {
	scores := map[int]bool{}
	for _, password := range []string{
		"", "password", "p4ssw0rd", "qwertyuiop", "abc", "correct horse battery", "pumice cruelly vegan", "zXq9!vT", "12/12/1990", "aaaaaaaaaa",
		"kestrel9", "d0lphin!", "Rosebud", "trombonist77", "xkcd-otter", "sunset7tea", "maria1987", "grolsch", "wjzpqk", "vbnm4k",
	} {
		got, want := strength.Score(password, "maria"), zxcvbn.PasswordStrength(password, []string{"maria"}).Score
		if got != want {
			t.Errorf("%q: score %d, want %d", password, got, want)
		}
		scores[got] = true
	}
	if len(scores) < 4 {
		t.Errorf("only the scores %v", scores)
	}
}

// TestScoreIsBounded gives it what costs the package seconds and more.
func TestScoreIsBounded(t *testing.T) {
	var inputs []string
	for i := range 5000 {
		inputs = append(inputs, fmt.Sprint("input", i))
	}
	for _, password := range []string{
		strings.Repeat("4@8({[<3", 512), strings.Repeat("a", 4096), strings.Repeat("1|7", 1365), "P@55w0rd|{[" + strings.Repeat("$", 1000),
		strings.Repeat("qwepoiasd", 455), strings.Repeat("\u0301", 2048), strings.Repeat("\U0001F1E6", 1024), strings.Repeat("密", 1365), "\xff\xfe\x00",
	} {
		if n := testing.AllocsPerRun(1, func() { strength.Score(password, inputs...) }); n > 60000 {
			t.Errorf("%.10q…: %.0f allocations", password, n)
		}
	}
}

func TestRule(t *testing.T) {
	p, err := pwpolicy.NIST().With(strength.Zxcvbn{MinScore: 3})
	if err != nil {
		t.Fatal(err)
	}
	subject := pwpolicy.Subject{Logins: []pwpolicy.Attribute{{Name: "username", Value: "kestrel"}}}
	weak := strength.Zxcvbn{MinScore: 4}
	for password, want := range map[string]string{
		"pumice cruelly vegan": "[]",
		"p4ssw0rd":             "[{too_weak map[min_score:4]}]",
	} {
		found, err := weak.Check(t.Context(), pwpolicy.NewCandidate(password, subject))
		if got := fmt.Sprint(found); got != want || err != nil {
			t.Errorf("%q: %s, %v, want %s", password, got, err, want)
		}
	}
	if found, err := (strength.Zxcvbn{}).Check(t.Context(), pwpolicy.NewCandidate("password", subject)); found != nil || err != nil {
		t.Errorf("the advisory rule: %v, %v", found, err)
	}
	if score, ok := p.Score(pwpolicy.NewCandidate("kestrelkestrel", subject)); !ok || score > 1 {
		t.Errorf("score %d, %t", score, ok)
	}
	const text = `{"version":1,"rules":{"length":{},"zxcvbn":{"min_score":3}}}`
	parsed, err := pwpolicy.Parse([]byte(text), strength.Rules())
	if err != nil {
		t.Fatal(err)
	}
	if back, err := json.Marshal(parsed); err != nil || string(back) != text {
		t.Errorf("%s, %v", back, err)
	}
	if got := fmt.Sprint(parsed.Requirements()); got != "[{too_short map[min:15]} {too_weak map[min_score:3]}]" {
		t.Error(got)
	}
	for want, rule := range map[string]strength.Zxcvbn{
		"":                                 {InsecureScoreOnly: true},
		"so that nothing would be refused": {},
		"takes its place":                  {MinScore: 3, InsecureScoreOnly: true},
	} {
		if _, err := pwpolicy.New(rule); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", rule, err, want)
		}
	}
	for _, bad := range []int{0, -1, 5} {
		_, err := pwpolicy.New(strength.Zxcvbn{MinScore: bad})
		if e, ok := errors.AsType[*pwpolicy.ParamError](err); !ok || !strings.Contains(e.Param, "min_score") {
			t.Errorf("%d: error %v", bad, err)
		}
	}
	if r, ok := (strength.Zxcvbn{MinScore: 1}).Both(strength.Zxcvbn{MinScore: 2}); !ok || r.(strength.Zxcvbn).MinScore != 2 {
		t.Errorf("both: %v, %t", r, ok)
	}
}

func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got := strength.Score("p4ssw0rd"); got != 0 {
					t.Errorf("score %d", got)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkScore measures what costs most among what is given to the package.
func BenchmarkScore(b *testing.B) {
	for _, password := range []string{"p4ssw0rd", strings.Repeat("4@8({[<3", 512), strings.Repeat("a", 4096), "p@5w0rdqwepoiasdlkj$m#qw"} {
		b.Run(fmt.Sprintf("%.8s/%d", password, len(password)), func(b *testing.B) {
			for b.Loop() {
				strength.Score(password)
			}
		})
	}
}
