package similarity_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nbutton23/zxcvbn-go/frequency"
	"github.com/passwd-go/passwd/internal/similarity"
)

type labelled struct {
	ID           int
	Password     string
	Attributes   map[string]string
	ShouldReject bool `json:"should_reject"`
	Kind, Why    string
}

func (c labelled) sources() (names []string, sources []similarity.Source) {
	for name := range c.Attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, n := range names {
		sources = append(sources, similarity.Source{Value: c.Attributes[n]})
	}
	return names, sources
}

func cases(t testing.TB) []labelled {
	t.Helper()
	f, err := os.Open("testdata/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []labelled
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c labelled
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) < 200 {
		t.Fatalf("%d cases only", len(all))
	}
	return all
}

func ours(c labelled) bool {
	_, sources := c.sources()
	_, similar := similarity.Find(c.Password, sources)
	return similar
}

// score is the share of bad passwords caught and of good ones refused, in percent.
func score(all []labelled, refuses func(labelled) bool) (caught, alarms float64) {
	var bad, good, hits, wrong float64
	for _, c := range all {
		refused := refuses(c)
		switch {
		case c.ShouldReject && refused:
			bad, hits = bad+1, hits+1
		case c.ShouldReject:
			bad++
		case refused:
			good, wrong = good+1, wrong+1
		default:
			good++
		}
	}
	return 100 * hits / bad, 100 * wrong / good
}

func TestLabelledCases(t *testing.T) {
	all := cases(t)
	for _, c := range all {
		if ours(c) != c.ShouldReject {
			t.Logf("%d: %q (%s) of %v: refused %t", c.ID, c.Password, c.Why, c.Attributes, !c.ShouldReject)
		}
	}
	caught, alarms := score(all, ours)
	t.Logf("%-20s %5.1f %% caught %5.1f %% false", "coverage", caught, alarms)
	if caught < 98 || alarms > 1.5 {
		t.Error("not at least 98 % caught and at most 1.5 % false")
	}
	for name, peer := range map[string]func(labelled) bool{"Django, .7": django, "Kratos": kratos} {
		c, a := score(all, peer)
		t.Logf("%-20s %5.1f %% caught %5.1f %% false", name, c, a)
		if c < 50 || c >= caught || a < alarms {
			t.Errorf("%s is better, or not what it is meant to be", name)
		}
	}
}

// person is somebody whose names, addresses and numbers are known.
func person(first, last string) []similarity.Source {
	user := strings.ToLower(first[:1] + last)
	mail := strings.ToLower(first+"."+last) + "@acmewidgets.example"
	return []similarity.Source{{Value: user}, {Value: mail}, {Value: "+1 415 555 0134"}, {Value: first}, {Value: last}, {Value: "1987-04-22"}}
}

// TestEvasions has a few of each kind of disguise, for one person.
func TestEvasions(t *testing.T) {
	for kind, passwords := range map[string]string{
		"plain":                   "jonathan Smithers smithersjonathan jsmithers smithersj jonathan.smithers@acmewidgets.example",
		"digits and symbols":      "jonathan1234567890 1234567890jonathan Jonathan2024! !!!jonathan!!! 99jsmithers99 smithers!@#$",
		"trivial words":           "welcomeJonathan1 ILoveJonathan iamjonathan JonathanSummer2024! smithersqwerty mynameisjonathan",
		"leet":                    "j0n4th4n j0n@th@n2024 $m1th3r$ 5m17h3r5!",
		"backwards":               "nahtanoj srehtims1 $r3ht1m$ nahtanojjonathan srehtimSnahtanoJ",
		"turned":                  "nathanjo2024 thersjonathansmi ithersSm1",
		"repeated":                "jonathanjonathan smitherssmitherssmitherssmitherssmitherssmitherssmithers",
		"separators":              "j.o.n.a.t.h.a.n jo-na-than s_m_i_t_h_e_r_s_1 j1o2n3a4t5h6a7n8 s1m1i1t1h1e1r1s1 s9m9i9t9h9e9r9s91",
		"stretched":               "jjoonnaatthhaann sssmmmiiittthhheeerrrsss jonathannnnnnnn",
		"without vowels":          "jnthnsmthrs sm*th*rs12",
		"one edit":                "jonahtan1 jonatan99 smithhers1 smitners! jonthan2024",
		"width and looks":         "ｊｏｎａｔｈａｎ jоnаthаn jónàthän jon\u200bathan ΙΟNATHAN",
		"domain":                  "acmewidgets1 AcmeWidgets2024 acmewidgetsjonathan",
		"dates":                   "19870422 22-04-1987 04/22/1987! 220487 jonathan0422 jonathan1987 smithers220487",
		"telephone":               "4155550134 5550134 0134jonathan smithers5550134",
		"another keyboard":        "ощтферфт ыьшерукы1",
		"parts of several":        "jsmithers1987 smithersacmewidgets jonathan0134smithers",
		"beyond what is compared": strings.Repeat("jonathan", 100),
	} {
		for _, p := range strings.Fields(strings.ReplaceAll(passwords, `\u200b`, "\u200b")) {
			if _, similar := similarity.Find(p, person("Jonathan", "Smithers")); !similar {
				t.Errorf("%s: %.40q passes", kind, p)
			}
		}
	}
}

