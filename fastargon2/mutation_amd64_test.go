//go:build linux && !purego

package fastargon2_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd/fastargon2"
)

// unseen are instructions without which every result is right. They bring the next
// block into the cache, or choose it early and not again (the register holds where in the block
// the columns are), or save other code a delay.
var unseen = regexp.MustCompile(`^(PREFETCHT0|JNZ +chosen|TESTQ +R11, R11|VZEROUPPER)`)

// assembly is block_amd64.s, one function of it.
type assembly struct {
	kernel fastargon2.Kernel
	name   string
	lines  []string // with its constants
}

// mutant is a function with one line changed.
type mutant struct {
	of       *assembly
	line     int
	with     string // "" deletes the line
	survives bool
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s: %q becomes %q", m.of.name, m.of.lines[m.line], m.with)
}

// TestMutations changes and deletes every line of the assembly, one at a time, and runs
// the tests of kernels on the result: at least 95 % of the faults must be noticed, and
// all but those that change no result.
func TestMutations(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("takes minutes: PASSWD_TEST_LONG is not set")
	}
	source, err := os.ReadFile("block_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range functions(string(source)) {
		if _, ok := fastargon2.Kernels()[a.kernel]; !ok {
			t.Logf("%v is not tested: this CPU does not have it", a.kernel)
			continue
		}
		mutants := a.mutants()
		program := build(t, a, mutants)
		if out, err := run(t, program, "-1"); err != nil {
			t.Fatalf("the tests fail on the function as it is: %v\n%s", err, out)
		}
		next := make(chan *mutant)
		var workers sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			workers.Go(func() {
				for m := range next {
					if _, err := run(t, program, strconv.Itoa(m.number(mutants))); err == nil {
						m.survives = true
					}
				}
			})
		}
		for _, m := range mutants {
			next <- m
		}
		close(next)
		workers.Wait()

		caught, explained := 0, 0
		for _, m := range mutants {
			switch {
			case !m.survives:
				caught++
			case unseen.MatchString(strings.TrimSpace(m.of.lines[m.line])):
				explained++
			default:
				t.Errorf("not noticed: %v", m)
			}
		}
		t.Logf("%s: of %d mutants %d are noticed, and %d change no result", a.name, len(mutants), caught, explained)
		if caught*100 < len(mutants)*95 {
			t.Errorf("%s: that is under 95 %%", a.name)
		}
	}
}

func (m *mutant) number(all []*mutant) int {
	for i, other := range all {
		if m == other {
			return i
		}
	}
	return -1
}

// functions takes the file apart. Constants stand behind the function that uses them.
func functions(source string) (all []*assembly) {
	for _, part := range strings.Split(source, "// func ")[1:] {
		a := &assembly{kernel: fastargon2.AVX2}
		a.name, _, _ = strings.Cut(part, "(")
		if a.name == "fillAVX512" {
			a.kernel = fastargon2.AVX512
		}
		for _, line := range strings.Split(part, "\n")[1:] {
			if line = strings.TrimRight(line, " "); line != "" && !strings.HasPrefix(line, "//") {
				a.lines = append(a.lines, line)
			}
		}
		all = append(all, a)
	}
	return all
}

var (
	immediate    = regexp.MustCompile(`\$(0x[0-9a-f]+|\d+)`)
	displacement = regexp.MustCompile(`(\d*)(\([A-Z0-9]+\))`)
	register     = regexp.MustCompile(`\b([YZ])(\d+)\b`)
	general      = regexp.MustCompile(`\b(AX|BX|CX|DX|SI|DI|R8|R9|R1[0-3])\b`)
)

// changed is a line with another operand, or the other condition.
func changed(line string) string {
	op := strings.Fields(line)[0]
	swapped := map[string]string{"JZ": "JNZ", "JE": "JNE", "JNZ": "JZ", "JNE": "JE", "JEQ": "JNE", "INCQ": "DECQ", "DECQ": "INCQ"}[op]
	replace := func(re *regexp.Regexp, with func(parts []string) string) string {
		at := re.FindStringIndex(line)
		if at == nil {
			return ""
		}
		return line[:at[0]] + with(re.FindStringSubmatch(line)) + line[at[1]:]
	}
	switch {
	case swapped != "":
		return strings.Replace(line, op, swapped, 1)
	case immediate.MatchString(line):
		return replace(immediate, func(p []string) string {
			n, _ := strconv.ParseUint(p[1], 0, 64)
			return fmt.Sprintf("$%#x", n^1)
		})
	case strings.Contains(line, "(FP)"), op == "DATA":
		return ""
	case displacement.MatchString(line):
		return replace(displacement, func(p []string) string {
			n, _ := strconv.Atoi(p[1])
			return strconv.Itoa(n^8) + p[2]
		})
	case register.MatchString(line):
		return replace(register, func(p []string) string {
			n, _ := strconv.Atoi(p[2])
			return p[1] + strconv.Itoa(n^1)
		})
	case general.MatchString(line):
		return replace(general, func(p []string) string {
			if p[1] == "R8" {
				return "R9"
			}
			return "R8"
		})
	}
	return ""
}

