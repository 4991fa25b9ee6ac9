package clienttest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

// documents are the files of the OpenAPI documents by the names of their clients.
var documents = map[string]string{
	"openapi": "../../passwdhttp/openapi.json",
	"brand":   "../../wire/openapi/brand.json",
	"grant":   "../../wire/openapi/grant.json",
	"profile": "../../wire/openapi/profile.json",
	"remind":  "../../wire/openapi/remind.json",
	"signin":  "../../wire/openapi/signin.json",
}

// TestGoClients generates clients with oapi-codegen from all documents, and with ogen
// from that of the JSON API, compiles them, and has them go through the flows.
func TestGoClients(t *testing.T) {
	testrun.NeedCI(t)
	t.Parallel()
	module := copied(t, "testdata/clients")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	run(t, module, "go", "mod", "edit", "-replace", "github.com/passwd-go/passwd="+root)
	for name, document := range documents {
		out := filepath.Join(module, name)
		if err := os.Mkdir(out, 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, module, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", name, "-o", filepath.Join(out, "client.go"), absolute(t, document))
	}
	run(t, module, "go", "tool", "ogen", "--target", "ogen", "--package", "ogen", "--clean", absolute(t, documents["openapi"]))
	run(t, module, "go", "vet", "./...")
	if out := run(t, module, "go", "test", "-v", "."); strings.Count(out, "--- PASS") < 3 {
		t.Errorf("not all flows were gone through:\n%s", out)
	}
}

// TestTypeScriptClients generates types with openapi-typescript from all documents, and
// has the TypeScript compiler read what is written with them.
func TestTypeScriptClients(t *testing.T) {
	testrun.NeedCI(t)
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), "npm") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	folder := copied(t, "testdata/typescript")
	run(t, folder, "npm", "ci", "--silent", "--ignore-scripts")
	for name, document := range documents {
		run(t, folder, "node_modules/.bin/openapi-typescript", absolute(t, document), "-o", name+".d.ts")
	}
	run(t, folder, "node_modules/.bin/tsc", "--strict", "--noEmit", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "client.ts")
}

// copied returns a copy of a folder, which is left as it is.
func copied(t *testing.T, folder string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a command in a folder that is a module of its own, and returns what it says.
func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