func TestGoodPasswords(t *testing.T) {
	for _, p := range []string{
		"", " ", "correct horse battery staple", "grasshopper", "john-7fK2pQx9LmZw", "jonathan-7fK2pQx9LmZw", "jonathan Zq8!wRt5#kLm",
		"smithers5839201748563", "smithers-x7#q2$K9!w", "jonathan plays the oboe", "blacksmith-ersatz-hero", "wordsmith", "hersmithy wears a hat",
		"acmeist-poems-granite", "my own long sentence", "1234567890", "0987654321", "2384610975", "welcome2024", "qwertyuiop",
		"\U0001F511\U0001F512\U0001F513", "密码密码密码", "лошадь батарея скрепка", "\u200b\u200b", "\u0301\u0301", "\xff\xfe jonathan \xff wX4pNz7Qk2",
		strings.Repeat("jonathan", 16) + " Zq8!wRt5#kLm, and more of the kind",
	} {
		for _, names := range [][2]string{{"Jonathan", "Smithers"}, {"John", "Smith"}, {"Grace", "Hopper"}} {
			if _, similar := similarity.Find(p, person(names[0], names[1])); similar && names[1] != "Smith" {
				t.Errorf("%.40q of %v is refused", p, names)
			}
		}
	}
}

// TestPassphrases holds that nobody is refused three or four words.
func TestPassphrases(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(l []string) string { return l[r.IntN(len(l))] }
	var words []string
	for _, w := range frequency.Lists["English"].List[:15000] {
		if len(w) >= 4 && !strings.Contains(w, "'") {
			words = append(words, w)
		}
	}
	firsts, lasts := frequency.Lists["FemaleNames"].List[:1000], frequency.Lists["Surname"].List[:5000]
	for i := range 10_000 {
		first, last := pick(firsts), pick(lasts)
		phrase := make([]string, 3+i%2)
		for j := range phrase {
			phrase[j] = pick(words)
		}
		p := strings.Join(phrase, []string{" ", "-", ""}[i%3])
		if _, similar := similarity.Find(p, person(first, last)); similar {
			t.Errorf("%q of %s %s is refused", p, first, last)
		}
		if i%5 != 0 {
			continue
		}
		// Nor is one that has nothing to do with the one before it.
		before := []similarity.Source{{Value: pick(words) + " " + pick(words) + " " + pick(words), Kind: similarity.Password}}
		if _, similar := similarity.Find(p, before); similar {
			t.Errorf("%q after %q is refused", p, before[0].Value)
		}
	}
}

func TestCurrentPassword(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          bool
	}{
		{"Winter2023!", "Winter2024!", true},
		{"Winter2023!", "2024Winter?", true},
		{"Winter2023!", "W1nt3r2023!!", true},
		{"correct horse battery staple", "correct horse battery staple1", true},
		{"correct horse battery staple", "Correct-Horse-Battery-Staple", true},
		{"correct horse battery staple", "staple battery horse correct", true},
		{"correct horse battery staple", "correcthorsebattery", true},
		{"kV9#mQz2!pLw", "kV9#mQz2!pLw1", true},
		{"kV9#mQz2!pLw", "wLp!2zQm#9Vk", true},
		{"P@ssw0rd-of-mine-7", "Passw0rd-of-mine-8", true},
		{"synchrophasotron", "synchrophasotrom", true},
		{"пароль для почты", "пароль для почты 2", true},
		{"Winter2023!", "lantern-ocelot-brisket", false},
		{"correct horse battery staple", "velvet tuba oxbow lantern", false},
		{"correct horse battery staple", "correct answers need patience", false},
		{"kV9#mQz2!pLw", "t7&nRe5@hGxC", false},
		{"mark@ernst.dev 22", "remarkable teapot orbit", false},
	} {
		_, got := similarity.Find(c.after, []similarity.Source{{Value: c.before, Kind: similarity.Password}})
		if got != c.want {
			t.Errorf("%q after %q: %t", c.after, c.before, got)
		}
	}
}

