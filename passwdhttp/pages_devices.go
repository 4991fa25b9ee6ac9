package passwdhttp

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/session"
)

// fieldEnd is the hidden field of the page of devices: the ID of the session to
// end, or endOthers, which no ID is.
const (
	fieldEnd  = "end"
	endOthers = "others"
)

// ended are the texts of what has been done, which a note tells where this page leads
// to itself.
var ended = map[string]string{"one": "device_ended", endOthers: "devices_ended"}

// devices lists where an account is signed in.
func (p *pages) devices(w http.ResponseWriter, r *http.Request) (reply, error) {
	who, must, err := p.signedIn(r)
	switch {
	case err != nil:
		return p.askToSignIn(err, p.at("devices", ""))
	case must != passwd.NoReason: // such a session does nothing else (F7)
		return reply{location: forced(p.Service.BasePath(), p.at("devices", ""))}, nil
	}
	done := ""
	if n, ok := p.left(r, againCookie); ok && n.Done == r.URL.Query().Get("after") {
		done = ended[n.Done]
		p.drop(w, againCookie)
	}
	return p.showDevices(w, r, who, done, "")
}

// postDevices ends one session, or all but that which asks (S2). An ID of no live
// session of the account is none to end: a form may be sent twice, and the device
// may have signed out meanwhile.
func (p *pages) postDevices(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	who, must, err := p.signedIn(r)
	switch {
	case err != nil:
		return reply{}, err // no redirect: a form must not lead to another origin
	case must != passwd.NoReason:
		return reply{}, passwd.ErrChangeRequired
	case !p.boundTo(in).same(toAccount(pageDevices, who)):
		return p.instead(w, "devices", "", insteadStale), nil
	}
	which := in[fieldEnd]
	switch {
	case which == "" || which == endOthers && who.Session == "":
		return p.showDevices(w, r, who, "", "required_device")
	case which == endOthers:
		_, err = p.endOtherSessions(r.Context(), who)
	default:
		err = p.endSession(r.Context(), who, which)
		which = "one"
	}
	if err != nil {
		return reply{}, err
	}
	p.leave(w, againCookie, note{Path: "devices", Done: which})
	return reply{location: p.at("devices", url.Values{"after": {which}}.Encode())}, nil
}

// keptSession reports whether the store has kept the session that made a change,
// where nobody renews it. If that cannot be told, they sign in once too often.
func (c Config) keptSession(r *http.Request, in passwd.Change) bool {
	if c.Sessions == nil || in.KeepSession == "" {
		return false
	}
	all, err := c.Sessions.List(r.Context(), in.Account)
	return err == nil && slices.ContainsFunc(all, func(s session.Session) bool { return s.ID == in.KeepSession })
}

// showDevices makes the page; done and wrong are what has been done and what was
// wrong, "" if nothing.
func (p *pages) showDevices(w http.ResponseWriter, r *http.Request, who Principal, done, wrong string) (reply, error) {
	all, err := p.sessionsOf(r.Context(), who)
	if err != nil {
		return reply{}, err
	}
	words := p.printer(w, r)
	v := p.view(words, pageDevices, "devices_title")
	status := http.StatusOK
	if wrong != "" {
		status = http.StatusUnprocessableEntity
		v.Problems = []Problem{{"", words.Text(wrong)}}
		v.Title, v.Summary = errorTitle(words, v.Title), words.Label("error_summary")
	}
	if done != "" {
		v.Said = words.Text(done)
	}
	about := "devices"
	if len(all) == 0 {
		about = "no_devices"
	}
	v.Intro = append(v.Intro, words.Text(about))
	others := false
	for _, s := range all {
		own := s.ID == who.Session
		others = others || !own
		v.Devices = append(v.Devices, p.device(words, s, who))
	}
	if others && who.Session != "" {
		v.Form = p.endForm(words, who, endOthers, "submit_end_others")
	}
	v.Links = []Link{{p.at("change", ""), words.Label("change_title")}, {p.home(), words.Label("continue")}}
	return reply{status: status, view: v}, nil
}

// signOutForm ends the session that asks, and leads to the ready sign-in; nil without
// that, as it is the host that has a sign-out then.
func (p *pages) signOutForm(words locale.Printer, who Principal) *Form {
	if p.SignedIn == nil || p.SignOut == nil || p.SignInURL != "" {
		return nil
	}
	return &Form{
		Action: p.at("sign-out", ""), Submit: words.Label("submit_end"), Busy: words.Label("busy_wait"),
		Hidden: []Hidden{{fieldForm, p.seal(toAccount(pageSignOut, who))}, {fieldNext, p.at("signin", "")}},
	}
}

// device tells what is known of a session.
func (p *pages) device(words locale.Printer, s session.Session, who Principal) Device {
	agent := words.Device(s.UserAgent)
	d := Device{ID: "device-" + s.ID, Name: cmp.Or(s.DeviceName, agent, s.Client, words.Label("unknown_device"))}
	fact := func(label, text string) {
		if text != "" && text != d.Name {
			d.Facts = append(d.Facts, Fact{Label: words.Label(label), Text: text})
		}
	}
	moment := func(label string, at time.Time) {
		if at.IsZero() { // the host's sessions do not know
			return
		}
		at = at.UTC()
		d.Facts = append(d.Facts, Fact{
			Label: words.Label(label), Text: at.Format("2006-01-02 15:04 UTC"), DateTime: at.Format(time.RFC3339),
		})
	}
	moment("device_used", s.UsedAt)
	moment("device_begun", s.CreatedAt)
	fact("device_client", s.Client)
	fact("device_agent", agent)
	if s.Addr.IsValid() {
		fact("device_addr", s.Addr.Unmap().WithZone("").String())
	}
	if s.UserAgent != "" && s.UserAgent != d.Name {
		d.Raw, d.RawLabel = s.UserAgent, words.Label("device_details")
	}
	if s.ID == who.Session {
		d.This, d.End = words.Label("this_device"), p.signOutForm(words, who)
	} else {
		d.End = p.endForm(words, who, s.ID, "submit_end")
	}
	if d.End != nil {
		d.End.DescribedBy = d.ID
	}
	return d
}

func (p *pages) endForm(words locale.Printer, who Principal, which, submit string) *Form {
	return &Form{
		Action: p.at("devices", ""), Submit: words.Label(submit), Busy: words.Label("busy_wait"),
		Hidden: []Hidden{{fieldForm, p.seal(toAccount(pageDevices, who))}, {fieldEnd, which}},
	}
}
