package browsertest_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
	"github.com/passwd-go/passwd/internal/browsertest/tour"
)

// What is asked for accessibility: axe-core, of one version, from whichever
// registry npm is set to, and only if it is to the bit what it should be.
const (
	axePackage = "axe-core@4.14.1"
	axeSHA512  = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
	axeMember  = "package/axe.min.js"
)

// axe returns the script, from the file that PASSWD_TEST_AXE names, from a cache,
// or by npm. Without any of them the test is skipped, unless PASSWD_TEST_REQUIRE
// names axe.
func axe(t *testing.T) string {
	t.Helper()
	if name := os.Getenv("PASSWD_TEST_AXE"); name != "" {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(script)
	}
	script, err := packedAxe()
	switch {
	case err != nil && required("axe"):
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
	return script
}

func packedAxe() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "passwd-browsertest")
	archive := filepath.Join(folder, strings.ReplaceAll(axePackage, "@", "-")+".tgz")
	if script, err := unpackAxe(archive); err == nil {
		return script, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	npm := exec.Command("npm", "pack", "--silent", axePackage)
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack: %w: %s", err, out)
	}
	return unpackAxe(archive)
}

// unpackAxe returns the script in a package that has the right sum.
func unpackAxe(archive string) (string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != axeSHA512 {
		return "", fmt.Errorf("%s has the SHA-512 %s", axePackage, got)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return "", errors.New("no " + axeMember + " in " + axePackage)
		}
		if err != nil {
			return "", err
		}
		if header.Name == axeMember {
			script, err := io.ReadAll(files)
			return string(script), err
		}
	}
}

// runAxe returns what is wrong with a page by the rules of WCAG 2.0 to 2.2, A and
// AA, and by best practice.
const runAxe = `axe.run(document, {
	runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"] },
	rules: { "target-size": { enabled: true } },
	resultTypes: ["violations"],
}).then((found) => ({
	Violations: found.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join("; ")),
	Passes: found.passes.length,
}))`

type axeResult struct {
	Violations []string
	Passes     int
}

// languages are one from left to right, one with long words, and one from right to
// left.
var languages = []string{"en", "de", "ar"}

var schemes = []chrome.Scheme{chrome.Light, chrome.Dark, chrome.Forced}

// everywhere runs a test on every page in every state and language. A tab goes
// through all of them.
func everywhere(t *testing.T, test func(t *testing.T, b *chrome.Tab)) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
			t.Cleanup(cancel)
			b := open(t, chrome.Options{Language: language})
			b.Allow("status of 404", "status of 401", "status of 409", "status of 429", "ERR_BLOCKED_BY_CLIENT")
			for _, stop := range tour.Stops() {
				t.Run(stop.Name, func(t *testing.T) {
					defer b.For(b.For(t))
					stop.Go(ctx, t, b)
					if got := chrome.Eval[string](b, `document.documentElement.lang`); got != language {
						t.Fatalf("in %q", got)
					}
					test(t, b)
				})
			}
		})
	}
}

// Nothing that axe knows of is wrong with any page, in any state, language and
// scheme.
func TestAxe(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	script := axe(t)
	everywhere(t, func(t *testing.T, b *chrome.Tab) {
		chrome.Eval[bool](b, script+";typeof axe.run === 'function'")
		for _, scheme := range schemes {
			b.Show(scheme)
			found := chrome.Await[axeResult](b, runAxe)
			if found.Passes < 10 {
				t.Errorf("%s: %d rules looked at anything", scheme.Name, found.Passes)
			}
			for _, violation := range found.Violations {
				t.Errorf("%s: %s", scheme.Name, violation)
			}
		}
	})
}

// axe sees what is wrong where something is.
func TestAxeSees(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	script := axe(t)
	b := open(t, chrome.Options{})
	b.Allow("issue GenericIssue") // of a field without a label
	b.Visit("about:blank")
	chrome.Eval[string](b, `document.body.innerHTML = '<p style="color: #aaa; background: #fff">faint</p><input><img src="data:,">'`)
	chrome.Eval[bool](b, script+";typeof axe.run === 'function'")
	found := strings.Join(chrome.Await[axeResult](b, runAxe).Violations, "\n")
	for _, rule := range []string{"color-contrast:", "label:", "image-alt:", "html-has-lang:", "document-title:"} {
		if !strings.Contains(found, rule) {
			t.Errorf("no violation of %s in %s", rule, found)
		}
	}
}