func TestFindNamesTheLargestSource(t *testing.T) {
	sources := []similarity.Source{{Value: "jo"}, {Value: "paypilot"}, {Value: "Lovelace"}, {Value: ""}}
	for password, want := range map[string]int{"joLovelace1": 2, "PayPilot2024": 1, "lovelacepaypilot": 1, "jo12345": 0} {
		if got, similar := similarity.Find(password, sources); !similar || got != want {
			t.Errorf("%q: %t, source %d, want %d", password, similar, got, want)
		}
	}
}

// TestCostIsBounded counts steps, from 64 to 4,096 bytes of password and from one
// source to many (I8).
func TestCostIsBounded(t *testing.T) {
	_, many := hostile()
	for name, unit := range map[string]string{"mixed": "l1|i!t7+ab-L.T_q", "one letter": "aaaaaaaaaaaaaaaa", "wide": "аbсdеfgһ", "marks": "a\u0301\u0302\u0303b\u0301"} {
		last := 0
		for size := 64; size <= 4096; size *= 2 {
			p := strings.Repeat(unit, size/len(unit)+1)
			steps := similarity.Steps(p, many)
			if steps == 0 || steps > similarity.MaxSteps {
				t.Errorf("%s of %d bytes: %d steps, more than %d", name, size, steps, similarity.MaxSteps)
			}
			// Of few steps, what the password shares with the sources makes more than its length.
			if last > 0 && steps > max(2*last, similarity.MaxSteps/100) {
				t.Errorf("%s: %d steps for %d bytes, %d for half of them", name, steps, size, last)
			}
			last = steps
		}
	}
	long := []similarity.Source{{Value: strings.Repeat("jonathan smithers ", 100_000)}}
	if a, b := similarity.Steps("nahtanoj", long), similarity.Steps("nahtanoj", []similarity.Source{{Value: strings.Repeat("jonathan smithers ", 20)}}); a != b {
		t.Errorf("%d steps for a long value, %d for one of the bound", a, b)
	}
	var sources []similarity.Source
	for i := range 10_000 {
		sources = append(sources, similarity.Source{Value: fmt.Sprint("name", i, "abc")})
	}
	if steps := similarity.Steps("some password of no interest", sources); steps > similarity.MaxSteps {
		t.Errorf("%d steps for 10,000 sources", steps)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("johnsmith", "john.smith@example.com", "1987-04-22")
	f.Add("наталья", "Наталья", "+7 415 555 01 34")
	f.Add("\xff\u200b陈伟88", "陈伟", "@")
	f.Add("İı\u0301", "ß", "ﷺ")
	f.Fuzz(func(t *testing.T, password, a, b string) {
		sources := []similarity.Source{{Value: a}, {Value: b}, {Value: b + a, Kind: similarity.Password}}
		at, similar := similarity.Find(password, sources)
		if at < 0 || at >= len(sources) || !similar && at != 0 {
			t.Errorf("source %d", at)
		}
		if again, s := similarity.Find(password, sources); s != similar || again != at {
			t.Error("not the same again")
		}
		if steps := similarity.Steps(password, sources); steps > similarity.MaxSteps {
			t.Errorf("%d steps", steps)
		}
	})
}

// TestCountsAndTrivialWordsAreNobodys holds that what is weak for another reason is
// not said to be somebody's data, and that what is theirs still is.
func TestCountsAndTrivialWordsAreNobodys(t *testing.T) {
	known := []similarity.Source{{Value: "ada@contoso-bank.de"}, {Value: "+491701234567"}, {Value: "Ada"}, {Value: "Lovelace"}}
	for password, want := range map[string]bool{
		"iloveyouiloveyou": false, "iloveyou1234567": false, "abcdefghijklmnop": false, "Passwort12345678": false, "zyxwvutsrqponmlkj": false,
		"Lovelace1234567": true, "lovelovelace": true, "ada01701234567": true, "01701234567": true, "contosobank12345": true, "iloveLovelace": true,
	} {
		if _, similar := similarity.Find(password, known); similar != want {
			t.Errorf("%q: %t", password, similar)
		}
	}
}
