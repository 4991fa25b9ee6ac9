package breach_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

const mark = "\uFEFF"

// forms are those that a corpus comes in (B3).
var forms = map[string]func(all []entry) []byte{
	"LF":   func(all []entry) []byte { return join(all, "\n") },
	"CRLF": func(all []entry) []byte { return join(all, "\r\n") },
	"no final newline": func(all []entry) []byte {
		return bytes.TrimSuffix(join(all, "\r\n"), []byte("\r\n"))
	},
	"mark at the start":    func(all []entry) []byte { return append([]byte(mark), join(all, "\n")...) },
	"mark before each row": func(all []entry) []byte { return bytes.ReplaceAll(join(all, "\r\n"), []byte("\n"), []byte("\n"+mark)) },
	"mark before each block": func(all []entry) []byte {
		var b []byte
		for i, e := range all {
			if i == 0 || e.hash[:2] != all[i-1].hash[:2] {
				b = append(b, mark...)
			}
			b = append(b, join([]entry{e}, "\r\n")...)
		}
		return b
	},
	"empty rows": func(all []entry) []byte { return append([]byte("\n"), join(all, "\r\n\r\n\n")...) },
	"lower case": func(all []entry) []byte { return bytes.ToLower(join(all, "\n")) },
}

// TestFileFindsEach looks up every password of corpora of many sizes (B3): the first,
// the last, and those on either side of every probe.
func TestFileFindsEach(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 50, 64, 65, 90, 95, 180, 200, 700} {
				f := openFile(t, form(corpus(n)))
				for i := range n {
					expect(t, f, known(i), counted(i))
					expect(t, f, unknown(i), 0)
				}
			}
		})
	}
}

func TestFileZeroCount(t *testing.T) {
	f := openFile(t, []byte(sha("password")+":0\n"))
	expect(t, f, "password", 0)
}

func TestFileNTLM(t *testing.T) { // B2
	text := "8846F7EAEE8FB117AD06BDD830B7586C:12\n"
	f, err := breach.NewFile(strings.NewReader(text), int64(len(text)), breach.NTLM)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, f, "password", 12)
	expect(t, f, "Password", 0)
}

func TestFileRefused(t *testing.T) {
	whole := join(corpus(1000), "\n")
	for name, text := range map[string][]byte{
		"empty":             nil,
		"newlines":          []byte("\r\n\r\n"),
		"no corpus":         []byte("password\n123456\n"),
		"one long row":      bytes.Repeat([]byte("A"), 10_000),
		"of suffixes":       []byte(sha("a")[5:] + ":1\n"),
		"of NTLM hashes":    []byte(sha("a")[8:] + ":1\n"),
		"without counts":    []byte(sha("a") + "\n"),
		"cut off in a row":  whole[:len(whole)-20],
		"cut off in half":   append(bytes.Clone(whole[:bytes.IndexByte(whole[len(whole)/2:], '\n')+len(whole)/2]), '\n'),
		"without its start": whole[bytes.IndexByte(whole[len(whole)/2:], '\n')+len(whole)/2+1:],
		"endless newlines":  append(bytes.Clone(whole), bytes.Repeat([]byte("\n"), 10_000)...),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := breach.NewFile(bytes.NewReader(text), int64(len(text)), breach.SHA1); !errors.Is(err, breach.ErrCorrupt) {
				t.Errorf("NewFile: %v, want ErrCorrupt", err)
			}
			path := filepath.Join(t.TempDir(), "corpus.txt")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := breach.OpenFile(path, breach.SHA1); !errors.Is(err, breach.ErrCorrupt) || !strings.Contains(err.Error(), path) {
				t.Errorf("OpenFile: %v, want ErrCorrupt and the path", err)
			}
		})
	}
	if _, err := breach.OpenFile(t.TempDir(), breach.SHA1); err == nil {
		t.Error("a directory was opened")
	}
	if _, err := breach.OpenFile(filepath.Join(t.TempDir(), "none"), breach.SHA1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("OpenFile of none: %v", err)
	}
}

// TestFileDamaged: wherever a lookup comes by damage, it is an error.
func TestFileDamaged(t *testing.T) {
	all := corpus(3000)
	text := join(all, "\n")
	half := bytes.IndexByte(text[len(text)/2:], '\n') + len(text)/2 + 1
	for name, damage := range map[string]func([]byte) []byte{
		"zeros":    func(b []byte) []byte { clear(b[half-3000 : half+3000]); return b },
		"long row": func(b []byte) []byte { copy(b[half-3000:], bytes.Repeat([]byte("A"), 6000)); return b },
		"newlines": func(b []byte) []byte { copy(b[half-3000:], bytes.Repeat([]byte("\n"), 6000)); return b },
		"halves swapped": func(b []byte) []byte {
			return append(join(all[1400:2999], "\n"), join(append(all[:1400:1400], all[2999]), "\n")...)
		},
		"not hexadecimal": func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("7"), []byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			damaged := damage(bytes.Clone(text))
			f, err := breach.NewFile(bytes.NewReader(damaged), int64(len(damaged)), breach.SHA1)
			if err != nil {
				return // found at once
			}
			failed := 0
			for i := range 3000 {
				got, err := f.Lookup(context.Background(), known(i))
				switch {
				case err != nil && errors.Is(err, breach.ErrUnavailable) && errors.Is(err, breach.ErrCorrupt):
					telling(t, err, known(i))
					failed++
				case err != nil:
					t.Fatal(err)
				case got.Outcome == breach.Found && got.Count != counted(i):
					t.Fatalf("%+v", got)
				}
			}
			if failed < 50 {
				t.Errorf("%d of 3,000 lookups noticed", failed)
			}
		})
	}
}

func TestFileFailsLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corpus.txt")
	if err := os.WriteFile(path, join(corpus(1000), "\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := breach.OpenFile(path, breach.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, f, known(7), counted(7))
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := expectUnavailable(t, f, known(7)); !errors.Is(err, breach.ErrCorrupt) {
		t.Errorf("cut off: %v, want ErrCorrupt", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := expectUnavailable(t, f, known(7)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v, want os.ErrClosed", err)
	}
}

// counter counts what is read.
type counter struct {
	io.ReaderAt
	reads, bytes atomic.Int64
}

func (c *counter) ReadAt(p []byte, offset int64) (int, error) {
	c.reads.Add(1)
	c.bytes.Add(int64(len(p)))
	return c.ReaderAt.ReadAt(p, offset)
}

// TestFileReads bounds the work of a lookup (I8): 16 reads in 8.9 MB, as many as it
// takes to halve that to a page, and the page.
func TestFileReads(t *testing.T) {
	text := synthetic(200_000)
	c := &counter{ReaderAt: bytes.NewReader(text)}
	f, err := breach.NewFile(c, int64(len(text)), breach.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		c.reads.Store(0)
		c.bytes.Store(0)
		expect(t, f, unknown(i), 0)
		if r, b := c.reads.Load(), c.bytes.Load(); r > 16 || b > 8192 {
			t.Fatalf("%d reads of %d bytes in all", r, b)
		}
	}
}

func directory(all []entry) fstest.MapFS {
	fsys := fstest.MapFS{}
	add := func(prefix, row string) {
		if fsys[prefix+".txt"] == nil {
			fsys[prefix+".txt"] = &fstest.MapFile{}
		}
		f := fsys[prefix+".txt"]
		f.Data = append(f.Data, row...)
	}
	add("00000", strings.Repeat("0", 35)+":1\n")
	add("FFFFF", strings.Repeat("F", 35)+":1\n")
	for _, e := range all {
		add(e.hash[:5], fmt.Sprintf("%s:%d\r\n", e.hash[5:], e.count))
	}
	return fsys
}

func TestDirectory(t *testing.T) { // B3
	fsys := directory(corpus(500))
	none := sha("no such password")
	fsys[none[:5]+".txt"] = &fstest.MapFile{Data: []byte(mark + strings.Repeat("0", 35) + ":1\r\n")}
	d, err := breach.NewDirectory(fsys, breach.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		expect(t, d, known(i), counted(i))
	}
	expect(t, d, "no such password", 0)

	// What is missing or damaged is not "not found".
	name := sha(known(0))[:5] + ".txt"
	for what, data := range map[string]string{"empty": "", "damaged": "<html>", "oversized": strings.Repeat(strings.Repeat("0", 35)+":0\n", 8000)} {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
		if err := expectUnavailable(t, d, known(0)); !errors.Is(err, breach.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", what, err)
		}
	}
	delete(fsys, name)
	if err := expectUnavailable(t, d, known(0)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v, want os.ErrNotExist", err)
	}
}

func TestDirectoryOnDisk(t *testing.T) {
	dir := t.TempDir()
	for name, f := range directory(corpus(20)) {
		if err := os.WriteFile(filepath.Join(dir, name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := breach.NewDirectory(os.DirFS(dir), breach.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		expect(t, d, known(i), counted(i))
	}
	expectUnavailable(t, d, "password") // 5BAA6.txt is missing
}

func TestDirectoryRefused(t *testing.T) {
	for _, missing := range []string{"00000.txt", "FFFFF.txt"} {
		fsys := directory(nil)
		delete(fsys, missing)
		if _, err := breach.NewDirectory(fsys, breach.SHA1); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
	if _, err := breach.NewDirectory(directory(nil), breach.NTLM); !errors.Is(err, breach.ErrCorrupt) {
		t.Errorf("SHA-1 as NTLM: %v, want ErrCorrupt", err)
	}
}

// FuzzFile: no panic, no more reads than the size of the file asks for, and found
// is only what is a row of it.
func FuzzFile(f *testing.F) {
	for _, form := range forms {
		f.Add(form(corpus(5)), uint8(1))
	}
	f.Add([]byte(mark+passwordSHA1+":3"), uint8(200))
	f.Add([]byte("\r\r\r\n"+mark+mark), uint8(255))
	f.Fuzz(func(t *testing.T, text []byte, times uint8) {
		if len(text) < 4096 {
			text = bytes.Repeat(text, int(times)+1) // so that there is something to bisect
		}
		c := &counter{ReaderAt: bytes.NewReader(text)}
		file, err := breach.NewFile(c, int64(len(text)), breach.SHA1)
		if err != nil {
			return
		}
		for _, password := range []string{known(0), known(4), "password"} {
			c.reads.Store(0)
			got, err := file.Lookup(context.Background(), password)
			if (err == nil) != (got.Outcome != breach.Unavailable) {
				t.Fatalf("%+v with %v", got, err)
			}
			if got.Outcome == breach.Found && !bytes.Contains(bytes.ToUpper(text), []byte(sha(password)+":")) {
				t.Fatalf("found %q", password)
			}
			if c.reads.Load() > 50 {
				t.Fatalf("%d reads", c.reads.Load())
			}
		}
	})
}
