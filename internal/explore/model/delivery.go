package model

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// Job is a message that waits, or a call of Config.AfterWrite.
type Job struct {
	ID       string // as the service names it; "" until the test has told
	At, Due  time.Time
	NotAfter time.Time
	Attempts int
	once     string     // a waiting job with the same absorbs it
	Absorbed bool       // it has been
	Hook     bool       // it is not a message: the host is told about a password write
	Account  passwd.Ref // whose password that is

	key     string // absorbs requests with the same, unless it is ""
	request Request
	code    string // of a request for a code: the raw request
	notice  Message
	keys    string // the set under which it was asked for
	token   *token // that its link carries, once there is one
	typed   *token // and its code
}

// Request asks for a link or, with Code, for a code.
type Request struct {
	Login      passwd.Login
	Channel    passwd.Channel
	TTL        time.Duration
	UserKey    bool
	TellShared bool
	Code       bool
	Client     passwd.Client
}

// Message is what the model knows of one.
type Message struct {
	Kind     passwd.MessageKind
	To       passwd.Address
	Account  passwd.Ref
	Username string
	At       time.Time
	Expires  time.Time
	Page     string // that its link opens
	Client   netip.Addr
}

// Request puts a request on the queue, whatever the login. made is the raw request for
// a code.
func (m *Model) Request(r Request, made string) Answer {
	if r.TTL == 0 {
		r.TTL = time.Hour
	}
	if r.Code {
		r.TTL = 10 * time.Minute
	}
	switch {
	case r.TTL < 0, r.TTL > 24*time.Hour, !validLogin(r.Login), m.Only != nil && *m.Only != r.Login.Tenant:
		return refuse(passwd.CodeInvalidRequest)
	}
	r.Login.Value = fold(r.Login.Value)
	from := network(r.Client)
	counts := []count{m.count(m.Limits.ResetRequests, "reset", from), m.count(m.Limits.Messages, "messages", r.Login.Tenant, r.Login.Value, from)}
	if w := m.take(counts...); w > 0 {
		return wait(w)
	}
	key := "" // of which one is enough
	if !r.Code {
		key = m.key(r.Login, r.Channel, r.UserKey, r.TTL, r.TellShared, from, string(r.Client.Device))
	}
	if m.full() {
		m.takeBack(counts...)
		return refuse(passwd.CodeBusy)
	}
	if key != "" && slices.ContainsFunc(m.Jobs, func(j *Job) bool { return j.key == key }) {
		return Answer{}
	}
	m.Jobs = append(m.Jobs, &Job{At: m.Now, Due: m.Now, NotAfter: m.Now.Add(r.TTL), key: key, request: r, code: made, keys: m.Keys})
	return Answer{}
}

func (m *Model) RevealMatches(l passwd.Login, c passwd.Client) Answer {
	if !validLogin(l) {
		return refuse(passwd.CodeInvalidRequest)
	}
	if w := m.take(m.count(m.Limits.ResetRequests, "reveal", network(c))); w > 0 {
		return wait(w)
	}
	return Answer{N: len(m.matches(l))}
}

// put puts a job on the queue, if there is room or it needs none.
func (m *Model) put(j *Job, always bool) bool {
	switch {
	case !always && m.full():
		return false
	case j.once != "" && slices.ContainsFunc(m.Jobs, func(o *Job) bool { return o.once == j.once }):
		j = &Job{Absorbed: true} // until it has its name
	}
	m.Jobs = append(m.Jobs, j)
	return true
}

// full is whether the queue takes nothing more, what it would absorb included.
func (m *Model) full() bool {
	n := 0
	for _, j := range m.Jobs {
		if !j.Absorbed {
			n++
		}
	}
	return n >= m.MaxJobs
}

// notifyOnce is notify unless the same waits already; false if the queue is full.
func (m *Model) notifyOnce(a *Account, kind passwd.MessageKind, client passwd.Client, once string) bool {
	all := true
	for _, to := range a.addresses() {
		all = m.put(&Job{
			At: m.Now, Due: m.Now, NotAfter: m.Now.Add(72 * time.Hour), once: fmt.Sprint(once, to),
			notice: Message{kind, to, a.Ref, a.Username, m.Now, time.Time{}, "/forgot", client.Addr},
		}, false) && all
	}
	return all
}

// notify tells every confirmed address of an account what happened.
func (m *Model) notify(a *Account, kind passwd.MessageKind, expires time.Time, client passwd.Client, cancel *token, always bool) {
	page := "/forgot"
	if cancel != nil {
		page = "/cancel"
	}
	for _, to := range a.addresses() {
		m.put(&Job{
			At: m.Now, Due: m.Now, NotAfter: m.Now.Add(72 * time.Hour), token: cancel,
			notice: Message{kind, to, a.Ref, a.Username, m.Now, expires, page, client.Addr},
		}, always)
	}
}

