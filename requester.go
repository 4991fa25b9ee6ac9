package passwd

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// requester is who asks, as far as a quota needs to know: a client network, or a
// device that is known to the account.
type requester struct {
	known  bool   // a right sign-in to the account came from there within a month
	id     string // what it is, for a digest
	seen   string // key that remembers the network; "" for none
	fresh  bool   // and does so for long
	device string // key of the failures of a known device; "" for none
}

const (
	rememberNetwork = 30 * 24 * time.Hour // how long a network, or device, is known
	renewNetwork    = 29 * 24 * time.Hour // if less than this is left, it is remembered anew
	maxDeviceTries  = 10                  // failures that make a device unknown
)

var (
	onceAMonth  = Limit{Free: 1, Window: rememberNetwork}
	deviceTries = Limit{Free: maxDeviceTries, Window: rememberNetwork}
)

// recognise asks who a client is to an account, in one call with the given steps,
// which may refuse it, and returns their answers too.
func (s *Service) recognise(ctx context.Context, who []string, r Ref, c Client, steps ...Step) (requester, []Taken, error) {
	q := requester{id: network(c.Addr)}
	n := len(steps)
	if c.Addr.IsValid() { // else the network is nobody's
		q.seen = s.keys.groupKey("seen", who[:3], q.id)
		steps = append(steps, Step{Key: q.seen, Do: StepPeek, Limit: onceAMonth, Silent: true})
	}
	device, held := s.keys.knownDevice(c.Device, r, s.now())
	if held {
		q.device = s.keys.limiterKey("device", device)
		steps = append(steps, Step{Key: q.device, Do: StepPeek, Limit: deviceTries, Silent: true})
	}
	answers, err := s.limit(ctx, c, steps...)
	if err != nil {
		return q, nil, err
	}
	at := n
	if q.seen != "" {
		q.known, q.fresh = answers[at].Count > 0, answers[at].Wait > renewNetwork
		at++
	}
	if held && answers[at].Count < maxDeviceTries {
		q.known, q.id = true, "device "+device
	}
	return q, answers[:n], nil
}

// placeless reports a client without an address: it shares its limits with all others
// that have none.
func (s *Service) placeless(ctx context.Context, c Client) {
	if !c.Addr.IsValid() {
		s.Observe(ctx, Event{Name: EventNoAddress, Outcome: outcomeFailure, Client: c})
	}
}

// remember are the steps by which a network is known from now on.
func (q requester) remember() []Step {
	if q.seen == "" || q.fresh {
		return nil
	}
	return []Step{ // cleared first, so that the month is counted from now
		{Key: q.seen, Do: StepClear},
		{Key: q.seen, Do: StepTake, Limit: onceAMonth, Silent: true},
	}
}

// limit asks the limiter. A step that has to wait, and is not silent, is a
// RateLimitError.
func (s *Service) limit(ctx context.Context, c Client, steps ...Step) ([]Taken, error) {
	answers, err := s.limiter.Do(ctx, s.now(), steps...)
	if err == nil && len(answers) != len(steps) {
		err = errors.New("passwd: the limiter gave a different number of answers than it had steps")
	}
	if err != nil {
		return nil, s.fault(ctx, err)
	}
	var wait time.Duration
	for i, a := range answers {
		if !steps[i].Silent {
			wait = max(wait, a.Wait)
		}
	}
	if wait > 0 {
		s.Observe(ctx, Event{Name: EventRateLimited, Outcome: outcomeFailure, Client: c})
		return nil, &RateLimitError{Wait: wait}
	}
	return answers, nil
}

func (s *Service) addressKey(c Client) string { return s.keys.limiterKey("address", network(c.Addr)) }

// A device token says that a right sign-in to an account was made on a device. A
// browser keeps it as a cookie, so that an owner whose network changes is not taken
// for a stranger while strangers guess. It opens nothing, and who has none loses
// nothing.
const (
	deviceNonce = 16
	deviceDay   = 4
	deviceMAC   = 12 // together 32 bytes, as any Token
)

const day = 24 * time.Hour

// newDevice makes the token of a device that has just signed in to an account.
func (k keyring) newDevice(r Ref, now time.Time) Token {
	raw := make([]byte, deviceNonce, deviceNonce+deviceDay+deviceMAC)
	rand.Read(raw)
	raw = binary.BigEndian.AppendUint32(raw, uint32(now.Unix()/int64(day/time.Second)))
	raw = append(raw, k[0].deviceMAC(r, raw)...)
	return Token(base64.RawURLEncoding.EncodeToString(raw))
}

// knownDevice reports whether a token is of a device that has signed in to an account
// within a month, and what to count it by.
func (k keyring) knownDevice(t Token, r Ref, now time.Time) (id string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(t))
	if err != nil || len(raw) != deviceNonce+deviceDay+deviceMAC {
		return "", false
	}
	signed, mac := raw[:deviceNonce+deviceDay], raw[deviceNonce+deviceDay:]
	for _, keys := range k {
		ok = hmac.Equal(keys.deviceMAC(r, signed), mac) || ok
	}
	since := now.Sub(time.Unix(int64(binary.BigEndian.Uint32(signed[deviceNonce:]))*int64(day/time.Second), 0))
	if !ok || since < -day || since > rememberNetwork+day {
		return "", false
	}
	return string(raw[:deviceNonce]), true
}

func (purpose purposeKeys) deviceMAC(r Ref, signed []byte) []byte {
	sum := mac(purpose.device, r.Tenant, r.ID, string(signed))
	return sum[:deviceMAC]
}
