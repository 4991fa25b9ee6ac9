package exchange_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd/internal/exchange"
)

// echo answers with what it has read; GET is not read at all.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Inner", r.Header.Get("X-Outer"))
	w.Header().Add("Vary", "Inner")
	if r.Method == "GET" {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusCreated)
	w.Write(append(body, 0xff))
})

var mounts = []exchange.Mount{{Document: "short", Base: "/api"}, {Document: "long", Base: "/api/auth"}, {Document: "root", Base: "/r"}}

func send(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Outer", "outer")
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Outer")
	h.ServeHTTP(w, r)
	return w
}

// Whoever asks gets the same with the recorder as without.
func TestTransparent(t *testing.T) {
	folder := t.TempDir()
	for _, variable := range []string{"", folder} {
		t.Setenv(exchange.Variable, variable)
		h := exchange.Record(echo, mounts...)
		for _, target := range []string{"/api/x", "/elsewhere"} {
			got := send(h, "POST", target, "body")
			if got.Code != 201 || got.Body.String() != "body\xff" || got.Header().Get("X-Inner") != "outer" ||
				!slices.Equal(got.Header().Values("Vary"), []string{"Outer", "Inner"}) {
				t.Errorf("%q, %s: %d %v %q", variable, target, got.Code, got.Header(), got.Body)
			}
		}
	}
	all, err := exchange.Read(folder)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d exchanges, %v", len(all), err)
	}
}

func TestRecord(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(exchange.Variable, folder)
	h := exchange.Record(echo, mounts...)
	for _, target := range []string{"/api", "/api/x%20y?q=1", "/api/auth/x", "/api/authx", "/apix", "/", "/r/"} {
		send(h, "POST", target, "b\xffdy")
	}
	send(h, "GET", "/api/unread", "nobody reads this")
	all, err := exchange.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		got = append(got, e.Document+" "+e.Path+" "+e.Target)
		if e.Header.Get("X-Outer") != "outer" || e.ReplyHeader.Get("X-Inner") != "outer" || e.Host != "example.com" {
			t.Errorf("%+v", e)
		}
		switch e.Method {
		case "POST":
			if e.Status != 201 || !bytes.Equal(e.Body, []byte("b\xffdy")) || !bytes.Equal(e.ReplyBody, []byte("b\xffdy\xff")) {
				t.Errorf("%+v", e)
			}
		default:
			if e.Status != 405 || len(e.Body) > 0 {
				t.Errorf("%+v", e)
			}
		}
	}
	want := []string{
		"short  /api", "short /x y /api/x%20y?q=1", "long /x /api/auth/x", "short /authx /api/authx", "root / /r/", "short /unread /api/unread",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A reply to HEAD has no body on a connection, and the length of the one it stands
// for.
func TestHead(t *testing.T) {
	t.Setenv(exchange.Variable, t.TempDir())
	server := httptest.NewServer(exchange.Record(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		io.WriteString(w, "body")
	}), exchange.Mount{Document: "root"}))
	defer server.Close()
	for range 2 { // on one connection: a body would be taken for the next reply
		got, err := server.Client().Head(server.URL + "/x")
		if err != nil {
			t.Fatal(err)
		}
		if got.Body.Close(); got.StatusCode != 200 || got.ContentLength != 4 {
			t.Errorf("%d, %d bytes", got.StatusCode, got.ContentLength)
		}
	}
}

// Requests that come at once are lines of their own.
func TestAtOnce(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(exchange.Variable, folder)
	h := exchange.Record(echo, mounts...)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { send(h, "POST", "/api/x", strings.Repeat("body", 4000)) })
	}
	all.Wait()
	if found, err := exchange.Read(folder); err != nil || len(found) != 20 {
		t.Errorf("%d exchanges, %v", len(found), err)
	}
}

// What cannot be written is no test that has passed.
func TestNowhereToWrite(t *testing.T) {
	t.Setenv(exchange.Variable, t.TempDir()+"/nothing")
	defer func() {
		if recover() == nil {
			t.Error("an exchange was lost")
		}
	}()
	send(exchange.Record(echo, mounts...), "POST", "/api/x", "")
}

func TestReadBroken(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(folder+"/1.jsonl", []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exchange.Read(folder); err == nil {
		t.Error("half a line was read")
	}
}

// What asks over a connection writes down the same.
func TestTransport(t *testing.T) {
	server := httptest.NewServer(echo)
	defer server.Close()
	folder := t.TempDir()
	for _, variable := range []string{"", folder} {
		t.Setenv(exchange.Variable, variable)
		client := http.Client{Transport: exchange.Transport(http.DefaultTransport, mounts...)}
		for _, path := range []string{"/api/auth/x?q=1", "/elsewhere"} {
			got, err := client.Post(server.URL+path, "text/plain", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(got.Body)
			got.Body.Close()
			if err != nil || got.StatusCode != 201 || string(body) != "body\xff" {
				t.Errorf("%q, %s: %d %q, %v", variable, path, got.StatusCode, body, err)
			}
		}
	}
	server.Close()
	client := http.Client{Transport: exchange.Transport(http.DefaultTransport, mounts...)}
	if _, err := client.Get(server.URL + "/api/x"); err == nil {
		t.Error("a server that is gone has answered")
	}
	all, err := exchange.Read(folder)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d exchanges, %v", len(all), err)
	}
	e := all[0]
	if e.Document != "long" || e.Path != "/x" || e.Target != "/api/auth/x?q=1" || "http://"+e.Host != server.URL || e.Method != "POST" ||
		e.Header.Get("Content-Type") != "text/plain" || string(e.Body) != "body" || e.Status != 201 || string(e.ReplyBody) != "body\xff" ||
		e.ReplyHeader.Get("Vary") != "Inner" {
		t.Errorf("%+v", e)
	}
}
