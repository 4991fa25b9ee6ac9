package storetest_test

import (
	"errors"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/storetest"
)

// cases are the names of all cases with what each guards, in their order.
func cases(t *testing.T) (names []string, guards map[string]string) {
	t.Helper()
	guards = map[string]string{}
	closed := errors.New("closed")
	add := func(err error) {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			t.Fatalf("it is no list of errors: %v", err)
		}
		for _, e := range joined.Unwrap() {
			name, rest, ok := strings.Cut(e.Error(), " (")
			guarded, _, closes := strings.Cut(rest, "): ")
			if !ok || !closes {
				name, _, _ = strings.Cut(e.Error(), ": ")
			}
			names = append(names, name)
			guards[name] = guarded
		}
	}
	f := fixture(nil)
	f.Open = func() (passwd.Store, error) { return nil, closed }
	add(storetest.Check(f))
	add(storetest.CheckLimiter(func() (passwd.Limiter, error) { return nil, closed }))
	add(storetest.CheckWithin(f, nil))
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "inside/") }) // the same once more
	return names, guards
}

// Every case says which invariant it guards, and no two have one name.
func TestGuards(t *testing.T) {
	names, guards := cases(t)
	if len(names) < 100 {
		t.Errorf("there are %d cases", len(names))
	}
	invariant := regexp.MustCompile(`\bI([1-9]|1[0-2])\b`)
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			t.Errorf("two cases are called %q", name)
		}
		seen[name] = true
		if !invariant.MatchString(guards[name]) {
			t.Errorf("%q guards %q, which names no invariant", name, guards[name])
		}
	}
}

// The table in the package comment has every case in one of its 17 groups.
func TestGroups(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "storetest.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`^\t *(\d+) [a-z -]+: (.*)$`)
	groups := map[int][]string{}
	group := 0
	for line := range strings.Lines(file.Doc.Text()) {
		list := strings.TrimRight(line, "\n")
		if m := head.FindStringSubmatch(list); m != nil {
			group, _ = strconv.Atoi(m[1])
			list = m[2]
		} else if !strings.HasPrefix(list, "\t") {
			group = 0
		}
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" && group > 0 {
				groups[group] = append(groups[group], name)
			}
		}
	}
	names, _ := cases(t)
	for n := 1; n <= 17; n++ {
		if len(groups[n]) == 0 && n != 17 { // which is about one store's settings
			t.Errorf("group %d has no case", n)
		}
	}
	in := map[string]int{}
	for n, list := range groups {
		for _, entry := range list {
			// "find/*" is all that begins so.
			prefix, all := strings.CutSuffix(entry, "*")
			if !slices.ContainsFunc(names, func(name string) bool { return name == entry || all && strings.HasPrefix(name, prefix) }) {
				t.Errorf("group %d has %q, which is no case", n, entry)
			}
			for _, name := range names {
				if name == entry || all && strings.HasPrefix(name, prefix) {
					in[name]++
				}
			}
		}
	}
	for _, name := range names {
		if in[name] == 0 {
			t.Errorf("%q is in no group", name)
		}
	}
}
