package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRefusedToStart is about what ends with exit code 1 and one line.
func TestRefusedToStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"taken port", []string{"-addr", taken.Addr().String()}, "address already in use"},
		{"all interfaces", []string{"-addr", ":0"}, "not a loopback address"},
		{"another address", []string{"-addr", "192.0.2.1:0"}, "not a loopback address"},
		{"a name", []string{"-addr", "localhost.example.com:0"}, "not a loopback address"},
		{"no port", []string{"-addr", "127.0.0.1"}, "missing port"},
		{"PostgreSQL not there", []string{"-db", "postgres://u:hunter2@127.0.0.1:1/shop"}, "cannot use the database 127.0.0.1:1/shop: "},
		{"MySQL not there", []string{"-db", "mysql://u:hunter2@127.0.0.1:1/shop"}, "cannot use the database 127.0.0.1:1/shop: "},
		{"no URL of PostgreSQL", []string{"-db", "postgres://u:hunter2%@127.0.0.1/db"}, "not a URL"},
		{"a slash in the password", []string{"-db", "postgres://u:hunter2/@127.0.0.1/db"}, "not a URL"},
		{"no URL of MySQL", []string{"-db", "mysql://u:hunter2%@127.0.0.1/db"}, "not a URL"},
		{"no host", []string{"-db", "mysql:///db"}, "want mysql://"},
		{"no name", []string{"-db", "mysql://u:hunter2@127.0.0.1"}, "want mysql://"},
		{"parameter of PostgreSQL", []string{"-db", "postgres://u:hunter2@127.0.0.1:1/db?sslmode=perhaps&password=hunter2"}, "sslmode is invalid"},
		{"parameter of MySQL", []string{"-db", "mysql://u:hunter2@127.0.0.1:1/db?parseTime=perhaps"}, "invalid bool"},
		{"former parameter of MySQL", []string{"-db", "mysql://u:hunter2@127.0.0.1:1/db?strict=true"}, "no parameter strict"},
		{"no such database", []string{"-db", "oracle:hunter2"}, "want sqlite:PATH, postgres://… or mysql://…"},
		{"no path", []string{"-db", "sqlite:"}, "want sqlite:PATH"},
		{"no such folder", []string{"-db", "sqlite:" + filepath.Join(folder, "none", "db")}, "cannot use the database"},
		{"a folder", []string{"-db", "sqlite:" + folder}, "cannot use the database"},
		{"not a database", []string{"-db", "sqlite:" + text}, "cannot use the database"},
		{"an argument", []string{"hunter"}, "unexpected argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			args := append([]string{"-addr", "127.0.0.1:0"}, c.args...)
			code := execute(context.Background(), args, &stdout, &stderr)
			line := stderr.String()
			if code != 1 || stdout.String() != "" || !strings.Contains(line, c.says) || strings.Count(line, "\n") != 1 {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout.String(), line)
			}
			if strings.Contains(line, "hunter2") {
				t.Errorf("the line repeats a password: %q", line)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := execute(context.Background(), []string{"-h"}, &stdout, &stderr); code != 0 {
		t.Errorf("-h: exit code %d", code)
	}
	for _, flag := range []string{"-addr", "-db", "-reveal", "-insecure-no-limits", "-insecure-demo"} {
		if !strings.Contains(stderr.String(), "  "+flag+" ") && !strings.Contains(stderr.String(), "  "+flag+"\n") {
			t.Errorf("-h says nothing about %s", flag)
		}
	}
	if code := execute(context.Background(), []string{"-nope"}, &stdout, &stderr); code != 2 {
		t.Errorf("unknown flag: exit code %d, want 2", code)
	}
}

func TestFlagsThatAreAccepted(t *testing.T) {
	t.Parallel()
	s := serve(t, "-reveal", "-insecure-no-limits", "-insecure-demo", "-addr", "[::1]:0")
	if !strings.HasPrefix(s.origin, "http://[::1]:") {
		t.Errorf("listening on %s", s.origin)
	}
	s.signIn("", "ada", adaPassword)
}

// TestStoppedWhileStarting is about a signal that comes before the server serves.
func TestStoppedWhileStarting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr strings.Builder
	file := filepath.Join(t.TempDir(), "demo.sqlite")
	if code := execute(ctx, []string{"-addr", "127.0.0.1:0", "-db", "sqlite:" + file}, &stdout, &stderr); code != 0 {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}
