package main

import (
	"os"
	"strings"
	"testing"
)

// The command's children are this test binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-cell" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The table is of the cells that children measure, here by two calls each: that says
// nothing of how fast they are.
func TestTable(t *testing.T) {
	var out strings.Builder
	if err := run(&out, "", "2", 1, 2); err != nil {
		t.Fatal(err)
	}
	table := out.String()
	for _, name := range names() {
		if !strings.Contains(table, name) {
			t.Errorf("no column of %q in\n%s", name, table)
		}
	}
	if rows := strings.Count(table, "\n| 2 |"); rows != 1 {
		t.Errorf("%d rows, want 1:\n%s", rows, table)
	}
	if n := strings.Count(table, "/s, "); n != len(names()) {
		t.Errorf("%d cells, want %d:\n%s", n, len(names()), table)
	}
}

func TestBadArguments(t *testing.T) {
	for _, test := range []struct {
		name, cell, levels string
		rounds, calls      int
	}{
		{"no goroutine", "", "0", 1, 1},
		{"no number", "", "1,,2", 1, 1},
		{"no round", "", "1", 0, 1},
		{"no call", "", "1", 1, 0},
		{"unknown arrangement", "md5", "1", 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			if err := run(&out, test.cell, test.levels, test.rounds, test.calls); err == nil {
				t.Errorf("no error, and the output %q", out.String())
			}
		})
	}
}
