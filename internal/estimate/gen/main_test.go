package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBuildRefusesOtherArchives(t *testing.T) {
	dir := t.TempDir()
	if _, err := build(dir); err == nil {
		t.Error("accepted no archives")
	}
	for _, s := range sources {
		if err := os.WriteFile(filepath.Join(dir, "zxcvbn-ts-"+s.name+".tgz"), []byte("not the archive"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := build(dir); err == nil {
		t.Error("accepted other archives")
	}
}

// TestBuildMakesTheWords makes the words again where the archives are at hand.
func TestBuildMakesTheWords(t *testing.T) {
	dir := os.Getenv("PASSWD_TEST_ZXCVBN_TS_DIR")
	if dir == "" {
		t.Skip("set PASSWD_TEST_ZXCVBN_TS_DIR to a directory with the archives that npm pack writes")
	}
	made, err := build(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("../words.bin")
	if err != nil {
		t.Fatal(err)
	}
	if string(made) != string(kept) {
		t.Error("other words than words.bin")
	}
}

func TestTheListsAreRead(t *testing.T) {
	var b builder
	if err := b.own(); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"= term", "= hat 3", "= term x"} {
		if err := b.words([]string{bad}); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
