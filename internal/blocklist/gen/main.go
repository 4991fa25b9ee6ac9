// Command gen writes the list of common passwords, common.txt, from two packages
// under the MIT licence and the family that package family makes:
//
//	npm pack @zxcvbn-ts/language-common@4.1.3
//	go run ./internal/blocklist/gen -ts zxcvbn-ts-language-common-4.1.3.tgz -o internal/blocklist/common.txt
//
// The other package is github.com/nbutton23/zxcvbn-go, at the version of go.mod.
// The output depends on nothing else.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/nbutton23/zxcvbn-go/frequency"
	"github.com/passwd-go/passwd/internal/blocklist"
	"github.com/passwd-go/passwd/internal/blocklist/family"
)

// integrity is what the npm registry states for @zxcvbn-ts/language-common 4.1.3.
const integrity = "g2bg4skmlJG9aJqC/nWziZzgYpSe/f3rKeGobrkdFiOrfZVFqqzUgC6BUQWuX54Sua9j0Jxxt+1bf4f/Mal1Kg=="

// minWord is the least length of dictionary words and first names that count as
// passwords: no policy allows less without an insecure name.
const minWord = 8

func main() {
	log.SetFlags(0)
	ts := flag.String("ts", "", "archive of @zxcvbn-ts/language-common 4.1.3, as npm pack writes it")
	out := flag.String("o", "common.txt", "file to write")
	flag.Parse()
	if err := run(*ts, *out); err != nil {
		log.Fatal("gen: ", err)
	}
}

func run(ts, out string) error {
	archive, err := os.ReadFile(ts)
	if err != nil {
		return err
	}
	entries, err := passwords(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", ts, err)
	}
	fmt.Printf("%6d passwords of zxcvbn-ts\n", len(entries))
	ranked := frequency.Lists["Passwords"].List
	fmt.Printf("%6d passwords of zxcvbn-go\n", len(ranked))
	entries = append(entries, ranked...)
	words := 0
	for _, name := range []string{"English", "FemaleNames", "MaleNames"} {
		for _, w := range frequency.Lists[name].List {
			if len(w) >= minWord {
				entries = append(entries, w)
				words++
			}
		}
	}
	fmt.Printf("%6d words and first names of zxcvbn-go\n", words)
	long := family.Long(ranked)
	fmt.Printf("%6d of the generated family\n", len(long))
	table := blocklist.Build(append(entries, long...))
	fmt.Printf("%6d entries in all, %d bytes\n", table.Len(), len(table.Text()))
	return os.WriteFile(out, []byte(table.Text()), 0o644)
}

// passwords reads package/src/passwords.json out of the archive.
func passwords(archive []byte) ([]string, error) {
	if sum := sha512.Sum512(archive); base64.StdEncoding.EncodeToString(sum[:]) != integrity {
		return nil, errors.New("not the archive of version 4.1.3")
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	files := tar.NewReader(unzipped)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("no passwords.json in it")
		}
		if err != nil {
			return nil, err
		}
		if header.Name == "package/src/passwords.json" {
			var list []string
			err := json.NewDecoder(files).Decode(&list)
			return list, err
		}
	}
}
