// Package exchange keeps what goes over HTTP in tests, so that another test can
// hold all of it against the OpenAPI documents. It is for tests only.
package exchange

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
)

// Variable names the environment variable with the folder that exchanges are
// written to. Where it is not set, nothing is recorded.
const Variable = "PASSWD_TEST_EXCHANGES"

// Mount says which document describes the paths below a base. The base has no
// slash at its end; "" is the root.
type Mount struct{ Document, Base string }

// Exchange is one request and its reply.
type Exchange struct {
	Mount
	Method, Host, Target string // Target is as sent, with the base and the query
	Path                 string // decoded, below the base
	Header               http.Header
	Body                 []byte // as far as the handler has read it
	Status               int
	ReplyHeader          http.Header
	ReplyBody            []byte
}

// Record returns a handler that answers as h does and writes down the exchanges
// below these mounts, each under the one with the longest base. Without
// [Variable] it returns h. It panics if it cannot write.
func Record(h http.Handler, mounts ...Mount) http.Handler {
	folder := os.Getenv(Variable)
	if folder == "" {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mount, path, ok := find(mounts, r.URL.Path)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		e := Exchange{
			Mount: mount, Method: r.Method, Host: r.Host, Target: r.URL.RequestURI(), Path: path, Header: r.Header.Clone(),
		}
		var body bytes.Buffer
		rec := httptest.NewRecorder()
		maps.Copy(rec.Header(), w.Header())
		h.ServeHTTP(rec, tee(r, &body))
		e.Body, e.Status, e.ReplyHeader, e.ReplyBody = body.Bytes(), rec.Code, rec.Header().Clone(), rec.Body.Bytes()
		if err := write(folder, e); err != nil {
			panic(fmt.Sprintf("exchange: %v", err))
		}
		clear(w.Header())
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		if r.Method != http.MethodHead || !isServer(w) {
			w.Write(e.ReplyBody)
		}
	})
}

// Transport returns what asks as next does and writes down the same as Record, for
// servers that tests can only ask over a connection.
func Transport(next http.RoundTripper, mounts ...Mount) http.RoundTripper {
	folder := os.Getenv(Variable)
	if folder == "" {
		return next
	}
	return transport(func(r *http.Request) (*http.Response, error) {
		mount, path, ok := find(mounts, r.URL.Path)
		if !ok {
			return next.RoundTrip(r)
		}
		e := Exchange{
			Mount: mount, Method: r.Method, Host: cmp.Or(r.Host, r.URL.Host), Target: r.URL.RequestURI(), Path: path, Header: r.Header.Clone(),
		}
		var sent, got bytes.Buffer
		reply, err := next.RoundTrip(tee(r, &sent))
		if err != nil {
			return nil, err
		}
		_, err = got.ReadFrom(reply.Body)
		reply.Body.Close()
		if err != nil {
			return nil, err
		}
		reply.Body = io.NopCloser(&got)
		e.Body, e.Status, e.ReplyHeader, e.ReplyBody = sent.Bytes(), reply.StatusCode, reply.Header.Clone(), got.Bytes()
		return reply, write(folder, e)
	})
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// find returns the mount with the longest base that a path is below, and the rest
// of the path.
func find(mounts []Mount, path string) (found Mount, rest string, ok bool) {
	for _, m := range mounts {
		below, is := strings.CutPrefix(path, m.Base)
		if !is || below != "" && below[0] != '/' || ok && len(m.Base) < len(found.Base) {
			continue
		}
		found, rest, ok = m, below, true
	}
	return found, rest, ok
}

// tee returns the request with a body that is copied as it is read: a handler that
// refuses a body unread must see it so.
func tee(r *http.Request, to io.Writer) *http.Request {
	if r.Body == nil {
		return r
	}
	copied := *r
	copied.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r.Body, to), r.Body}
	return &copied
}

// isServer reports whether a reply goes over a connection, where a reply to HEAD
// has no body.
func isServer(w http.ResponseWriter) bool {
	_, recorder := w.(*httptest.ResponseRecorder)
	return !recorder
}

// write appends a line to a file of this process.
func write(folder string, e Exchange) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(folder, fmt.Sprintf("%d.jsonl", os.Getpid())), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// Read returns all that was written to a folder.
func Read(folder string) ([]Exchange, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var all []Exchange
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(data) {
			var e Exchange
			if err := json.Unmarshal(line, &e); err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
			}
			all = append(all, e)
		}
	}
	return all, nil
}
