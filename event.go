package passwd

import (
	"context"
	"log/slog"
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
	EventChangedOutside      EventName = "password.changed_outside" // the hash was written past the library: seen at a sign-in
	EventWrittenBack         EventName = "password.written_back"    // an earlier hash is in the place of a later one: it is refused
	EventRehashed            EventName = "password.rehashed"
	EventResetRequested      EventName = "password.reset_requested" // a link or a code, for whatever login
	EventInvited             EventName = "account.invited"
	EventTokenRejected       EventName = "password.reset_token_rejected" // a link, code, ticket or "this was not me"
	EventCodeExhausted       EventName = "password.code_attempts_exhausted"
	EventChangeRequired      EventName = "password.change_required"
	EventChangeLifted        EventName = "password.change_lifted"
	EventSuspended           EventName = "password.suspended"
	EventRevoked             EventName = "password.sessions_revoked"
	EventForgotten           EventName = "account.forgotten"
	EventRateLimited         EventName = "password.rate_limited"
	EventNoAddress           EventName = "client.address_missing"         // Client.Addr is zero: all such clients are counted as one
	EventCrossOriginRejected EventName = "password.cross_origin_rejected" // by a face; Err names the origin
	EventMisrouted           EventName = "request.misrouted"              // for a page or route of a face, below another path than its own: once
	EventInputRejected       EventName = "password.input_rejected"        // malformed, or of an unknown application; by a face
	EventNotificationSent    EventName = "notification.sent"
	EventNotificationFailed  EventName = "notification.failed"    // it is tried again
	EventNotificationDropped EventName = "notification.dropped"   // it is not
	EventOverdue             EventName = "notification.overdue"   // jobs wait for a minute and more: nothing calls Run, here or elsewhere
	EventAfterWriteFailed    EventName = "after_write.failed"     // of Config.AfterWrite, or of a face's Renew: the password is written
	EventUnavailable         EventName = "dependency.unavailable" // something that the service needs is down: see Err
)

// Method tells how a password came to be written.
type Method string

// The methods.
const (
	MethodChange     Method = "change"     // by its owner, signed in
	MethodForced     Method = "forced"     // by its owner, in order to sign in
	MethodReset      Method = "reset"      // by link or code
	MethodTemporary  Method = "temporary"  // issued
	MethodFirst      Method = "first"      // the first one, by SetFirst
	MethodInvitation Method = "invitation" // the first one, by the link of an Invite
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

// SlogObserver returns an observer that logs each event with l, or with
// slog.Default if l is nil: the name as message, the rest as attributes, at the
// level of [EventName.Level]. The one exception is an [EventNotificationDropped]
// with the reason "no_recipient": anybody causes it by typing unknown logins, so it
// is Info. Client addresses are personal data; drop "client.address" with the
// handler's ReplaceAttr where they must not be kept.
func SlogObserver(l *slog.Logger) Observer {
	return ObserverFunc(func(ctx context.Context, e Event) {
		logger := l
		if logger == nil {
			logger = slog.Default()
		}
		if level := e.level(); logger.Enabled(ctx, level) {
			logger.LogAttrs(ctx, level, string(e.Name), e.attrs()...)
		}
	})
}

// level is that of the name, but for a message that nobody is there to get: no one
// may raise an alarm by asking for links.
func (e Event) level() slog.Level {
	if e.Name == EventNotificationDropped && e.Reason == "no_recipient" {
		return slog.LevelInfo
	}
	return e.Name.Level()
}

func (e Event) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("outcome", e.Outcome)}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("owasp.event", e.Name.OWASP())
	add("user.tenant", e.Account.Tenant)
	add("user.id", e.Account.ID)
	add("reason", e.Reason)
	add("method", string(e.Method))
	add("message.kind", string(e.Kind))
	add("message.channel", string(e.Channel))
	add("job.id", e.JobID)
	if e.Client.Addr.IsValid() {
		add("client.address", e.Client.Addr.String())
	}
	add("request.id", e.Client.RequestID)
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	return attrs
}

// owasp holds the nearest word of the OWASP logging vocabulary, and the level.
var owasp = map[EventName]struct {
	word  string
	level slog.Level
}{
	EventSignedIn:            {"authn_login_success", slog.LevelInfo},
	EventSignInFailed:        {"authn_login_fail", slog.LevelWarn},
	EventSignInStopped:       {"authn_login_fail_max", slog.LevelWarn},
	EventChanged:             {"authn_password_change", slog.LevelInfo},
	EventChangeFailed:        {"authn_password_change_fail", slog.LevelWarn},
	EventHashNotJudged:       {"", slog.LevelError},
	EventChangedOutside:      {"authn_password_change", slog.LevelInfo},
	EventWrittenBack:         {"", slog.LevelError},
	EventRehashed:            {"", slog.LevelInfo},
	EventResetRequested:      {"authn_token_created", slog.LevelInfo},
	EventInvited:             {"authn_token_created", slog.LevelInfo},
	EventTokenRejected:       {"authn_token_reuse", slog.LevelWarn},
	EventCodeExhausted:       {"authn_login_fail_max", slog.LevelWarn},
	EventChangeRequired:      {"user_updated", slog.LevelInfo},
	EventChangeLifted:        {"user_updated", slog.LevelInfo},
	EventSuspended:           {"user_updated", slog.LevelWarn},
	EventRevoked:             {"session_expired", slog.LevelInfo},
	EventForgotten:           {"user_deleted", slog.LevelInfo},
	EventRateLimited:         {"excess_rate_limit_exceeded", slog.LevelWarn},
	EventNoAddress:           {"", slog.LevelWarn},
	EventCrossOriginRejected: {"malicious_csrf", slog.LevelWarn},
	EventMisrouted:           {"", slog.LevelError},
	EventInputRejected:       {"input_validation_fail", slog.LevelWarn},
	EventNotificationSent:    {"", slog.LevelInfo},
	EventNotificationFailed:  {"", slog.LevelError},
	EventNotificationDropped: {"", slog.LevelError},
	EventOverdue:             {"", slog.LevelError},
	EventAfterWriteFailed:    {"", slog.LevelError},
	EventUnavailable:         {"", slog.LevelError},

	// Of package session.
	"session.started":      {"authn_token_created", slog.LevelInfo},
	"session.ended":        {"session_expired", slog.LevelInfo},
	"session.token_reused": {"authn_token_reuse", slog.LevelWarn},
}

// OWASP returns the nearest word of the OWASP logging vocabulary, or "" if there is
// none, as for a name from outside this module.
func (n EventName) OWASP() string { return owasp[n].word }

// Level returns the level of the event: Info, Warn or Error. A name from outside
// this module is Info. [SlogObserver] makes one exception.
func (n EventName) Level() slog.Level { return owasp[n].level }
