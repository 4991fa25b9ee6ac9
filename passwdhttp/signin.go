package passwdhttp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/locale"
)

// The ready sign-in: Service.SignIn compares the password, and the host begins its
// session by Config.SignedIn. What the page and the API have in common is here.

// ticketError is a sign-in that a change of the password has to come before.
type ticketError struct{ ticket passwd.Token }

func (*ticketError) Error() string { return passwd.ErrChangeRequired.Error() }
func (*ticketError) Unwrap() error { return passwd.ErrChangeRequired }

// enter signs in, and returns what the host has to say to it. Of its errors,
// ErrSecondFactor has left behind who is half signed in, if half tells so, and a
// ticketError has begun no session.
func (c Config) enter(w http.ResponseWriter, r *http.Request, in passwd.SignIn, half halfway) (hostReply, error) {
	signed, err := c.service(r).SignIn(r.Context(), in)
	switch {
	case errors.Is(err, passwd.ErrSecondFactor):
		c.keepHalf(w, signed, half)
		return hostReply{}, err
	case err != nil:
		return hostReply{}, err
	}
	return c.admit(w, r, signed)
}

// admit gives what a complete sign-in is for: a ticket to an account that must change
// its password, a session to any other.
func (c Config) admit(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) (hostReply, error) {
	KeepDevice(c, w, in)
	if in.Must != passwd.NoReason {
		ticket, err := c.service(r).Ticket(r.Context(), in)
		switch {
		case err == nil:
			return hostReply{}, &ticketError{ticket}
		case !errors.Is(err, passwd.ErrNoChangeNeeded):
			w.Header().Del(endpoint.DeviceHeader)
			return hostReply{}, overtaken(err)
		}
		in.Must = passwd.NoReason // withdrawn meanwhile
	}
	held := holdBack(w)
	err := c.SignedIn(held, r, in)
	if err != nil && passwd.CodeOf(err) == passwd.CodeInternal {
		c.Service.Observe(r.Context(), passwd.Event{
			Name: passwd.EventUnavailable, Account: in.Account, Outcome: "failure", Reason: "signed_in", Err: err, Client: c.face().Client(r),
		})
		err = fmt.Errorf("%w: %w", passwd.ErrUnavailable, err)
	}
	if err != nil {
		held.drop()
		w.Header().Del(endpoint.DeviceHeader)
		return hostReply{}, overtaken(err)
	}
	return held.hostReply, nil
}

// overtaken makes a conflict of an account that somebody else has written to since its
// password was compared: "not signed in" would say that it need not be tried again.
func overtaken(err error) error {
	if errors.Is(err, passwd.ErrEnded) {
		return passwd.ErrConflict
	}
	return err
}

// hostReply is what a function of the host's has written, without the headers; the
// zero hostReply if nothing.
type hostReply struct {
	status int
	body   bytes.Buffer
}

// send writes it or, if there is nothing, 204.
func (h hostReply) send(w http.ResponseWriter) {
	if h.status == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.WriteHeader(h.status)
	w.Write(h.body.Bytes())
}

// heldBack keeps what is written until its writer has returned without an error.
type heldBack struct {
	http.ResponseWriter
	hostReply
}

func holdBack(w http.ResponseWriter) *heldBack { return &heldBack{ResponseWriter: w} }

func (h *heldBack) WriteHeader(status int) {
	if h.status == 0 && status >= 200 {
		h.status = status
	}
}

func (h *heldBack) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

// drop forgets what was written, and the headers that describe it.
func (h *heldBack) drop() {
	h.hostReply = hostReply{}
	undescribe(h)
}

// undescribe takes away the headers that describe a body which is not sent.
func undescribe(w http.ResponseWriter) {
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding"} {
		w.Header().Del(name)
	}
}

func sendHost(w http.ResponseWriter, _ *http.Request, out hostReply) { out.send(w) }

// The second factor: the host asks for it on a page, or a route, of its own, and is
// told by a sealed cookie who has given the password.

