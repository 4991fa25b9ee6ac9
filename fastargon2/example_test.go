package fastargon2_test

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/fastargon2"
	"github.com/passwd-go/passwd/pwhash"
)

func Example() {
	var cfg passwd.Config
	slog.SetDefault(slog.New(slog.DiscardHandler))
	argon := fastargon2.New(fastargon2.Config{
		Dropped: func(k fastargon2.Kernel) { slog.Error("a kernel of fastargon2 is wrong on this CPU", "kernel", k) },
	})
	slog.Info("hashing", "kernel", argon.Kernel())
	cfg.Hasher = pwhash.Argon2id{Key: argon.Key, Passes: 5} // cfg is the passwd.Config

	fmt.Println(cfg.Hasher.(pwhash.Argon2id).Validate())
	// Output: <nil>
}

func ExampleArgon2_Key() {
	argon := fastargon2.New(fastargon2.Config{})
	tag, err := argon.Key(fastargon2.VariantID, fastargon2.Version13, []byte("password"), []byte("somesaltsomesalt"), 2, 19456, 1, 32)
	fmt.Println(hex.EncodeToString(tag), err)
	// Output: 2b5dc4054886ec957ef59c73b661c54dd6fb274590b278f657c6d96aac8fa6d1 <nil>
}

// The Go block of the page is in an example, word by word.
func TestPage(t *testing.T) {
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	blocks := strings.Split(read("../docs/fastargon2.md"), "```go\n")[1:]
	for _, b := range blocks {
		code, _, _ := strings.Cut(b, "```")
		indented := "\t" + strings.ReplaceAll(strings.TrimSpace(code), "\n", "\n\t")
		if !strings.Contains(read("example_test.go"), indented) {
			t.Errorf("not in example_test.go:\n%s", code)
		}
	}
	if len(blocks) != 1 {
		t.Errorf("%d blocks", len(blocks))
	}
}
