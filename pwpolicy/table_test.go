package pwpolicy_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nbutton23/zxcvbn-go/frequency"

	"github.com/passwd-go/passwd/pwpolicy"
)

// testdata reads the lines of a file of package estimate.
func testdata(t *testing.T, name string) []string {
	t.Helper()
	f, err := os.Open("../internal/estimate/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		all = append(all, lines.Text())
	}
	return all
}

// passwordKinds are the rows of the table in docs/policy.md.
type passwordKind struct {
	name      string
	passwords []string
}

func passwordKinds(t *testing.T) []passwordKind {
	rng := rand.New(rand.NewPCG(4, 17))
	cases := map[string][]string{}
	for _, line := range testdata(t, "cases.jsonl") {
		var c struct{ Password, Verdict, Kind string }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		cases[c.Kind+" "+c.Verdict] = append(cases[c.Kind+" "+c.Verdict], c.Password)
	}
	var attacks [2][]string
	part := 0
	for _, line := range testdata(t, "attacks.txt")[1:] {
		if strings.HasPrefix(line, "# ") {
			part = 1
			continue
		}
		attacks[part] = append(attacks[part], line)
	}
	const each = 300
	random := func(alphabet string, n int) (all []string) {
		for range each {
			out := make([]byte, n)
			for i := range out {
				out[i] = alphabet[rng.IntN(len(alphabet))]
			}
			all = append(all, string(out))
		}
		return all
	}
	var words []string
	for _, line := range testdata(t, "words.txt") {
		of := strings.Fields(line)[1:]
		for n := 0; n < each/5; {
			var phrase []string
			for range 4 {
				phrase = append(phrase, of[rng.IntN(len(of))])
			}
			if s := strings.Join(phrase, " "); utf8.RuneCountInString(s) >= 15 {
				words = append(words, s)
				n++
			}
		}
	}
	var twice []string
	for _, w := range frequency.Lists["Passwords"].List[3000:] { // beyond those that the list has twice
		if len(w) >= 8 && len(twice) < each {
			twice = append(twice, w+w)
		}
	}
	const printable = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~"
	var classed []string
	for _, s := range random(printable, 12) {
		classed = append(classed, s+"aA1!")
	}
	return []passwordKind{
		{"bad: collected, 15 characters or more", cases["long bad"]},
		{"bad: collected, 8 to 13 characters", cases["short bad"]},
		{"bad: made for these tests, 14 characters or more", attacks[0]},
		{"bad: made for these tests, 8 to 14 characters", attacks[1]},
		{"bad: a common password twice", twice},
		{"good: collected", cases["long good"]},
		{"good: four words of six languages", words},
		{"good: sixteen random characters", classed},
		{"good: eight random letters and digits", random("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 8)},
	}
}

// TestPresetsTable measures what each preset refuses and holds the table of
// docs/policy.md to it. A password that is too short for a preset, or lacks a class,
// is not counted for it: that says nothing of the estimate.
func TestPresetsTable(t *testing.T) {
	doc, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	person := account{
		Username: "mmueller", Email: "maria.mueller@contoso-bank.de", Mobile: "+491701234567",
		Personal: []pwpolicy.Attribute{{Name: "first_name", Value: "Maria"}, {Name: "last_name", Value: "Müller"}, {Name: "birth_date", Value: "1987-05-14"}},
	}
	presets := []pwpolicy.Policy{
		policyOf(t, pwpolicy.Length{}, pwpolicy.NotCommon{}, pwpolicy.NotSimilar{}),
		pwpolicy.NIST(), pwpolicy.Recommended(), pwpolicy.WithSecondFactor(), pwpolicy.Conventional(),
	}
	for _, kind := range passwordKinds(t) {
		row := "| " + kind.name
		for _, p := range presets {
			refused, of := 0, 0
			for _, password := range kind.passwords {
				s := person.subject()
				s.Context = []string{"app.brightledger.com"}
				violations, err := p.Check(ctx, pwpolicy.NewCandidate(password, s), pwpolicy.PhaseEstimate)
				if err != nil {
					t.Fatal(err)
				}
				formal := false
				for _, v := range violations {
					formal = formal || v.Code == pwpolicy.TooShort || v.Code == pwpolicy.MissingClass || v.Code == pwpolicy.Numeric
				}
				if formal {
					continue
				}
				of++
				if len(violations) > 0 {
					refused++
				}
			}
			if of*10 < len(kind.passwords) {
				row += " | –"
			} else {
				row += fmt.Sprintf(" | %.0f %%", 100*float64(refused)/float64(of))
			}
		}
		if row += " |"; !strings.Contains(string(doc), row+"\n") {
			t.Errorf("docs/policy.md lacks\n%s", row)
		}
	}
}
