package passwd

import (
	"context"
	"time"
)

// Event is something that an audit log should record. It holds no password,
// token, code or typed identifier, and none can be put into it.
type Event struct {
	Time    time.Time
	Name    EventName
	Account Ref         // the zero Ref when no account is concerned, or known
	Outcome string      // "success" or "failure"
	Reason  string      // why, from a small fixed set: "wrong_password", "expired", …; often ""
	Method  Method      // of a password write, or of an attempt at one
	Kind    MessageKind // of a message
	Channel Channel     // of a message
	JobID   string      // of a message or other job
	Client  Client
	Err     error // the cause, for the log only
}

// EventName is the stable name of an event; methods give its level and
// the nearest word of the OWASP logging vocabulary. Names are API: never renamed.
type EventName string

// The events. Those of package session are there.
const (
	EventSignedIn            EventName = "sign_in.succeeded"
	EventSignInFailed        EventName = "sign_in.failed"
	EventSignInStopped       EventName = "sign_in.stopped" // Limits.StopAfter consecutive failures
	EventChanged             EventName = "password.changed"
	EventChangeFailed        EventName = "password.change_failed"
	EventHashNotJudged       EventName = "password.hash_not_judged" // the hasher cannot read what is stored
	EventRehashed            EventName = "password.rehashed"
	EventResetRequested      EventName = "password.reset_requested"      // a link or a code, for whatever login
	EventTokenRejected       EventName = "password.reset_token_rejected" // a link, code, ticket or "this was not me"
	EventCodeExhausted       EventName = "password.code_attempts_exhausted"
	EventChangeRequired      EventName = "password.change_required"
	EventChangeLifted        EventName = "password.change_lifted"
	EventSuspended           EventName = "password.suspended"
	EventRevoked             EventName = "password.sessions_revoked"
	EventForgotten           EventName = "account.forgotten"
	EventRateLimited         EventName = "password.rate_limited"
	EventNoAddress           EventName = "client.address_missing"         // Client.Addr is zero: all such clients are counted as one
	EventCrossOriginRejected EventName = "password.cross_origin_rejected" // by a face
	EventInputRejected       EventName = "password.input_rejected"        // malformed, or of an unknown application; by a face
	EventNotificationSent    EventName = "notification.sent"
	EventNotificationFailed  EventName = "notification.failed"    // it is tried again
	EventNotificationDropped EventName = "notification.dropped"   // it is not
	EventAfterWriteFailed    EventName = "after_write.failed"     // of Config.AfterWrite, or of a face's Renew: the password is written
	EventUnavailable         EventName = "dependency.unavailable" // something that the service needs is down: see Err
)

// Method tells how a password came to be written.
type Method string

// The methods.
const (
	MethodChange    Method = "change"    // by its owner, signed in
	MethodForced    Method = "forced"    // by its owner, in order to sign in
	MethodReset     Method = "reset"     // by link or code
	MethodTemporary Method = "temporary" // issued
)

// Observer receives events. Observe is called on the request's way and from many
// goroutines: it must be quick and must not block.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// ObserverFunc makes a function an Observer.
type ObserverFunc func(ctx context.Context, e Event)

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, e Event) { f(ctx, e) }
