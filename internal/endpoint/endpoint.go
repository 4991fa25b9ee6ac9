// Package endpoint is the HTTP adapter that every face of the service is made
// of: decode → call → encode, or the face's own way of saying no. What is the same for
// all of them is here: methods, media types, cross-origin requests, the bound on
// bodies, headers, Retry-After and the events of what is refused.
//
// Panics are left to the server.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/passwd-go/passwd"
)

// MaxBody is the most bytes that the body of a request may have.
const MaxBody = 16 << 10

// Face is what a family of endpoints has in common. It is not changed once
// requests are served.
type Face struct {
	// Service receives events about what is refused. Required.
	Service *passwd.Service
	// Fail writes the reply to an error in the face's own shape: code is
	// CodeOf(err). Allow, Accept and Retry-After are set when it is called.
	// Required.
	Fail func(w http.ResponseWriter, r *http.Request, code passwd.Code, err error)
	// Accept lists the media types that bodies may have, in lower case.
	Accept []string
	// Header is set on every reply, beside Cache-Control: no-store and
	// X-Content-Type-Options: nosniff.
	Header map[string]string
	// CrossOrigin decides which requests of other sites pass. If nil, none but
	// GET and HEAD.
	CrossOrigin *http.CrossOriginProtection
	// ClientAddr tells where a request comes from. If nil, RemoteAddr.
	ClientAddr func(*http.Request) netip.Addr
	// RequestID names a request in events. If nil, none has a name.
	RequestID func(*http.Request) string
	// Locale tells the language of a request. If nil, or for "", Accept-Language does.
	Locale func(*http.Request) string
}

// Methods are the handlers of one path: Post and Get make them. Where there is
// GET, HEAD is answered by it.
type Methods map[string]http.Handler

// Routes serves each path below base, which the paths are appended to. It cleans
// and redirects nothing: what is not a path to the letter is not found.
//
// The first request for such a path below another base is an event: the handler was
// mounted elsewhere than it was told, or something in front strips a prefix.
func (f *Face) Routes(base string, paths map[string]Methods) http.Handler {
	var told atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, below := strings.CutPrefix(r.URL.Path, base)
		methods, known := paths[rest]
		if !below || !known {
			if other := elsewhere(r.URL.Path, paths); !below && other != "" && told.CompareAndSwap(false, true) {
				f.observe(r, passwd.Event{Name: passwd.EventMisrouted, Err: fmt.Errorf(
					"requests come in below %q, and the handler serves %q: mount it there, outside of http.StripPrefix; "+
						"if a proxy strips a prefix, put it back with passwdhttp.RestorePrefix", other, base)})
			}
			f.Refuse(w, r, ErrNotFound)
			return
		}
		f.Serve(w, r, methods)
	})
}

// elsewhere is what stands before the longest of the paths that a path ends with; "" if
// there is none, or if it is nothing that a host would have named.
func elsewhere(path string, paths map[string]Methods) string {
	var longest string
	for p := range paths {
		if len(p) > len(longest) && strings.HasSuffix(path, "/"+p) {
			longest = p
		}
	}
	base := strings.TrimSuffix(path, longest)
	if longest == "" || !plainBase.MatchString(base) {
		return ""
	}
	return base
}

var plainBase = regexp.MustCompile(`^/[A-Za-z0-9/._-]{0,80}$`)

// Serve answers a request for a path that has these methods.
func (f *Face) Serve(w http.ResponseWriter, r *http.Request, methods Methods) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handler, ok := methods[method]
	if !ok {
		w.Header().Set("Allow", methods.allow())
		f.Refuse(w, r, ErrMethodNotAllowed)
		return
	}
	if !f.sameOrigin(r) {
		f.Refuse(w, r, ErrCrossOrigin)
		return
	}
	f.Begin(w)
	handler.ServeHTTP(w, r)
}

func (m Methods) allow() string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (f *Face) sameOrigin(r *http.Request) bool {
	if f.CrossOrigin == nil {
		return new(http.CrossOriginProtection).Check(r) == nil
	}
	return f.CrossOrigin.Check(r) == nil
}