// halfway is a sign-in that lacks the second factor.
type halfway struct {
	Tenant string    `json:"t,omitempty"`
	ID     string    `json:"i"`
	Epoch  int64     `json:"e"`
	By     time.Time `json:"b,omitzero"` // SignedIn.ChangeBy
	Device string    `json:"d,omitempty"`
	At     int64     `json:"a"` // Unix time
	API    bool      `json:"j,omitempty"`
	Next   string    `json:"x,omitempty"`
}

var halfCookie = cookie{"passwd-half", 10 * time.Minute}

func (c Config) keepHalf(w http.ResponseWriter, in passwd.SignedIn, h halfway) {
	h.Tenant, h.ID, h.Epoch, h.By = in.Account.Tenant, in.Account.ID, in.Epoch, in.ChangeBy
	h.Device, h.At = string(in.Device), time.Now().Unix()
	sealed := c.Service.SealForm(halfCookie.name, marshal(h))
	http.SetCookie(w, c.cookie(halfCookie, sealed, int(halfCookie.life/time.Second)))
}

// half returns who has given the password in this browser; false if nobody has.
func (c Config) half(r *http.Request) (h halfway, ok bool) {
	found, err := r.Cookie(c.cookieName(halfCookie))
	if err != nil {
		return h, false
	}
	plain, ok := c.Service.OpenForm(halfCookie.name, found.Value)
	if !ok || json.Unmarshal(plain, &h) != nil || c.Tenant != nil && h.Tenant != c.Tenant(r) {
		return halfway{}, false
	}
	age := time.Since(time.Unix(h.At, 0))
	return h, age <= halfCookie.life && age > -time.Minute
}

// HalfSignedIn returns who has given the right password in this browser within the
// last 10 minutes, to the ready sign-in (Config.SignedIn), and lacks the second factor
// that Config.Admit of the service has asked for. It opens nothing: the host checks the
// second factor of that account, bounds the tries, and then calls [FinishSignIn].
//
//	in, err := passwdhttp.HalfSignedIn(config, r) // of the page at Config.SecondFactorURL
//	if err == nil {
//		err = factors.Check(r.Context(), in.Account, r.PostFormValue("code"))
//	}
//	if err == nil {
//		err = passwdhttp.FinishSignIn(config, w, r)
//	}
//
// Errors: passwd.ErrUnauthenticated if nobody has, passwd.ErrEnded if the password has
// been changed since, passwd.ErrUnavailable.
func HalfSignedIn(c Config, r *http.Request) (passwd.SignedIn, error) {
	h, ok := c.half(r)
	if !ok {
		return passwd.SignedIn{}, passwd.ErrUnauthenticated
	}
	in := passwd.SignedIn{Account: passwd.Ref{Tenant: h.Tenant, ID: h.ID}, Epoch: h.Epoch, ChangeBy: h.By, Device: passwd.Token(h.Device)}
	var err error
	in.Must, err = c.service(r).Live(r.Context(), in.Account, in.Epoch)
	return in, err
}

// FinishSignIn completes the sign-in of who is [HalfSignedIn], once the host has checked
// the second factor in this very request. It does what the ready sign-in does without
// one: a ticket to who must change the password, else a session by Config.SignedIn, and
// the cookie of a known device. Then it answers as the page or the API would, whichever
// the sign-in began with.
//
// If it returns an error it has written nothing but headers, and the host shows what it
// shows then, or calls [Fail]. The errors are those of HalfSignedIn, of
// passwd.Service.Ticket and of Config.SignedIn.
func FinishSignIn(c Config, w http.ResponseWriter, r *http.Request) error {
	h, _ := c.half(r)
	in, err := HalfSignedIn(c, r)
	if err != nil {
		return err
	}
	c.service(r).Admitted(r.Context(), in, c.face().Client(r))
	c.drop(w, halfCookie)
	out, err := c.admit(w, r, in)
	var must *ticketError
	switch {
	case h.API && err == nil:
		c.apiFace().Begin(w)
		out.send(w)
	case h.API && errors.As(err, &must):
		c.apiFace().Refuse(w, r, err)
	case errors.As(err, &must):
		BeginForced(c, w, r, must.ticket, h.Next)
	case err != nil:
		return err
	default:
		c.face().Begin(w)
		seeOther(w, r, c.arrived(w, h.Next))
	}
	return nil
}