// Deliver takes a job in hand and returns the message that it sends, nil for none.
// learn tells the raw token and code in the message that was sent.
func (m *Model) Deliver(j *Job, learn func() (token, code string)) *Message {
	j.Attempts++
	if !m.Now.Before(j.NotAfter) {
		return nil
	}
	message := &j.notice
	if message.Kind == "" {
		if message = m.compose(j); message == nil {
			return nil
		}
	}
	raw, code := learn()
	if j.token != nil {
		m.add(raw, j.token)
	}
	if j.typed != nil {
		j.typed.code = code
		m.add(j.code, j.typed)
	}
	return message
}

func (m *Model) compose(j *Job) *Message {
	only := m.Only
	m.Only = nil // a job may be of any tenant
	defer func() { m.Only = only }()
	r := j.request
	message := &Message{At: j.At, Client: r.Client.Addr, Page: "/forgot"}
	found := m.matches(r.Login)
	if len(found) > 1 && r.TellShared {
		return m.composeShared(j, found, message)
	}
	if len(found) != 1 || !found[0].open() {
		return nil
	}
	a := found[0]
	to, ok := destination(a, r.Login, r.Channel)
	if !ok {
		return nil
	}
	noCodes := m.waits(m.codes(a, a.Epoch, r.Client))
	if j.Attempts == 1 && !m.mayMail(a, r.Client) {
		return nil
	}
	m.Pin(a)
	expires, types := j.NotAfter, r.Code && noCodes == 0
	message.Kind = passwd.MessageResetCode
	if !types {
		message.Kind = passwd.MessageResetLink
	}
	if sms := j.At.Add(10 * time.Minute); to.Channel == passwd.SMSChannel && sms.Before(expires) {
		expires = sms
	}
	if !m.Now.Before(expires) {
		return nil
	}
	made := func(at **token, purpose passwd.Purpose, max int) bool {
		if *at != nil { // it is tried again
			return (*at).ref == a.Ref && (*at).address == addressKey(to) && m.live(*at, j.At)
		}
		fresh := &token{purpose: purpose, ref: a.Ref, epoch: a.Epoch, address: addressKey(to), from: j.keys + m.requester(a, r.Client), issued: j.At, expires: expires}
		if !m.makeRoom(fresh, max) {
			return false
		}
		*at = fresh
		m.add(fmt.Sprintf("unseen %p", fresh), fresh)
		return true
	}
	if !types || to.Channel == passwd.EmailChannel {
		message.Page = "/reset"
		if !made(&j.token, passwd.PurposeReset, m.Limits.LiveLinks) {
			return nil
		}
	}
	if types && !made(&j.typed, passwd.PurposeCode, 1) {
		return nil
	}
	message.To, message.Account, message.Username, message.Expires = to, a.Ref, a.Username, expires
	return message
}

// composeShared tells an address that several accounts have it.
func (m *Model) composeShared(j *Job, found []*Account, message *Message) *Message {
	for _, a := range found {
		for _, own := range a.addresses() {
			if a.open() && fold(own.Value) == j.request.Login.Value && (j.request.Channel == "" || j.request.Channel == own.Channel) {
				told := m.count(passwd.Limit{Free: m.Limits.LiveLinks, Window: time.Hour}, "shared", j.request.Login.Tenant, j.request.Login.Value)
				if j.Attempts == 1 && m.take(told) > 0 {
					return nil
				}
				message.Kind, message.To = passwd.MessageSharedAddress, own
				message.Account.Tenant = j.request.Login.Tenant
				return message
			}
		}
	}
	return nil
}

// destination is the confirmed address that the login names, else the first one of
// the channel.
func destination(a *Account, l passwd.Login, ch passwd.Channel) (passwd.Address, bool) {
	own := slices.DeleteFunc(a.addresses(), func(own passwd.Address) bool { return ch != "" && own.Channel != ch })
	named := slices.IndexFunc(own, func(own passwd.Address) bool { return l.Kind != passwd.Username && fold(own.Value) == l.Value })
	switch {
	case named >= 0:
		return own[named], true
	case len(own) > 0:
		return own[0], true
	}
	return passwd.Address{}, false
}

// Done takes a job off the queue.
func (m *Model) Done(j *Job) {
	m.Jobs = slices.DeleteFunc(m.Jobs, func(other *Job) bool { return other == j })
}

// CodeRequest is the raw request that the code of a job is for.
func (m *Model) CodeRequest(j *Job) string { return j.code }
