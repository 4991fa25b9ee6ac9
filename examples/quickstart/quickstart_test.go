//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

const password = "Analytical-Engine-1843"

// TestQuickstart builds the program and does what it says.
func TestQuickstart(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "quickstart")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Patience(t))
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	base := find(t, lines, `(http://127\.0\.0\.1:\d+/account/password)/api/v1/forgot`)
	find(t, lines, `(/api/v1/change)`)

	change := func(current, next string) int {
		return post(t, base+"/api/v1/change", current, fmt.Sprintf(`{"current_password": %q, "new_password": %q}`, current, next))
	}
	for _, step := range []struct {
		what      string
		got, want int
	}{
		{"policy for nobody", get(t, base+"/api/v1/policy"), http.StatusOK},
		{"change by nobody", change("", "Difference-Engine-1822"), http.StatusUnauthorized},
		{"change to a short one", change(password, "Engine"), http.StatusUnprocessableEntity},
		{"change", change(password, "Difference-Engine-1822"), http.StatusNoContent},
		{"change with the old one", change(password, "Difference-Engine-1823"), http.StatusUnauthorized},
		{"forgot", post(t, base+"/api/v1/forgot", "", `{"login": "ada"}`), http.StatusAccepted},
	} {
		if step.got != step.want {
			t.Errorf("%s: status %d, want %d", step.what, step.got, step.want)
		}
	}
	link, err := url.Parse(find(t, lines, `^reset_link to ada@example\.com: (\S+)$`))
	if err != nil {
		t.Fatal(err)
	}
	token := link.Query().Get("token")
	if got := post(t, base+"/api/v1/reset", "", fmt.Sprintf(`{"token": %q, "new_password": "Tabulating-Machine-1890"}`, token)); got != http.StatusNoContent {
		t.Errorf("reset: status %d", got)
	}

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // to the end, before Wait closes the pipe
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it did not end cleanly: %v", err)
	}
}

// TestLines holds the program to what its first comment says.
func TestLines(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	n := strings.Count(string(source), "\n")
	if want := fmt.Sprintf("// %d lines: ", n); !strings.HasPrefix(string(source), want) || n >= 60 {
		t.Errorf("it has %d lines, and does not begin with %q, or has 60 or more", n, want)
	}
}

// find reads on until a line matches and returns the first group.
func find(t *testing.T, lines *bufio.Scanner, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for lines.Scan() {
		if m := re.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("no line matches %s", pattern)
	return ""
}

func post(t *testing.T, url, password, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if password != "" {
		req.SetBasicAuth("ada", password)
	}
	return status(t, req)
}

func get(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return status(t, req)
}

func status(t *testing.T, req *http.Request) int {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