// arrived leads on from a sign-in, by the page that says so: the policy on forms would
// block a redirect of the host's to another origin, as one of OAuth is.
func (c Config) arrived(w http.ResponseWriter, next string) string {
	undescribe(w)
	n := note{Path: "done", Done: "signin", Next: cmp.Or(SafeNext(next), c.HomeURL, "/")}
	c.leave(w, doneCookie, n)
	return location(c.Service.BasePath()+"/done", "after=signin")
}

// leaveSession has the host end the session of a request.
func (c Config) leaveSession(w http.ResponseWriter, r *http.Request, account passwd.Ref) error {
	err := c.SignOut(w, r)
	if err == nil {
		return nil
	}
	c.Service.Observe(r.Context(), passwd.Event{
		Name: passwd.EventUnavailable, Account: account, Outcome: "failure", Reason: "sign_out", Err: err, Client: c.face().Client(r),
	})
	return fmt.Errorf("%w: %w", passwd.ErrUnavailable, err)
}

// The page.

func (p *pages) signInForm(next string) form {
	return form{
		page: pageSignIn, path: "signin", title: "sign_in", submit: "sign_in",
		fields: []string{fieldLogin, fieldPassword}, kind: p.LoginKind, asks: p.asks, next: next,
		links: p.sendable(link{p.at("forgot", ""), "forgot_title"}, link{p.at("forgot/code", ""), "forgot_code_title"}),
	}
}

func (p *pages) signInPage(w http.ResponseWriter, r *http.Request) (reply, error) {
	return p.show(w, r, p.signInForm(SafeNext(r.URL.Query().Get(fieldNext))))
}

func (p *pages) postSignIn(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	next := SafeNext(in[fieldNext])
	f := p.signInForm(next)
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.again(w, r, f, in, wrong)
	}
	_, err := p.enter(w, r, passwd.SignIn{Login: p.login(r, in), Password: in[fieldPassword], Client: p.face.Client(r)}, halfway{Next: next})
	var must *ticketError
	switch {
	case errors.As(err, &must):
		p.keep(w, ticketCookie, must.ticket)
		return reply{location: forced(p.Service.BasePath(), next)}, nil
	case errors.Is(err, passwd.ErrSecondFactor) && p.SecondFactorURL != "":
		return reply{location: p.SecondFactorURL}, nil
	case errors.Is(err, passwd.ErrSecondFactor):
		return reply{}, err
	case err != nil:
		return reply{}, &formError{f, in, err}
	}
	return reply{location: p.arrived(w, next)}, nil
}

// refusedSignIn puts into words why a sign-in is refused. More than detail, the one
// sentence for everything, is told to who knows the right password alone (F7).
func refusedSignIn(words locale.Printer, err error, detail string) string {
	switch {
	case errors.Is(err, passwd.ErrTemporaryExpired):
		return words.Text("temporary_expired")
	case errors.Is(err, passwd.ErrNotActivated):
		return words.Text("not_activated")
	}
	return detail
}

// The API.

func decodeSignIn(b endpoint.Body) (in passwd.SignIn, err error) {
	err = jsonstrict.Decode(b.Data,
		jsonstrict.String("login", &in.Login.Value),
		jsonstrict.String("password", &in.Password))
	return in, err
}

// signOut asks nobody who is signed in: a cookie of a session that has ended goes too.
func (a *api) signOut(w http.ResponseWriter, r *http.Request, _ none) (none, error) {
	held := holdBack(w)
	defer held.drop()
	return none{}, a.leaveSession(held, r, passwd.Ref{})
}

func (a *api) signIn(w http.ResponseWriter, r *http.Request, in passwd.SignIn) (hostReply, error) {
	in.Login.Tenant, in.Client = a.tenant(r), a.face.Client(r)
	return a.enter(w, r, in, halfway{API: true})
}
