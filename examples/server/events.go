package main

import (
	"context"
	"encoding/json"
	"log"
	"time"

	"github.com/passwd-go/passwd"
)

// eventLog is the app's observer. An observer should be quick, and a real app
// would hand events to its logger; here they are rows, written before the answer
// goes out, so that a killed server has lost none.
type eventLog struct {
	db  *database
	log *log.Logger

	turn chan struct{} // writers wait here rather than in SQLite, which polls
}

func newEventLog(db *database, l *log.Logger) *eventLog {
	return &eventLog{db: db, log: l, turn: make(chan struct{}, 1)}
}

// eventPatience is how long a request waits for its event to be written, whether
// its client is still there or not.
const eventPatience = 5 * time.Second

// event is an event as /dev/events shows it.
type event struct {
	Time    time.Time   `json:"time"`
	Name    string      `json:"name"`
	Level   string      `json:"level"`
	Outcome string      `json:"outcome"`
	Reason  string      `json:"reason,omitempty"`
	Account *eventOwner `json:"account,omitempty"`
	Method  string      `json:"method,omitempty"`
	Kind    string      `json:"kind,omitempty"`
	Channel string      `json:"channel,omitempty"`
	JobID   string      `json:"job_id,omitempty"`
	Addr    string      `json:"addr,omitempty"`
	Agent   string      `json:"user_agent,omitempty"`
	Error   string      `json:"error,omitempty"`
}

type eventOwner struct {
	Tenant string `json:"tenant"`
	ID     string `json:"id"`
}

// Observe implements passwd.Observer.
func (l *eventLog) Observe(ctx context.Context, e passwd.Event) {
	row := event{
		Time: e.Time, Name: string(e.Name), Level: e.Name.Level().String(), Outcome: e.Outcome, Reason: e.Reason,
		Method: string(e.Method), Kind: string(e.Kind), Channel: string(e.Channel), JobID: e.JobID,
		Agent: e.Client.UserAgent,
	}
	if e.Account != (passwd.Ref{}) {
		row.Account = &eventOwner{e.Account.Tenant, e.Account.ID}
	}
	if e.Client.Addr.IsValid() {
		row.Addr = e.Client.Addr.String()
	}
	if e.Err != nil {
		row.Error = e.Err.Error()
	}
	body, err := json.Marshal(row)
	switch held, ok := ctx.Value(heldKey{}).(*heldEvents); {
	case err != nil:
	case ok:
		held.bodies = append(held.bodies, heldEvent{string(body), e.Outcome == "success"})
	default:
		err = l.insert(ctx, string(body))
	}
	if err != nil {
		l.log.Printf("event %s not written: %v", e.Name, err)
	}
}

// heldEvents are those of a transaction of the app's. On SQLite, which has one writer,
// another connection would wait for its end to write them.
type heldEvents struct{ bodies []heldEvent }

type heldEvent struct {
	body    string
	success bool
}

type heldKey struct{}

// release writes what was held once the transaction is over. If it was rolled back,
// nothing in it has succeeded.
func (l *eventLog) release(ctx context.Context, held *heldEvents, committed bool) {
	for _, e := range held.bodies {
		if e.success && !committed {
			continue
		}
		if err := l.insert(ctx, e.body); err != nil {
			l.log.Printf("event not written: %v", err)
		}
	}
}

func (l *eventLog) insert(ctx context.Context, body string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventPatience)
	defer cancel()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return l.db.exec(ctx, `INSERT INTO demo_events (body) VALUES (?)`, body)
}

// all returns every event, oldest first.
func (l *eventLog) all(ctx context.Context) ([]json.RawMessage, error) {
	rows, err := l.db.query(ctx, `SELECT body FROM demo_events ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []json.RawMessage{}
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		all = append(all, json.RawMessage(body))
	}
	return all, down(rows.Err())
}
