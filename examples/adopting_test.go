package examples_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestAdopting goes through the adoption guide and its second part as a reader would: it makes the files,
// runs the commands, starts the app where the guide does, and looks for what is to be
// found in the replies and in the app's terminal.
func TestAdopting(t *testing.T) {
	testrun.NeedCI(t) // it builds an app five times
	needCurl(t)
	address := freeAddress(t)
	guide := strings.ReplaceAll(document(t, "docs/adopting.md")+document(t, "docs/users.md"), "127.0.0.1:8080", address)
	r := newReader(t, address)
	for _, b := range blocks(t, guide) {
		r.line = b.line
		switch {
		case b.language == "go" && b.file != "":
			r.write(t, b)
		case b.language == "sh":
			r.command(t, b.text)
		case b.language == "text":
			r.expect(t, b.text, r.output)
		case b.language == "log":
			r.awaitLog(t, b.text)
			if strings.Contains(b.text, "?token=…") {
				r.sent = b.text
			}
		default:
			t.Fatalf("line %d: a block of %q for no file", b.line, b.language)
		}
	}
	if claim := added.FindStringSubmatch(guide); claim == nil || claim[1] != strconv.Itoa(r.length[3]-r.length[1]) {
		t.Errorf("the reset takes %d lines, the guide says %q", r.length[3]-r.length[1], claim)
	}
	// What the guide promises, lest an edit of it take the steps away.
	if r.starts != 5 || !r.tested || r.found < 12 {
		t.Errorf("the guide starts the app %d times, runs its test (%t), and shows %d lines", r.starts, r.tested, r.found)
	}
}

// added is what the guide says of the lines until the reset, which is tried with the
// app's third start.
var added = regexp.MustCompile(`the app has (\d+) lines more than before`)

// reader is who follows the guide.
type reader struct {
	line    int // of the guide, of the block in hand
	folder  string
	address string
	shell   *shell
	files   map[string]*goFile
	output  string // of the last commands
	sent    string // the last message with a token
	app     *exec.Cmd
	log     *terminal

	starts, found int
	length        map[int]int // in lines, at each start
	tested        bool
}

func newReader(t *testing.T, address string) *reader {
	t.Helper()
	parent := t.TempDir()
	library, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(library, filepath.Join(parent, "passwd")); err != nil {
		t.Skip("needs symbolic links: ", err)
	}
	r := &reader{folder: filepath.Join(parent, "shop"), address: address, files: map[string]*goFile{}, length: map[int]int{}}
	r.shell = newShell(t, parent, "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false")
	t.Cleanup(func() { r.stop(t) })
	return r
}

// write takes a Go block into its file.
func (r *reader) write(t *testing.T, b block) {
	t.Helper()
	if strings.HasPrefix(b.text, "package ") {
		r.files[b.file] = newGoFile(t, b.text)
	} else if r.files[b.file] == nil {
		t.Fatalf("line %d: %s is not there yet", b.line, b.file)
	} else {
		r.files[b.file].merge(t, b.text)
	}
	if err := os.WriteFile(filepath.Join(r.folder, b.file), r.files[b.file].source(t), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs a block of commands. The app is started here, not in the shell.
func (r *reader) command(t *testing.T, commands string) {
	t.Helper()
	rest, starts := strings.CutSuffix("\n"+commands, "\ngo run .\n")
	if starts {
		r.stop(t)
	}
	if strings.Contains(rest, "\ntoken=…\n") {
		link := r.awaitLog(t, r.sent)
		_, token, _ := strings.Cut(link, "?token=")
		rest = strings.Replace(rest, "token=…", "token="+token, 1)
	}
	if strings.Contains(rest, "…") {
		t.Fatalf("line %d: the commands have a gap that is not for the token", r.line)
	}
	r.output = r.shell.run(t, rest)
	r.tested = r.tested || strings.Contains(rest, "\ngo test .\n")
	if strings.Contains(rest, "\ngo mod init ") {
		r.pin(t)
	}
	if starts {
		r.start(t)
	}
}

// pin has the app use the versions that the modules of this repository use, so that
// nothing new is fetched.
func (r *reader) pin(t *testing.T) {
	t.Helper()
	var sums []byte
	for _, module := range []string{".", "../smtpmail"} {
		list := exec.Command("go", "list", "-m", "-f", `{{if and (not .Main) (not .Replace)}}-require={{.Path}}@{{.Version}}{{end}}`, "all")
		list.Dir, list.Env = module, append(os.Environ(), "GOWORK=off")
		versions, err := list.Output()
		if err != nil {
			t.Fatalf("go list in %s: %v", module, err)
		}
		edit := exec.Command("go", append([]string{"mod", "edit"}, strings.Fields(string(versions))...)...)
		edit.Dir = r.folder
		if out, err := edit.CombinedOutput(); err != nil {
			t.Fatalf("go mod edit: %v\n%s", err, out)
		}
		sum, err := os.ReadFile(filepath.Join(module, "go.sum"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, sum...)
	}
	if err := os.WriteFile(filepath.Join(r.folder, "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *reader) start(t *testing.T) {
	t.Helper()
	r.starts++
	for _, f := range r.files {
		r.length[r.starts] += lines(f.source(t))
	}
	r.shell.run(t, "go build -o shop-program .")
	r.app, r.log = exec.Command("./shop-program"), &terminal{}
	r.app.Dir, r.app.Stdout, r.app.Stderr = r.folder, r.log, r.log
	if err := r.app.Start(); err != nil {
		t.Fatal(err)
	}
	testrun.Until(t, func() bool {
		c, err := net.Dial("tcp", r.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, func() string { return "the app does not listen:\n" + r.log.String() })
}

// stop presses Ctrl-C.
func (r *reader) stop(t *testing.T) {
	t.Helper()
	if r.app == nil {
		return
	}
	err := r.app.Process.Signal(os.Interrupt)
	if r.app.Wait(); err != nil || r.app.ProcessState.Exited() {
		t.Errorf("line %d: the app had ended by itself: %v\n%s", r.line, r.app.ProcessState, r.log)
	}
	r.app = nil
}
