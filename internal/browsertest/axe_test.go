package browsertest_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd/internal/browsertest/chrome"
)

// What is asked for accessibility: axe-core, of one version, from whichever
// registry npm is set to, and only if it is to the bit what it should be.
const (
	axePackage = "axe-core@4.14.1"
	axeSHA512  = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
	axeMember  = "package/axe.min.js"
)

// axe returns the script, which is read once.
func axe(t *testing.T) string {
	t.Helper()
	script, err := readAxe()
	switch {
	case err != nil && (required("axe") || os.Getenv("PASSWD_TEST_AXE") != ""):
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
	return script
}

// readAxe has it from the file that PASSWD_TEST_AXE names, from a cache,
// or by npm. Without any of them the test is skipped, unless PASSWD_TEST_REQUIRE
// names axe.
var readAxe = sync.OnceValues(func() (string, error) {
	if name := os.Getenv("PASSWD_TEST_AXE"); name != "" {
		script, err := os.ReadFile(name)
		return string(script), err
	}
	return packedAxe()
})

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

// axe sees what is wrong where something is.
func TestAxeSees(t *testing.T) {
	needBrowser(t)
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
