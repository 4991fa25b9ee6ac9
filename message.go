package passwd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/passwd-go/passwd/internal/alabel"
)

// Client is where a request came from, as far as the host's server knows. It is
// what limits count by and what notices tell the account's owner.
type Client struct {
	Addr      netip.Addr // of the peer; the zero Addr counts as one shared address
	UserAgent string     // cut to 256 bytes
	RequestID string     // the host's own, for its events; cut to 128 bytes
	// Locale is the language of the request, a BCP 47 tag of up to 35 bytes. Where the
	// account has none, it is that of the link or code that the request asks for, whoever
	// asks, and of the notice of the change that it makes.
	Locale string `json:",omitempty"`
	// Device is the token of [SignedIn] that the client has kept, "" if it has none.
	Device Token `json:"-"`
}

// MessageKind tells what a message is about.
type MessageKind string

// The kinds of message. Notices go to every confirmed address the account had
// when it happened.
const (
	MessageResetLink         MessageKind = "reset_link"         // was asked for
	MessageResetCode         MessageKind = "reset_code"         // was asked for
	MessagePasswordChanged   MessageKind = "password_changed"   // notice
	MessagePasswordReset     MessageKind = "password_reset"     // notice
	MessageTemporaryPassword MessageKind = "temporary_password" // notice that one was issued, without it
	MessageSuspended         MessageKind = "suspended"          // notice
	MessageSignInStopped     MessageKind = "sign_in_stopped"    // notice of Limits.StopAfter consecutive failures
	// MessageSharedAddress answers a request for a link that named an address of
	// several accounts: ask again, by username. Its Account has a tenant and no ID.
	MessageSharedAddress MessageKind = "shared_address"
	MessageInvitation    MessageKind = "invitation" // an administrator's, to set the first password
)

// Message is one message to one address. It holds data, not words; package
// locale, or the host, puts it into the account's language.
type Message struct {
	ID       string // UUID; the same when a delivery is tried again: use it as an idempotency key
	Kind     MessageKind
	Channel  Channel
	To       string // an address from the store, never from a request
	Account  Ref
	Username string
	Locale   string // of the account, else of the request that it answers; "" if neither has one

	// Link is the whole link to follow: to the reset page in a reset_link, and in a mail
	// with a code, to the one for a first password in an invitation, to "this was not me"
	// in a notice, otherwise to where a reset is requested. Token, User and Code are what a
	// reset_link, reset_code or invitation carries, to be typed or for an app.
	Link  string
	Token Token
	User  string // the user key that some formats want besides the token
	Code  OneTimeCode
	Text  string // what a shared_address is told, word for word; "" leaves the words to the notifier

	At        time.Time // when the event that the message reports happened, or was asked for
	ExpiresAt time.Time // of the token, code or temporary password; zero if there is none
	Client    Client    // who did it, or asked for it; zero for what an administrator has sent
}

// Notifier delivers messages. Notify returns nil only when the message
// has been accepted for delivery; any error but ErrUndeliverable has it tried again later
// with the same ID, at growing intervals of up to 10 minutes: a link or code until it
// has expired, a notice for 72 hours. The context ends before the job's lease does.
// Notify may be called concurrently: by the workers of a Run, as many as Config.Deliveries,
// and of the Runs of other replicas.
type Notifier interface {
	Notify(ctx context.Context, m Message) error
}

// NotifierFunc makes a function a Notifier.
type NotifierFunc func(ctx context.Context, m Message) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, m Message) error { return f(ctx, m) }

