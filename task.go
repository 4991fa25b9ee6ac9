package passwd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// task is what a job's seal covers: a request for a link or code, a notice, or the
// promise of a host's AfterWrite. It holds no token and no code, only the seed that
// they grow from under the service's keys.
type task interface {
	// describe tells an event what the task is about, and returns the names of what
	// can become of it.
	describe(e *Event) taskEvents
	// do does it. An errDrop says that trying again would not help.
	do(ctx context.Context, s *Service, j Job, e *Event) error
	head() *taskHead
}

// taskHead is the form that all tasks have in common.
type taskHead struct {
	Kind   taskKind
	At     time.Time
	Seed   seed
	Client Client

	// keys holds the key that opened the job, alone: what grows from the seed grows
	// under the key of the job, so that it is what was promised when the job was made,
	// whatever key is current at its delivery.
	keys keyring
}

func (h *taskHead) head() *taskHead { return h }

type taskKind string

const (
	taskLink       taskKind = "link"
	taskCode       taskKind = "code"
	taskNotice     taskKind = "notice"
	taskAfterWrite taskKind = "after_write"
	taskInvitation taskKind = "invitation"
	taskSentReset  taskKind = "sent_reset"
)

// taskEvents are the names of what can become of a task; "" is not told.
type taskEvents struct {
	done, failed, dropped EventName
	dropReason            string // where dropping it has no other
}

var (
	messageEvents    = taskEvents{done: EventNotificationSent, failed: EventNotificationFailed, dropped: EventNotificationDropped}
	afterWriteEvents = taskEvents{failed: EventAfterWriteFailed, dropped: EventAfterWriteFailed, dropReason: "expired"}
)

// requestTask is a request for a link or code.
type requestTask struct {
	taskHead
	Login      Login
	Channel    Channel       `json:",omitempty"`
	Form       form          `json:",omitempty"`
	TTL        time.Duration `json:",omitempty"`
	TellShared bool          `json:",omitempty"`
	SharedText string        `json:",omitempty"`
	Device     string        `json:",omitempty"` // what Client.Device was
}

func (t *requestTask) describe(e *Event) taskEvents {
	e.Client = t.Client
	return messageEvents
}

func (t *requestTask) do(ctx context.Context, s *Service, j Job, e *Event) error {
	s.hands.letAnswer(ctx, s.now().Sub(t.At))
	m, err := s.composeRequested(ctx, t, j.Attempts)
	return s.deliver(ctx, j, m, err, e)
}

// noticeTask tells an address what happened to its account.
type noticeTask struct {
	taskHead
	Message  MessageKind
	Account  Ref
	To       Address
	Username string    `json:",omitempty"`
	Locale   string    `json:",omitempty"`
	Until    time.Time `json:",omitzero"`
	Cancel   bool      `json:",omitempty"` // the seed is that of a "this was not me" token
}

func (t *noticeTask) describe(e *Event) taskEvents {
	e.Account, e.Kind, e.Client = t.Account, t.Message, t.Client
	return messageEvents
}

func (t *noticeTask) do(ctx context.Context, s *Service, j Job, e *Event) error {
	m, err := s.composeNotice(ctx, t)
	return s.deliver(ctx, j, m, err, e)
}

// deliver hands a message to the notifier, unless it could not be composed.
func (s *Service) deliver(ctx context.Context, j Job, m Message, err error, e *Event) error {
	if err != nil {
		switch {
		case errors.Is(err, errQuota):
			e.Reason = "account_quota"
		case errors.Is(err, errDrop):
			e.Reason = "no_recipient"
		}
		return err
	}
	m.ID = j.ID
	e.Account, e.Kind, e.Channel = m.Account, m.Kind, m.Channel
	end, err := s.hands.begin(ctx, m.Channel, j.Attempts > 1)
	if err != nil {
		return err
	}
	defer end()
	err = s.cfg.Notify.Notify(ctx, m)
	if errors.Is(err, ErrUndeliverable) {
		e.Reason = "undeliverable"
		err = errors.Join(errDrop, err)
	}
	return err
}

// afterWriteTask is the promise that the host's AfterWrite is called.
type afterWriteTask struct {
	taskHead
	Written Written
}

func (t *afterWriteTask) describe(e *Event) taskEvents {
	e.Account, e.Method = t.Written.Account, t.Written.Method
	return afterWriteEvents
}

func (t *afterWriteTask) do(ctx context.Context, s *Service, j Job, _ *Event) error {
	if s.cfg.AfterWrite == nil {
		return errDrop
	}
	end, err := s.hands.begin(ctx, "", j.Attempts > 1)
	if err != nil {
		return err
	}
	defer end()
	return s.cfg.AfterWrite(ctx, t.Written)
}

// job seals a task.
func (s *Service) job(t task, key string, due, until time.Time) Job {
	id := uuid.Must(uuid.NewV7()).String()
	plain, err := json.Marshal(t)
	if err != nil {
		panic(err) // unreachable: every field has a JSON form
	}
	_, requested := t.(*requestTask)
	return Job{ID: id, Key: key, Sealed: s.keys.seal(id, plain), Urgent: requested, NotBefore: due, NotAfter: until}
}

// openTask reads what job has sealed.
func (s *Service) openTask(j Job) (task, error) {
	plain, keys, err := s.keys.open(j.ID, j.Sealed)
	if err != nil {
		return nil, err
	}
	var head taskHead
	if err := json.Unmarshal(plain, &head); err != nil {
		return nil, err
	}
	var t task
	switch head.Kind {
	case taskLink, taskCode:
		t = new(requestTask)
	case taskNotice:
		t = new(noticeTask)
	case taskInvitation, taskSentReset:
		t = new(sentTask)
	case taskAfterWrite:
		t = new(afterWriteTask)
	default:
		return nil, fmt.Errorf("passwd: a job of the unknown kind %q", head.Kind)
	}
	err = json.Unmarshal(plain, t)
	t.head().keys = keys
	return t, err
}

type noticeDetail struct {
	at     time.Time
	until  time.Time // of a temporary password
	client Client
	locale string // where the account has none; "" leaves it to the notifier
	cancel *seed
	once   string // a waiting job for the same absorbs this one; "" is never absorbed
}

// notices are the jobs that tell an account's owner what happened, one for each
// confirmed address, so that one that cannot be reached delays no other (M1).
func (s *Service) notices(a Account, kind MessageKind, d noticeDetail) []Job {
	jobs := make([]Job, len(a.Address))
	for i, to := range a.Address {
		t := &noticeTask{
			taskHead: taskHead{Kind: taskNotice, At: d.at, Client: d.client.trimmed()},
			Message:  kind, Account: a.Ref, To: to, Username: a.Username, Locale: cmp.Or(a.Locale, d.locale), Until: d.until,
		}
		if d.cancel != nil {
			t.Seed, t.Cancel = *d.cancel, true
		}
		key := ""
		if d.once != "" {
			key = s.keys.limiterKey("notice", d.once, string(to.Channel), to.Value)
		}
		jobs[i] = s.job(t, key, d.at, d.at.Add(noticeLife))
	}
	return jobs
}

// afterWriteJob is the promise that AfterWrite is called. It is due a lease
// later: until then the request that made the write is at it.
func (s *Service) afterWriteJob(w Written) []Job {
	if s.cfg.AfterWrite == nil {
		return nil
	}
	t := &afterWriteTask{taskHead: taskHead{Kind: taskAfterWrite, At: w.At}, Written: w}
	return []Job{s.job(t, "", w.At.Add(s.cfg.JobLease), w.At.Add(afterWriteLife))}
}
