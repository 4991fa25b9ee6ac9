package dbtest_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/passwd-go/passwd/internal/exchange"
	"github.com/passwd-go/passwd/internal/testrun"
)

// documented are the tests whose exchanges the documents are held against.
var documented = []string{"./passwdhttp", "./wire", "./examples/server"}

// TestOpenAPI runs the tests of every face and holds each of their requests and
// replies against the OpenAPI documents: what was accepted was a request as
// described, and every reply is one that is described, to its last member and
// header. Nothing is described that does not occur.
func TestOpenAPI(t *testing.T) {
	testrun.NeedCI(t) // it runs the tests of other packages once more
	folder := t.TempDir()
	run := exec.CommandContext(t.Context(), "go", append([]string{"test", "-count=1", "-short"}, documented...)...)
	run.Dir = filepath.Join("..", "..")
	run.Env = append(os.Environ(), exchange.Variable+"="+folder, "PASSWD_TEST_CI=", "PASSWD_TEST_LONG=")
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	all, err := exchange.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	documents := load(t)
	seen := map[string]bool{}
	for _, e := range all {
		d, known := documents[e.Document]
		if !known {
			t.Fatalf("no document %q", e.Document)
		}
		key := fmt.Sprint(e.Document, e.Method, e.Path, e.Status, e.ReplyHeader, string(e.ReplyBody))
		if e.Status < 300 { // of the others nothing is asked
			key += fmt.Sprint(e.Header, string(e.Body))
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		if err := d.check(t.Context(), e); err != nil {
			t.Errorf("%s: %s %s: %d: %v\nrequest %q\nreply %s", e.Document, e.Method, e.Path, e.Status, err, e.Body, e.ReplyBody)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		documents[name].covered(t)
	}
	t.Logf("%d exchanges, %d different", len(all), len(seen))
}

// covered fails for all that is described and has not occurred.
func (d *document) covered(t *testing.T) {
	want := []string{"other paths 404"}
	for path, item := range d.plain.Paths.Map() {
		want = append(want, "other methods "+path)
		if also, ok := item.Extensions["x-also"].(string); ok {
			want = append(want, also+" accepted")
		}
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if status != "default" {
					want = append(want, method+" "+path+" "+status)
				}
			}
			if operation.RequestBody != nil {
				for mediaType := range operation.RequestBody.Value.Content {
					want = append(want, method+" "+path+" "+mediaType)
				}
			}
		}
	}
	slices.Sort(want)
	for _, outcome := range want {
		if d.seen[outcome] == 0 {
			t.Errorf("%s: %s has not occurred", d.name, outcome)
		}
	}
}