// Links says where the pages are mounted. It is the one place that names the
// mount, and where link origins come from: never from a request.
type Links struct {
	// Base is the absolute URL of the mount, "https://app.example.com/account/password",
	// without user info, query or fragment. An internationalized host is written in
	// links with A-labels (RFC 5890): in Unicode, or percent-encoded, a mail program
	// may end the link before it. Plain http is accepted for loopback hosts only, unless
	// InsecureHTTP is set. Required.
	Base string
	// Reset, Cancel, Invitation and Forgot are where links lead that have a page of the
	// host's own, on whatever origin: an absolute URL as Base is, to which the parameter
	// "token" is added, and "user" where a format has a user key. It may have a query, and
	// a fragment if that is a route, "https://app.example.com/#/reset": the parameters then
	// come behind the route, and no server sees them. Forgot gets none. If "", the page
	// of that kind below Base: /reset, /cancel, /invite and /forgot.
	Reset, Cancel, Invitation, Forgot string
	// For returns another base for an account, as tenants with domains of their own
	// need. nil, or a result of "", is Base. The same handlers answer there, and they go
	// by Base: they strip its path, and its scheme tells them whether cookies can be
	// Secure (passwdhttp.Config.InsecureCookies). A tenant for whom either is different
	// has a service of its own. Of Reset, Cancel, Invitation and Forgot it replaces scheme
	// and host.
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

// form is the shape of the link in a reset message, as jobs have it.
type form string

const (
	tokenLink   form = ""     // carries the token
	userKeyLink form = "user" // carries a user key as well
)

// The pages that links open, relative to Links.Base.
const (
	resetPage      = "/reset"
	cancelPage     = "/cancel"
	forgotPage     = "/forgot"
	invitationPage = "/invite" // short: an SMS has 160 characters
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
	own := l.own()[page]
	if own == "" {
		u.Path += page
		return l.with(u, secrets), nil
	}
	target, err := l.checkOwn(own)
	if err != nil {
		return "", err // unreachable: New has checked it
	}
	if target.Host = asciiHost(target); base != l.Base {
		target.Scheme, target.Host = u.Scheme, u.Host
	}
	return l.with(target, secrets), nil
}

// own are the host's own pages, by those in whose place they are.
func (l Links) own() map[string]string {
	return map[string]string{resetPage: l.Reset, cancelPage: l.Cancel, invitationPage: l.Invitation, forgotPage: l.Forgot}
}

// checkOwn parses the URL of a page of the host's own.
func (l Links) checkOwn(own string) (*url.URL, error) {
	u, err := url.Parse(own)
	if err != nil {
		return nil, errors.New("does not parse as a URL")
	}
	bare := *u
	bare.RawQuery, bare.Fragment, bare.RawFragment = "", "", ""
	if _, err := l.check(bare.String()); err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	route, behind, _ := strings.Cut(u.Fragment, "?")
	inRoute, errRoute := url.ParseQuery(behind)
	switch {
	case err != nil || errRoute != nil || u.ForceQuery:
		return nil, errors.New("has a query that does not parse")
	case strings.HasSuffix(own, "#") || u.Fragment != "" && !strings.HasPrefix(strings.TrimPrefix(route, "!"), "/"):
		return nil, errors.New("has a fragment that is no route of an app, such as #/reset: a browser would look for it on the page")
	case query.Has("token") || query.Has("user") || inRoute.Has("token") || inRoute.Has("user"):
		return nil, errors.New("has a parameter token or user already")
	}
	return u, nil
}

// with adds secrets to a URL: to the route in its fragment, if it has one, and else to
// its query or in the place of a fragment.
func (l Links) with(u *url.URL, secrets url.Values) string {
	joined := func(to string) string {
		if to != "" && len(secrets) > 0 {
			to += "&"
		}
		return to + secrets.Encode()
	}
	switch _, parameters, asked := strings.Cut(u.EscapedFragment(), "?"); {
	case u.Fragment != "" && len(secrets) > 0 && asked && parameters != "":
		return u.String() + "&" + secrets.Encode()
	case u.Fragment != "" && len(secrets) > 0:
		return strings.TrimSuffix(u.String(), "?") + "?" + secrets.Encode()
	case u.Fragment == "" && l.FragmentNeedsJavaScript && len(secrets) > 0:
		return u.String() + "#" + secrets.Encode()
	case u.Fragment == "":
		u.RawQuery = joined(u.RawQuery)
	}
	return u.String()
}

// ownFaults are what is wrong with the URLs of the host's own pages.
func (l Links) ownFaults() (faults []error) {
	for _, one := range []struct{ name, own string }{
		{"Reset", l.Reset}, {"Cancel", l.Cancel}, {"Invitation", l.Invitation}, {"Forgot", l.Forgot},
	} {
		if one.own == "" {
			continue
		}
		if _, err := l.checkOwn(one.own); err != nil {
			faults = append(faults, fmt.Errorf("passwd: Config.Links.%s: %w", one.name, err))
		}
	}
	return faults
}
