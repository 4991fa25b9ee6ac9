package browsertest_test

import (
	"context"
	"errors"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/stage"
	"github.com/passwd-go/passwd/internal/testrun"
)

const mount = stage.Mount

// running is the one browser of all tests, started by the first that needs it.
var running struct {
	sync.Once
	ctx  context.Context
	stop context.CancelFunc
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if running.stop != nil {
		running.stop()
	}
	os.Exit(code)
}

// required reports whether PASSWD_TEST_REQUIRE names something, so that a test
// without it fails instead of being skipped.
func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), name)
}

// raced are the tests that have requests at once, which is what the race detector looks
// at: with it, no others run.
var raced = []string{"TestDoubleClick", "TestLiveCheck", "TestSinglePageApp", "TestTwoLinks", "TestSlowReply"}

// needBrowser skips a test where no browser is to be driven.
func needBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("drives a browser")
	}
	if top, _, _ := strings.Cut(t.Name(), "/"); !slices.Contains(raced, top) {
		testrun.NotWithRace(t)
	}
}

// open opens a tab; each has cookies of its own. Whatever it does until the test
// ends, the browser has nothing to say about it, but for what it is allowed to.
func open(t *testing.T, o chrome.Options) *chrome.Tab {
	t.Helper()
	needBrowser(t)
	running.Do(func() { running.ctx, running.stop, running.err = chrome.Start(context.Background()) })
	switch {
	case errors.Is(running.err, chrome.ErrNone) && !required("chromium"):
		t.Skip(running.err)
	case running.err != nil:
		t.Fatal(running.err)
	}
	b := chrome.Open(running.ctx, t, o)
	t.Cleanup(func() {
		for _, line := range b.Unexpected() {
			t.Errorf("browser: %s", line)
		}
	})
	return b
}

// host starts a host, for a test that runs beside others.
func host(t *testing.T, o stage.Options) *stage.Host {
	t.Helper()
	needBrowser(t)
	// It outlives the tabs, which ask for icons when they like.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	h, err := stage.New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// both runs a test with scripts and without. The everyday run does one of the two:
// half of the tests have scripts there, and half have none.
func both(t *testing.T, test func(t *testing.T, o chrome.Options)) {
	ways := []string{"scripts", "no scripts"}
	if !testrun.CI() {
		n := crc32.ChecksumIEEE([]byte(t.Name())) % 2
		ways = ways[n : n+1]
	}
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			test(t, chrome.Options{NoScripts: way == "no scripts"})
		})
	}
}

// signIn fills in the host's own form.
func signIn(b *chrome.Tab, h *stage.Host, password string) {
	b.Visit(h.Origin + stage.SignInPath)
	signInHere(b, password)
}

func signInHere(b *chrome.Tab, password string) {
	b.Fill("login", "ada")
	b.Fill("password", password)
	b.Send()
}

// works checks which of these passwords signs in.
func works(t *testing.T, h *stage.Host, good string, bad ...string) {
	t.Helper()
	try := func(password string) error {
		_, err := h.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: password})
		return err
	}
	if err := try(good); err != nil {
		t.Errorf("sign-in: %v", err)
	}
	for _, password := range bad {
		if err := try(password); !errors.Is(err, passwd.ErrWrongCredentials) {
			t.Errorf("sign-in with another password: %v", err)
		}
	}
}

// written returns how many passwords have been written: each write sends one
// notice.
func written(t *testing.T, h *stage.Host) int {
	t.Helper()
	if _, err := h.Service.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range h.Mail.All() {
		if m.Kind == passwd.MessagePasswordChanged || m.Kind == passwd.MessagePasswordReset {
			n++
		}
	}
	return n
}

// forgot asks for a link in the browser, and returns the message with it.
func forgot(t *testing.T, b *chrome.Tab, h *stage.Host) passwd.Message {
	t.Helper()
	b.Visit(h.Origin + mount + "/forgot")
	b.Fill("login", "ada@example.com")
	b.Send()
	b.Want("Check your email or phone", mount+"/forgot/sent")
	return deliver(t, h, passwd.MessageResetLink)
}

func deliver(t *testing.T, h *stage.Host, kind passwd.MessageKind) passwd.Message {
	t.Helper()
	m, err := h.Deliver(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// fromMail opens the link of the last message in the web mail, which is another
// site.
func fromMail(b *chrome.Tab, h *stage.Host) {
	b.Visit(h.Elsewhere + stage.LetterPath)
	b.Follow("#link")
}

// focused returns what has the focus: its ID, or what it is.
const focused = `(() => { const e = document.activeElement; return e.id || e.className || e.localName; })()`
