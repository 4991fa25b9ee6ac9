package main

import (
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/locale"
)

// TestMessages runs the program as its first comment says, and finds every message
// on its page.
func TestMessages(t *testing.T) {
	folder := t.TempDir()
	binary, file := filepath.Join(folder, "messages"), filepath.Join(folder, "messages.html")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	if out, err := exec.Command(binary, "-o", file).CombinedOutput(); err != nil || len(out) != 0 {
		t.Fatalf("%v: %s", err, out)
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary).Output(); err != nil || string(out) != string(page) {
		t.Errorf("standard output has something else: %v, %d bytes", err, len(out))
	}
	mails := regexp.MustCompile(`srcdoc="([^"]*)"`).FindAllStringSubmatch(string(page), -1)
	if want := len(locale.Printers()) * len(kinds); len(mails) != want || strings.Count(string(page), "<pre>") != 2*want {
		t.Fatalf("%d mails, want %d", len(mails), want)
	}
	for _, m := range mails {
		if document := html.UnescapeString(m[1]); !strings.HasPrefix(document, "<!doctype html>") || !strings.HasSuffix(document, "</html>\n") {
			t.Errorf("not a document: %s", document)
		}
	}
	if out, err := exec.Command(binary, "-lang", "ja").Output(); err != nil || strings.Count(string(out), "<section") != 1 {
		t.Errorf("one language: %v: %s", err, out)
	}
	if out, err := exec.Command(binary, "-lang", "xx").CombinedOutput(); err == nil || !strings.Contains(string(out), `no language "xx"`) {
		t.Errorf("an unknown language: %v: %s", err, out)
	}
}
