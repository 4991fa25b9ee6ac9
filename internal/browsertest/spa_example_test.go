package browsertest_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/testrun"
)

// spaExample is examples/spa, as a process on a database of its own.
type spaExample struct {
	t   *testing.T
	log chan string
}

// database makes an empty one, which goes with the test, and returns its DSN.
func (e spaExample) database() string {
	e.t.Helper()
	address := os.Getenv("PASSWD_TEST_MARIADB")
	if address == "" {
		address = "root@tcp(127.0.0.1:3306)/test"
	}
	config, err := mysql.ParseDSN(address)
	if err != nil {
		e.t.Fatal(err)
	}
	config.DBName = ""
	admin, err := sql.Open("mysql", config.FormatDSN())
	if err == nil {
		err = admin.PingContext(e.t.Context())
	}
	if err != nil {
		if required("mariadb") {
			e.t.Fatalf("mariadb is required: %v", err)
		}
		e.t.Skipf("needs mariadb: %v", err)
	}
	config.DBName = fmt.Sprintf("passwd_spa_browser_%d", os.Getpid())
	if _, err := admin.ExecContext(e.t.Context(), "CREATE DATABASE "+config.DBName); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		admin.ExecContext(context.Background(), "DROP DATABASE "+config.DBName)
		admin.Close()
	})
	return config.FormatDSN()
}

func (e spaExample) start() {
	e.t.Helper()
	program := filepath.Join(e.t.TempDir(), "spa")
	build := exec.CommandContext(e.t.Context(), "go", "build", "-o", program, "./spa")
	build.Dir = "../../examples"
	if out, err := build.CombinedOutput(); err != nil {
		e.t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(program, e.database())
	out, in := io.Pipe()
	run.Stderr = in
	if err := run.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		run.Process.Kill()
		out.Close()
		run.Wait()
	})
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			select {
			case e.log <- lines.Text():
			case <-e.t.Context().Done():
				return
			}
		}
	}()
}

// said waits for a line of the log, and returns what comes after a part of it.
func (e spaExample) said(part string) string {
	e.t.Helper()
	late := time.After(testrun.Patience(e.t))
	for {
		select {
		case line := <-e.log:
			if _, after, ok := strings.Cut(line, part); ok {
				return after
			}
		case <-late:
			e.t.Fatalf("the log does not say %q", part)
		}
	}
}

// The page of examples/spa, on another origin than its API: sign-up, change, reset by a
// link and by a code, and deletion.
func TestSinglePageExample(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser, and builds a program")
	}
	testrun.NeedCI(t)
	b := open(t, chrome.Options{})
	e := spaExample{t, make(chan string, 100)}
	e.start()
	home := strings.TrimSpace(e.said("open "))
	b.Allow("status of 401", "status of 422")

	// shows waits for the title of a form, or of the page.
	shows := func(title string) {
		t.Helper()
		b.Poll(fmt.Sprintf(`document.querySelector("h1")?.textContent === %q`, title))
	}
	send := func(fields ...string) {
		t.Helper()
		for i := 0; i < len(fields); i += 2 {
			b.Fill(fields[i], fields[i+1])
		}
		b.Do(b.Click("form button", 1))
	}
	follow := func(path, title string) {
		t.Helper()
		b.Do(b.Click(fmt.Sprintf(`a[href="#%s"]`, path), 1))
		shows(title)
	}
	const first, second, third, fourth = "notes on the analytical engine", "weaving algebraical patterns", "a loom for flowers and leaves", "walnut prism 3391 harbor"

	b.Visit(home)
	shows("Sign in")
	follow("/signup", "Sign up")
	send("email", "ada@example.com", "name", "Ada", "password", "short")
	b.Poll(`document.querySelector("[role=alert]").textContent.includes("15 characters")`)
	chrome.Eval[bool](b, `(document.getElementById("password").value = "", true)`)
	send("password", first)
	shows("Hello, ada@example.com")
	b.Visit("about:blank")
	b.Visit(e.said("confirm_email "))
	shows("Confirm this address")
	send()
	shows("Sign in") // the page was left, and the tokens with it
	send("email", "ada@example.com", "password", first)
	shows("Hello, ada@example.com")
	follow("/change", "Change the password")
	send("current", first, "password", second)
	shows("Hello, ada@example.com")

	b.Visit("about:blank")
	b.Visit(home)
	shows("Sign in")
	send("email", "ada@example.com", "password", first)
	b.Poll(`document.querySelector("[role=alert]").textContent !== ""`)
	follow("/forgot", "Forgot the password")
	send("email", "ada@example.com")
	shows("Look at your mail")
	b.Visit("about:blank")
	b.Visit(e.said("reset_link "))
	shows("A new password")
	if at := chrome.Eval[string](b, "location.hash"); at != "#/reset" {
		t.Errorf("the token stays in the address bar: %s", at)
	}
	send("password", third)
	shows("Sign in")
	follow("/forgot-code", "Send a code")
	send("email", "ada@example.com")
	shows("Type the code")
	send("code", strings.TrimSpace(e.said("reset_code ")), "password", fourth)
	shows("Sign in")
	send("email", "ada@example.com", "password", fourth)
	shows("Hello, ada@example.com")
	follow("/delete", "Delete the account")
	send("password", fourth)
	shows("Sign in")
}
