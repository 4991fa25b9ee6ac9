package blocklist_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nbutton23/zxcvbn-go/frequency"
	"github.com/passwd-go/passwd/internal/blocklist"
	"github.com/passwd-go/passwd/internal/blocklist/family"
)

func lines(t blocklist.Table) []string {
	return strings.Split(strings.TrimSuffix(t.Text(), "\n"), "\n")
}

func TestCommonIsWhatCommonMdSays(t *testing.T) {
	list := lines(blocklist.Common())
	long := 0
	for _, e := range list {
		if utf8.RuneCountInString(e) >= family.Min {
			long++
		}
	}
	// ASVS 6.2.4, P7: 3,000 entries or more that a policy of 15 characters allows.
	if len(list) != 71492 || len(blocklist.Common().Text()) != 677950 || long != 7434 {
		t.Errorf("%d entries, %d bytes, %d of 15 characters or more", len(list), len(blocklist.Common().Text()), long)
	}
	if blocklist.Common().Len() != len(list) {
		t.Errorf("Len %d, %d lines", blocklist.Common().Len(), len(list))
	}
}

// TestCommonIsInOrder builds the table again: a table that is not folded, sorted
// and free of doubles would differ.
func TestCommonIsInOrder(t *testing.T) {
	list := lines(blocklist.Common())
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	if blocklist.Build(list).Text() != blocklist.Common().Text() {
		t.Error("the table is not folded, sorted and without doubles")
	}
}

func TestCommonHoldsItsSources(t *testing.T) {
	ranked := frequency.Lists["Passwords"].List
	long := family.Long(ranked)
	if len(long) < 3000 {
		t.Errorf("the generated family has %d entries", len(long))
	}
	for _, e := range slices.Concat(ranked, long) {
		if !blocklist.Common().Contains(e) {
			t.Errorf("%q is missing", e)
		}
	}
	for _, e := range long {
		if len(e) < family.Min {
			t.Errorf("%q is in the long family", e)
		}
	}
}

func TestContains(t *testing.T) {
	for _, c := range []struct {
		password string
		want     bool
	}{
		{"password", true},
		{"PassWord", true},
		{"p@$$w0rd", true},
		{"P455W0RD", true},
		{"ｐａｓｓｗｏｒｄ", true},
		{"pass\u200bword", true},
		{"passwordpassword", true},
		{"P@sswordpa55word", true},
		{"qwertyuiopasdfgh", true},
		{"123456789012345", true},
		{"l23456789", false}, // a letter is not taken for a digit
		{"!23456789", false},
		{"", false},
		{"\n", false},
		{"password\npassword", false},
		{"password\n", false},
		{"assword\npassword1", false},
		{"correct horse battery staple", false},
		{"my password is not here", false}, // P7: never a part of it
		{"passwordpassword and more", false},
		{strings.Repeat("a", 4096), false},
		{strings.Repeat("é", 2048), false},
		{strings.Repeat("\u200b", 1300) + "password", true},
	} {
		if got := blocklist.Common().Contains(c.password); got != c.want {
			t.Errorf("%.30q: %t", c.password, got)
		}
	}
}

// TestEveryEntryIsFound looks every entry up as it is, in capitals and with every
// letter in disguise, and, so that there are no false positives, with one
// character more or changed, against a map.
func TestEveryEntryIsFound(t *testing.T) {
	table := blocklist.Common()
	list := lines(table)
	known := make(map[string]bool, len(list))
	for _, e := range list {
		known[e] = true
	}
	disguise := strings.NewReplacer("a", "@", "b", "8", "c", "(", "e", "3", "g", "9", "i", "1", "l", "|", "o", "0", "s", "$", "t", "7", "x", "%", "z", "2")
	for i, e := range list {
		for _, p := range []string{e, disguise.Replace(strings.ToUpper(e[:1]) + e[1:])} {
			if !table.Contains(p) {
				t.Errorf("%q, for %q, is not found", p, e)
			}
		}
		if i%4 != 0 {
			continue
		}
		for _, p := range []string{e + "~", "~" + e, e[:len(e)-1] + "~", e[:len(e)/2] + "q" + e[len(e)/2:]} {
			if table.Contains(p) != known[p] {
				t.Errorf("%q is taken for an entry", p)
			}
		}
	}
}

// TestFewEntriesShareAKey bounds the last step of a lookup, the only one that is
// not logarithmic.
func TestFewEntriesShareAKey(t *testing.T) {
	list := lines(blocklist.Common())
	key := strings.NewReplacer("4", "a", "@", "a", "8", "b", "(", "c", "{", "c", "[", "c", "<", "c", "3", "e", "6", "g", "9", "g",
		"l", "i", "t", "i", "1", "i", "!", "i", "|", "i", "7", "i", "+", "i", "0", "o", "$", "s", "5", "s", "%", "x", "2", "z")
	chain, last := 0, ""
	for _, e := range list {
		if k := key.Replace(e); k == last {
			chain++
		} else {
			chain, last = 1, k
		}
		if chain > 40 {
			t.Fatalf("%d entries have the key %q", chain, last)
		}
	}
}

