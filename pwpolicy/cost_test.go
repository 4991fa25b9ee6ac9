package pwpolicy_test

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var costOf = flag.String("cost-of", "", "for TestCostGrowsLinearly: rule,bytes")

// hostile makes passwords of n bytes that are meant to be dear for some rule.
func hostile(n int) []string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	made := func(alphabet string) string {
		runes := []rune(alphabet)
		var b strings.Builder
		for b.Len() < n {
			b.WriteRune(runes[random.IntN(len(runes))])
		}
		return cut(b.String(), n)
	}
	var all []string
	for _, unit := range []string{"a", "1", " ", "abcdefghij", "qwertyuiop", "Lovelace", "ecalevol", "l0v3l@c3", "1815-12-10 ", "password", "e\u0301", "ab\u0301\u0323\u0327", "ﷺ", "\U0001F511"} {
		all = append(all, cut(strings.Repeat(unit, n/len(unit)+1), n))
	}
	for _, alphabet := range []string{"abcdefghijklmnopqrstuvwxyz", "0123456789", "01345789@$!|+(", "lovelace", "<>é!?ß", "йцукенгшщзхъ"} {
		all = append(all, made(alphabet))
	}
	return all
}

// cut returns at most n bytes of s, whole characters.
func cut(s string, n int) string { return strings.ToValidUTF8(s[:n], "") }

// TestCostGrowsLinearly holds that 64 times the password is at most 64 times the
// work for each rule (I8). It counts: the tests are built again with a counter at
// each statement of this module, its dependencies and package strings.
func TestCostGrowsLinearly(t *testing.T) {
	if *costOf != "" {
		checkOnce(t, *costOf)
		return
	}
	if testing.Short() {
		t.Skip("builds the tests once more")
	}
	t.Parallel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "counting.test")
	build := exec.Command("go", "test", "-c", "-covermode=count", "-o", binary,
		"-coverpkg=github.com/passwd-go/passwd/pwpolicy,github.com/passwd-go/passwd/internal/...,golang.org/x/text/unicode/norm", ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	statements := func(what string) float64 {
		t.Helper()
		profile := filepath.Join(dir, "profile")
		run := exec.Command(binary, "-test.run=^TestCostGrowsLinearly$", "-test.coverprofile="+profile, "-cost-of="+what)
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", what, err, out)
		}
		return float64(executed(t, profile))
	}
	idle := map[int]float64{64: statements("none,64"), 4096: statements("none,4096")}
	for _, r := range every() {
		short := statements(r.Name()+",64") - idle[64]
		long := statements(r.Name()+",4096") - idle[4096]
		t.Logf("%-12s %9.0f statements for 64 bytes, %9.0f for 4,096: %5.1f times", r.Name(), short, long, long/short)
		if short < 20 || long > 66*short {
			t.Errorf("%s: %.0f statements for 64 bytes, %.0f for 4,096", r.Name(), short, long)
		}
	}
}

// checkOnce has one rule judge each hostile password of so many bytes.
func checkOnce(t *testing.T, what string) {
	name, size, _ := strings.Cut(what, ",")
	n, err := strconv.Atoi(size)
	if err != nil {
		t.Fatal(err)
	}
	a := person()
	for _, password := range hostile(n) {
		c := candidate(password, a)
		for _, r := range every() {
			if r.Name() != name {
				continue
			}
			if _, err := r.Check(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// executed sums up a profile: how many statements were executed. What the test
// itself does is not in it.
func executed(t *testing.T, profile string) int {
	t.Helper()
	f, err := os.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var place string
		var statements, times int
		if n, _ := fmt.Sscanf(lines.Text(), "%s %d %d", &place, &statements, &times); n == 3 {
			sum += statements * times
		}
	}
	return sum
}
