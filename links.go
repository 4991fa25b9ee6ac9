package passwd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/passwd-go/passwd/internal/alabel"
)

// Links says where the pages are mounted. It is the one place that names the
// mount, and where link origins come from: never from a request.
type Links struct {
	// Base is the absolute URL of the mount, "https://app.example.com/account/password",
	// without user info, query or fragment. An internationalized host is written in
	// links with A-labels (RFC 5890): in Unicode, or percent-encoded, a mail program
	// may end the link before it. Plain http is accepted for loopback hosts only, unless
	// InsecureHTTP is set. Required.
	Base string
	// For returns another base for an account, as tenants with domains of their own
	// need. nil, or a result of "", is Base. The same handlers answer there, and they go
	// by Base: they strip its path, and its scheme tells them whether cookies can be
	// Secure (passwdhttp.Config.InsecureCookies). A tenant for whom either is different
	// has a service of its own.
	For func(ctx context.Context, a Account) string
	// InsecureHTTP allows plain http for any host: anyone on the network path can read
	// the links and take over the accounts.
	InsecureHTTP bool
	// FragmentNeedsJavaScript puts the token, and the user key, behind a "#" instead
	// of a "?": no browser sends that part to a server, so it is in no access log,
	// neither the host's nor a proxy's. The price is that links work only with
	// JavaScript. A script has to read the fragment and hand it on; that of
	// passwdhttp.Pages does, and without it the page can only say what to do. The link
	// stays in the mail and in the browser's history as long as any other. Links that
	// were sent before still work.
	FragmentNeedsJavaScript bool
}

// PlainHTTP reports whether Base is an http URL of a host that is not loopback,
// which InsecureHTTP has allowed. Browsers keep no Secure cookies there. It says nothing
// about the bases that For returns, nor about a Base that New refuses.
func (l Links) PlainHTTP() bool {
	u, err := url.Parse(l.Base)
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

// Form is the shape of the link in a reset message.
type Form string

// The forms of links.
const (
	TokenLink   Form = ""     // carries the token
	UserKeyLink Form = "user" // carries a user key as well, for formats that want both
)

// The pages that links open, relative to Links.Base.
const (
	resetPage  = "/reset"
	cancelPage = "/cancel"
	forgotPage = "/forgot"
)

func (l Links) check(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, errors.New("does not parse as a URL")
	case u.Host == "" || u.Opaque != "":
		return nil, errors.New("must be an absolute URL with a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(base, "#"):
		return nil, errors.New("must not have user info, a query or a fragment")
	case !hasASCIIHost(u):
		return nil, errors.New("must have a host that is a domain name or address; write an internationalized one with A-labels (xn--…)")
	case u.Scheme == "https", u.Scheme == "http" && (l.InsecureHTTP || isLoopback(u.Hostname())):
		u.Path = strings.TrimRight(u.Path, "/")
		u.RawPath = ""
		return u, nil
	case u.Scheme == "http":
		return nil, errors.New("must be https (see InsecureHTTP)")
	}
	return nil, fmt.Errorf("scheme %q is not https", u.Scheme)
}

func hasASCIIHost(u *url.URL) bool {
	_, err := alabel.Host(u.Hostname())
	return err == nil
}

// asciiHost is the host and port of a URL that check has accepted.
func asciiHost(u *url.URL) string {
	host, _ := alabel.Host(u.Hostname())
	return strings.Replace(u.Host, u.Hostname(), host, 1)
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// link returns the URL of a page for an account; secrets are what the page is to
// be told, nil if nothing.
func (l Links) link(ctx context.Context, a Account, page string, secrets url.Values) (string, error) {
	base := l.Base
	if l.For != nil {
		if other := l.For(ctx, a); other != "" {
			base = other
		}
	}
	u, err := l.check(base)
	if err != nil {
		return "", fmt.Errorf("passwd: Links.For: %w", err)
	}
	u.Host = asciiHost(u)
	u.Path += page
	if l.FragmentNeedsJavaScript && len(secrets) > 0 {
		return u.String() + "#" + secrets.Encode(), nil
	}
	u.RawQuery = secrets.Encode()
	return u.String(), nil
}