// cameFrom says for the log where a request of another site came from: what to add to
// CrossOrigin, if it is a site of the host's. Whatever else somebody puts into the header
// is not repeated.
func cameFrom(r *http.Request) error {
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	switch {
	case origin == "" || origin == "null":
		return fmt.Errorf("from an origin that the browser does not tell, to host %q", plainHost(r.Host))
	case err != nil || len(origin) > 255 || u.Scheme != "http" && u.Scheme != "https" || origin != u.Scheme+"://"+u.Host || plainHost(u.Host) == "":
		return errors.New("from what is no origin")
	}
	return fmt.Errorf("from origin %s, to host %q", origin, plainHost(r.Host))
}

// plainHost is a host that can stand in a log, else "".
func plainHost(host string) string {
	if !plainHosts.MatchString(host) {
		return ""
	}
	return host
}

var plainHosts = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]{1,253}$`)

// Begin sets the headers that every reply has.
func (f *Face) Begin(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	for name, value := range f.Header {
		h.Set(name, value)
	}
}

// Refuse answers a request by an error, and reports it where nobody has yet.
func (f *Face) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	f.Begin(w)
	code := CodeOf(err)
	switch code {
	case CodeCrossOrigin:
		f.observe(r, passwd.Event{Name: passwd.EventCrossOriginRejected, Reason: string(code), Err: cameFrom(r)})
	case passwd.CodeInvalidRequest, CodeTooLarge, CodeUnsupportedMediaType:
		f.observe(r, passwd.Event{Name: passwd.EventInputRejected, Reason: string(code)})
	case passwd.CodeInternal:
		f.observe(r, passwd.Event{Name: passwd.EventUnavailable, Reason: string(code), Err: err})
	}
	if after := retryAfter(code, err); after != "" {
		w.Header().Set("Retry-After", after)
	}
	f.Fail(w, r, code, err)
}

func (f *Face) observe(r *http.Request, e passwd.Event) {
	e.Outcome = "failure"
	e.Client = f.Client(r)
	f.Service.Observe(context.WithoutCancel(r.Context()), e)
}

// Client tells the service where a request comes from.
func (f *Face) Client(r *http.Request) passwd.Client {
	// Some servers reuse the memory of a request; what is told outlives it.
	c := passwd.Client{UserAgent: strings.Clone(r.UserAgent())}
	if f.ClientAddr != nil {
		c.Addr = f.ClientAddr(r).Unmap().WithZone("")
	} else {
		c.Addr = RemoteAddr(r)
	}
	if f.RequestID != nil {
		c.RequestID = strings.Clone(f.RequestID(r))
	}
	c.Device = device(r)
	if f.Locale != nil {
		c.Locale = strings.Clone(f.Locale(r))
	}
	if c.Locale == "" {
		c.Locale = strings.Clone(language(r))
	}
	return c
}

// DeviceCookie is the name of the cookie by which a device is known, and on plain http
// what comes after "__Host-".
const DeviceCookie = "passwd-device"

// DeviceHeader has the same where a browser keeps no cookies for whom it asks: an app on
// another origin, or on a phone.
const DeviceHeader = "Passwd-Device"

// maxDevice is more than any token of a device has.
const maxDevice = 64

// device returns what is in the header, else in the cookie of the device, "" if there is none. A cookie is
// acceptable under either name: a cookie that a subdomain or plain http could set
// opens nothing, and makes known only what signed in.
func device(r *http.Request) passwd.Token {
	if sent := r.Header.Get(DeviceHeader); sent != "" && len(sent) <= maxDevice {
		return passwd.Token(strings.Clone(sent))
	}
	for _, name := range []string{"__Host-" + DeviceCookie, DeviceCookie} {
		if found, err := r.Cookie(name); err == nil && len(found.Value) <= maxDevice {
			return passwd.Token(strings.Clone(found.Value))
		}
	}
	return ""
}

// RemoteAddr returns the address at the other end of the connection, an
// IPv4-mapped one as IPv4 and without a zone, or the zero Addr if it has none, as
// on a Unix socket. No header is read.
func RemoteAddr(r *http.Request) netip.Addr {
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return peer.Addr().Unmap().WithZone("")
	}
	addr, _ := netip.ParseAddr(r.RemoteAddr) // some middleware leaves the port out
	return addr.Unmap().WithZone("")
}
