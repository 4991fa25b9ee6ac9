package examples_test

import (
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

// expect finds each line of want in a text, in this order.
func (r *reader) expect(t *testing.T, want, text string) {
	t.Helper()
	if missing := r.missing(want, text); missing != "" {
		t.Fatalf("line %d: no %q in\n%s", r.line, missing, text)
	}
	r.found += strings.Count(want, "\n")
}

// missing returns the first line of want that is not in the text after the one before
// it, or "". What is logged has the time before it.
func (r *reader) missing(want, text string) string {
	lines := strings.Split(text, "\n")
	for line := range strings.Lines(want) {
		line = strings.TrimSpace(line)
		pattern := regexp.MustCompile(`^(\d{4}/\d\d/\d\d [\d:]+ )?` + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".+") + `\s*$`)
		for len(lines) > 0 && !pattern.MatchString(lines[0]) {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			return line
		}
		lines = lines[1:]
	}
	return ""
}

// awaitLog waits until the app has logged what the guide says, and returns the last
// line of the log.
func (r *reader) awaitLog(t *testing.T, want string) string {
	t.Helper()
	testrun.Until(t, func() bool { return r.missing(want, r.log.String()) == "" },
		func() string { return "not in the terminal: " + want + "but\n" + r.log.String() })
	r.found += strings.Count(want, "\n")
	logged := strings.Split(strings.TrimSpace(r.log.String()), "\n")
	return logged[len(logged)-1]
}

// terminal keeps what an app prints.
type terminal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *terminal) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *terminal) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
