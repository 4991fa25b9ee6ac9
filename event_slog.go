package passwd

import (
	"context"
	"log/slog"
)

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
	EventRehashed:            {"", slog.LevelInfo},
	EventResetRequested:      {"authn_token_created", slog.LevelInfo},
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
	EventInputRejected:       {"input_validation_fail", slog.LevelWarn},
	EventNotificationSent:    {"", slog.LevelInfo},
	EventNotificationFailed:  {"", slog.LevelError},
	EventNotificationDropped: {"", slog.LevelError},
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
