package breach_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// limited is a context that has ended when it was asked so many times.
type limited struct {
	context.Context
	left int
}

func (l *limited) Err() error {
	if l.left--; l.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestBuildResumes interrupts a build wherever it can be, again and again: the
// result is that of one which was not.
func TestBuildResumes(t *testing.T) {
	file := openFile(t, synthetic(20_000)) // four blocks
	want := build(t, breach.BuildConfig{From: file})
	mostRuns, furthest := 0, 0.0
	for budget := 1; budget < 50; budget++ {
		path := filepath.Join(t.TempDir(), "filter")
		runs, resumed := 1, 0.0
		config := breach.BuildConfig{From: file, Path: path, Progress: func(p breach.BuildProgress) { resumed = p.Begun }}
		for left := budget; ; left, runs = left+1, runs+1 {
			_, err := breach.BuildFilter(&limited{context.Background(), left}, config)
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("there is a filter before it is finished: %v", err)
			}
		}
		if !bytes.Equal(read(t, path), want) {
			t.Fatalf("budget %d: the filter differs after %d runs", budget, runs)
		}
		mostRuns, furthest = max(mostRuns, runs), max(furthest, resumed)
		if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
			t.Errorf("left behind: %v", files)
		}
		if runs == 1 {
			if mostRuns < 4 || furthest < 0.5 {
				t.Errorf("at most %d runs, the last from %.2f on", mostRuns, furthest)
			}
			return
		}
	}
	t.Error("there is no end of it")
}

// interrupted leaves a build half done.
func interrupted(t *testing.T, file *breach.File, path string) {
	t.Helper()
	_, err := breach.BuildFilter(&limited{context.Background(), 7}, breach.BuildConfig{From: file, Path: path})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// TestBuildCrash: what was written after the last checkpoint does not count.
func TestBuildCrash(t *testing.T) {
	file := openFile(t, synthetic(20_000))
	want := build(t, breach.BuildConfig{From: file})
	path := filepath.Join(t.TempDir(), "filter")
	interrupted(t, file, path)
	partial, err := os.OpenFile(path+".partial", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := partial.Write(bytes.Repeat([]byte("garbage "), 100_000)); err != nil {
		t.Fatal(err)
	}
	partial.Close()
	if got := build(t, breach.BuildConfig{From: file, Path: path}); !bytes.Equal(got, want) {
		t.Error("the filter differs")
	}
}

// TestBuildRefusesToMix: a build is gone on with only as it was begun.
func TestBuildRefusesToMix(t *testing.T) {
	file := openFile(t, synthetic(20_000))
	other := openFile(t, synthetic(20_001))
	for name, damage := range map[string]func(path string, c *breach.BuildConfig) error{
		"other corpus":  func(_ string, c *breach.BuildConfig) error { c.From = other; return nil },
		"other bits":    func(_ string, c *breach.BuildConfig) error { c.Bits = 10; return nil },
		"other count":   func(_ string, c *breach.BuildConfig) error { c.MinCount = 2; return nil },
		"part cut off":  func(path string, _ *breach.BuildConfig) error { return os.Truncate(path+".partial", 5000) },
		"part missing":  func(path string, _ *breach.BuildConfig) error { return os.Remove(path + ".partial") },
		"state cut off": func(path string, _ *breach.BuildConfig) error { return os.Truncate(path+".partial.json", 20) },
		"state is a list": func(path string, _ *breach.BuildConfig) error {
			return os.WriteFile(path+".partial.json", []byte("[]"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "filter")
			interrupted(t, file, path)
			c := breach.BuildConfig{From: file, Path: path}
			if err := damage(path, &c); err != nil {
				t.Fatal(err)
			}
			_, err := breach.BuildFilter(context.Background(), c)
			if err == nil {
				t.Fatal("it went on")
			}
			if name != "part missing" && !strings.Contains(err.Error(), "set Restart") {
				t.Errorf("the error does not say what to do: %v", err)
			}
			c.Restart = true
			build(t, c)
		})
	}
}

// TestBuildKeepsOld: until a new filter is whole, the old one stays.
func TestBuildKeepsOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "filter")
	build(t, breach.BuildConfig{From: openFile(t, join(corpus(10), "\n")), Path: path})
	old, err := breach.OpenFilter(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	before := read(t, path)
	file := openFile(t, synthetic(20_000))
	interrupted(t, file, path)
	if !bytes.Equal(read(t, path), before) {
		t.Fatal("the old filter changed")
	}
	build(t, breach.BuildConfig{From: file, Path: path})
	expect(t, old, known(3), 1) // who has it open keeps it
}

func TestBuildRefused(t *testing.T) {
	file := openFile(t, join(corpus(100), "\n"))
	path := filepath.Join(t.TempDir(), "filter")
	for _, c := range []struct {
		config breach.BuildConfig
		want   string
	}{
		{breach.BuildConfig{Path: path}, "From"},
		{breach.BuildConfig{From: file}, "Path"},
		{breach.BuildConfig{From: file, Path: path, Bits: 3}, "Bits"},
		{breach.BuildConfig{From: file, Path: path, Bits: 33}, "Bits"},
		{breach.BuildConfig{From: file, Path: path, MinCount: -1}, "MinCount"},
		{breach.BuildConfig{From: file, Path: filepath.Join(path, "none", "filter")}, "no such file"},
	} {
		if _, err := breach.BuildFilter(context.Background(), c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error about %s", err, c.want)
		}
	}
	damaged := join(corpus(3000), "\n")
	copy(damaged[60_000:], "damage")
	_, err := breach.BuildFilter(context.Background(), breach.BuildConfig{From: openFile(t, damaged), Path: path})
	if !errors.Is(err, breach.ErrCorrupt) {
		t.Errorf("a damaged corpus: %v, want ErrCorrupt", err)
	}
	swapped := corpus(3000)
	swapped[1000], swapped[1001] = swapped[1001], swapped[1000]
	_, err = breach.BuildFilter(context.Background(), breach.BuildConfig{From: openFile(t, join(swapped, "\n")), Path: path, Restart: true})
	if !errors.Is(err, breach.ErrCorrupt) {
		t.Errorf("an unordered corpus: %v, want ErrCorrupt", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a filter was made: %v", err)
	}
}

// ranges is a directory of all 1,048,576 files, most of which are one.
type ranges struct{ known fstest.MapFS }

func (r ranges) Open(name string) (fs.File, error) {
	if r.known[name] != nil {
		return r.known.Open(name)
	}
	return fstest.MapFS{"x": {Data: []byte("0123456789ABCDEF0123456789ABCDEF012:1\r\n")}}.Open("x")
}

// TestBuildFromDirectory makes the same filter of the files as of one file with
// the same rows.
func TestBuildFromDirectory(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("a million files; set PASSWD_TEST_LONG=1")
	}
	d, err := breach.NewDirectory(ranges{directory(corpus(500))}, breach.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	f := newFilter(t, build(t, breach.BuildConfig{From: d}))
	for i := range 500 {
		expect(t, f, known(i), 1)
	}
	if n := f.Info().Entries; n < 1<<20-100 || n > 1<<20 {
		t.Errorf("%d entries", n)
	}
}