func TestContainsTrimmed(t *testing.T) {
	for password, want := range map[string]bool{
		"password":            true,
		"password1!":          true,
		"Password2024":        true,
		"123password":         true,
		"1!Dragon!1":          true,
		"p@ssw0rd-99":         true,
		"$unshine77":          true,
		"...dragon\u0301":     false,
		"sun1999":             false, // a core of 3
		"2024":                false,
		"!!!!!!!!":            true, // listed itself
		"dragon fly 1":        false,
		"1correct horse1":     false,
		"пароль1":             false,
		"9x!" + "password":    false,
		"12" + "\u200bdragon": true,
	} {
		if got := blocklist.Common().ContainsTrimmed(password); got != want {
			t.Errorf("%q: %t", password, got)
		}
	}
}

func TestBuild(t *testing.T) {
	table := blocklist.Build([]string{"Zebra", "ＡＢＣ", "", "zebra", "a\nb", "пароль", "til", "ill", "111"})
	if got := fmt.Sprintf("%q", table.Text()); table.Len() != 6 {
		t.Errorf("got %s", got)
	}
	for p, want := range map[string]bool{"ZEBRA": true, "2ebra": true, "abc": true, "Пароль": true, "т": false, "11l": true, "7il": true, "lil": false, "111": true, "b": false} {
		if table.Contains(p) != want {
			t.Errorf("%q: %t", p, !want)
		}
	}
	if (blocklist.Table{}).Contains("a") || (blocklist.Table{}).Len() != 0 || blocklist.Build(nil).ContainsTrimmed("a") {
		t.Error("the empty table is not empty")
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	for _, p := range []string{"P@ssw0rd", "correct horse battery staple", strings.Repeat("x", 4096)} {
		if n := testing.AllocsPerRun(100, func() { blocklist.Common().Contains(p) }); n != 0 {
			t.Errorf("%.20q: %g allocations", p, n)
		}
	}
}

func FuzzContains(f *testing.F) {
	for _, s := range []string{"password", "P@$$", "\n", "\xff", "ｐ", "111"} {
		f.Add(s)
	}
	known := map[string]bool{}
	for _, e := range lines(blocklist.Common()) {
		known[e] = true
	}
	f.Fuzz(func(t *testing.T, s string) {
		found := blocklist.Common().Contains(s)
		if known[s] && !found {
			t.Errorf("%q is not found", s)
		}
		if found && !blocklist.Common().ContainsTrimmed(s) {
			t.Errorf("%q is found, but not trimmed", s)
		}
		own := blocklist.Build([]string{s, "x"})
		if !strings.Contains(s, "\n") && utf8.ValidString(s) && own.Len() == 2 && !own.Contains(s) {
			t.Errorf("%q is not found in a table of its own", s)
		}
	})
}

// queries are half entries, half not.
func queries() []string {
	list := lines(blocklist.Common())
	r := rand.New(rand.NewPCG(1, 2))
	q := make([]string, 4096)
	for i := range q {
		q[i] = list[r.IntN(len(list))]
		if i%2 == 1 {
			q[i] = q[i][:len(q[i])-1] + "~"
		}
	}
	return q
}

// BenchmarkLookup reports a lookup's time as a multiple of that of one
// sort.Search over the same entries, as a slice of strings, in the same run.
func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	list := lines(blocklist.Common())
	sort.Strings(list)
	asked := queries()
	search := func(q string) bool {
		at := sort.Search(len(list), func(i int) bool { return list[i] >= q })
		return at < len(list) && list[at] == q
	}
	table := blocklist.Common()
	var ours, theirs time.Duration
	lookups, hits := 0, 0
	for b.Loop() { // in turns, so that both meet the same caches and neighbours
		began := time.Now()
		for _, q := range asked {
			if table.Contains(q) {
				hits++
			}
		}
		between := time.Now()
		for _, q := range asked {
			if search(q) {
				hits--
			}
		}
		ours += between.Sub(began)
		theirs += time.Since(between)
		lookups += len(asked)
	}
	if hits < 0 {
		b.Error("entries were not found")
	}
	b.ReportMetric(float64(ours)/float64(lookups), "ns/lookup")
	b.ReportMetric(float64(theirs)/float64(lookups), "ns/sort.Search")
	b.ReportMetric(float64(ours)/float64(theirs), "of-a-sort.Search")
}