// mutants has two for each line that has an instruction, and one for a constant.
func (a *assembly) mutants() (all []*mutant) {
	for i, line := range a.lines {
		op := strings.Fields(line)[0]
		switch {
		case op == "TEXT", op == "GLOBL", strings.HasSuffix(op, ":"):
			continue
		case op != "DATA":
			all = append(all, &mutant{of: a, line: i})
		}
		if with := changed(line); with != "" {
			all = append(all, &mutant{of: a, line: i, with: with})
		} else if op == "DATA" {
			panic("no mutation of " + line)
		}
	}
	return all
}

// build compiles this package's tests with all mutants in place of the kernels: which
// one is tested is up to the environment.
func build(t *testing.T, a *assembly, mutants []*mutant) string {
	folder := t.TempDir()
	module, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && name != "mutation_amd64_test.go" && name != "vectors_test.go" {
			text := string(b)
			if name == "go.mod" {
				text = strings.ReplaceAll(text, "=> ..", "=> "+filepath.Dir(module))
			}
			if name == "export_internal_test.go" {
				text = strings.Replace(text, "range kernels()", "range mutants()", 1)
			}
			write(name, text)
		}
	}
	stubs := &strings.Builder{}
	table := &strings.Builder{}
	const signature = "(matrix [][128]uint64, tmp *[128]uint64, random *uint64, dst, prev, ref, n, lane, size, first, area int, xor bool) int\n"
	const perFile = 100
	for from := 0; from < len(mutants); from += perFile {
		text := &strings.Builder{}
		text.WriteString("#include \"textflag.h\"\n")
		for n := from; n < min(from+perFile, len(mutants)); n++ {
			fmt.Fprintf(stubs, "//go:noescape\nfunc mutant%d%s", n, signature)
			fmt.Fprintf(table, "\tmutant%d,\n", n)
			text.WriteString(mutants[n].text(n))
		}
		write(fmt.Sprintf("mutants%d_amd64.s", from), text.String())
	}
	write("mutants_amd64.go", "package fastargon2\n\n"+stubs.String())
	write("mutants_internal_test.go", fmt.Sprintf(`package fastargon2

import (
	"os"
	"strconv"
)

func mutants() []kernel {
	n, err := strconv.Atoi(os.Getenv("FASTARGON2_MUTANT"))
	if err != nil {
		panic(err)
	}
	if n < 0 {
		return []kernel{{Kernel(%d), %s}}
	}
	return []kernel{{Kernel(%[1]d), allMutants[n]}}
}

var allMutants = [...]fillFunc{
%[3]s}
`, a.kernel, a.name, table))
	program := filepath.Join(folder, "mutants.test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-o", program, ".")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// text is the function under a name of its own, and its constants as well.
func (m *mutant) text(n int) string {
	b := &strings.Builder{}
	for i, line := range m.of.lines {
		if i == m.line {
			line = m.with
		}
		line = strings.Replace(line, "·"+m.of.name+"(", fmt.Sprintf("·mutant%d(", n), 1)
		b.WriteString(strings.Replace(line, "<>", fmt.Sprintf("_%d<>", n), 1) + "\n")
	}
	return b.String()
}

// run runs the tests on one mutant. Whoever does not end is noticed.
func run(t *testing.T, program, n string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-test.run", "^(TestKernel|TestKernelGuards|TestGuards|TestAgainstGo)$", "-test.failfast")
	cmd.Env = append(os.Environ(), "FASTARGON2_MUTANT="+n, "GOTRACEBACK=none", "PASSWD_TEST_LONG=")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) || os.IsPermission(err) {
		t.Errorf("%v", err)
	}
	return out, err
}
