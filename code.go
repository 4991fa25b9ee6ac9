package passwd

import (
	"context"
	"crypto/hmac"
	"errors"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// RequestCode asks for a one-time code, to be typed.
type RequestCode struct {
	Login   Login
	Channel Channel
	Client  Client
}

// RequestCode is [Service.RequestReset] for a code of 8 digits, good for 10
// minutes, 5 attempts, and together with the returned request only: a fresh
// random token for every login, known or not. Its errors are those of RequestReset.
func (s *Service) RequestCode(ctx context.Context, r RequestCode) (request Token, err error) {
	sd := newSeed()
	if err := s.request(ctx, r.Login, r.Channel, r.Client, &requestTask{taskHead: taskHead{Kind: taskCode, Seed: sd}, TTL: codeTTL}); err != nil {
		return "", err
	}
	return s.keys.token(sd, PurposeCode), nil
}

// RedeemCode exchanges a code for a reset token.
type RedeemCode struct {
	Request Token // what RequestCode returned
	// Code is as typed or copied: decimal digits of any script count, and spaces,
	// dashes and invisible characters around and between them do not.
	Code   OneTimeCode
	Client Client
}

// RedeemCode counts an attempt, and for the right code spends it and issues a
// reset token, good for 10 minutes, in one step. Unknown, expired, exhausted,
// wrong: all are ErrTokenInvalid, after the same work. Failures also count for the
// account, whichever code they were at (T5), those from clients that are known to it
// apart from others, and for the client network. Other errors: a RateLimitError, of
// the network alone, and ErrUnavailable.
func (s *Service) RedeemCode(ctx context.Context, r RedeemCode) (Token, error) {
	g, err := s.newCodeGuess(ctx, r)
	if err != nil {
		return "", err
	}
	typed := r.Code.digits()
	want := g.key.verifier(r.Request, typed)
	right := hmac.Equal(want[:], g.rec.Verifier[:]) && typed != ""
	switch {
	case g.rec.Verifier == (Digest{}):
		return "", g.failed("")
	case g.exhausted:
		return "", g.failed("exhausted")
	case g.throttled:
		return "", g.failed("throttled")
	case !right:
		return "", g.failed("wrong_code")
	}
	if a, err := s.holderOf(ctx, g.rec); err != nil {
		return "", s.rejected(ctx, g.rec, unusable(a, g.rec), r.Client, err)
	}
	// First the counts, then the code: a limiter that fails must not cost the code.
	if _, err := s.limit(ctx, r.Client, Step{Key: g.account, Do: StepClear}); err != nil {
		return "", err
	}
	t, err := s.exchange(ctx, g.rec)
	return t, s.rejected(ctx, g.rec, "spent", r.Client, err)
}

// codeGuess is a code that somebody has typed, and what is counted for it: alike for
// the requests of logins that nobody has (I6).
type codeGuess struct {
	s       *Service
	ctx     context.Context
	client  Client
	rec     TokenRecord // of the live code; only what is for the audit otherwise
	key     purposeKeys
	account string // key of the account's failures on this side
	limit   Limit

	exhausted, throttled bool
	last                 bool // it is the last attempt at this code
}

// What failed attempts at all codes of one account may amount to.
var (
	codesOfOthers = Limit{Free: 100, Window: day}
	codesOfKnown  = Limit{Free: 20, Window: day}
)

// attemptsAtCode are counted by the request alone, whether anybody is mailed or not.
var attemptsAtCode = Limit{Free: codeTries, Window: codeTTL}

func (s *Service) requestKey(request Token) string {
	return s.keys.limiterKey("request", string(request))
}

func (s *Service) codeKey(who []string, known bool) (string, Limit) {
	kind := "code"
	if who[0] == "nobody" { // a flood of these must not evict the others
		kind = "nocode"
	}
	if known {
		return s.keys.limiterKey(kind, append(who, "known")...), codesOfKnown
	}
	return s.keys.limiterKey(kind, append(who, "others")...), codesOfOthers
}

// codeSubject is what an account's codes are counted by: they are of an epoch, which it
// has before it can have any.
func codeSubject(r Ref, epoch int64) []string {
	return []string{"account", r.Tenant, r.ID, strconv.FormatInt(epoch, 10)}
}

func (s *Service) newCodeGuess(ctx context.Context, r RedeemCode) (*codeGuess, error) {
	s.placeless(ctx, r.Client)
	g := &codeGuess{s: s, ctx: ctx, client: r.Client}
	var err error
	g.rec, g.key, err = s.lookUp(ctx, PurposeCode, r.Request, func(ref TokenRef) (TokenRecord, error) {
		return s.store.Peek(ctx, ref, s.now())
	})
	who := codeSubject(g.rec.Account, g.rec.Epoch)
	switch {
	case errors.Is(err, ErrTokenInvalid):
		g.rec.Verifier, g.key = Digest{}, s.keys[0]
		who = []string{"nobody", "", string(r.Request)}
	case err != nil:
		return nil, err
	}
	others, limitOthers := s.codeKey(who, false)
	known, limitKnown := s.codeKey(who, true)
	q, answers, err := s.recognise(ctx, who, g.rec.Account, r.Client,
		Step{Key: s.addressKey(r.Client), Do: StepPeek, Limit: s.cfg.Limits.Address},
		Step{Key: s.requestKey(r.Request), Do: StepTake, Limit: attemptsAtCode, Silent: true},
		Step{Key: others, Do: StepPeek, Limit: limitOthers, Silent: true}, Step{Key: known, Do: StepPeek, Limit: limitKnown, Silent: true})
	if err != nil {
		return nil, err
	}
	g.exhausted, g.last = answers[1].Wait > 0, answers[1].Count == codeTries
	g.account, g.limit, g.throttled = others, limitOthers, answers[2].Wait > 0
	if q.known {
		g.account, g.limit, g.throttled = known, limitKnown, answers[3].Wait > 0
	}
	return g, nil
}

// failed counts a failure and returns ErrTokenInvalid, or the limiter's error.
func (g *codeGuess) failed(reason string) error {
	ctx := context.WithoutCancel(g.ctx) // who hangs up has failed all the same
	steps := []Step{{Key: g.s.addressKey(g.client), Do: StepTake, Limit: g.s.cfg.Limits.Address, Silent: true}}
	if !g.exhausted { // else nobody has guessed anything: one code must not use up the account's failures
		steps = append(steps, Step{Key: g.account, Do: StepTake, Limit: g.limit, Silent: true})
	}
	if _, err := g.s.limit(ctx, g.client, steps...); err != nil {
		return err
	}
	if g.last && reason == "wrong_code" {
		g.s.Observe(ctx, Event{Name: EventCodeExhausted, Account: g.rec.Account, Outcome: outcomeFailure, Client: g.client})
	}
	return g.s.rejectToken(ctx, g.rec, reason, g.client)
}

// exchange spends a code and issues the reset token it stood for.
func (s *Service) exchange(ctx context.Context, code TokenRecord) (Token, error) {
	t := s.keys.token(newSeed(), PurposeReset)
	now := s.now()
	err := s.store.Issue(ctx, TokenRecord{
		TokenRef: s.keys.ref(PurposeReset, t),
		Account:  code.Account, Epoch: code.Epoch, Address: code.Address, Requester: code.Requester,
		IssuedAt: now, ExpiresAt: now.Add(codeTTL),
	}, 0, &code.TokenRef)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		err = ErrTokenInvalid // the epoch has moved, or the account is gone: the code is dead too
	}
	if err != nil {
		return "", s.fault(ctx, err)
	}
	return t, nil
}

// maxTyped is how many bytes of a typed code are looked at: eight digits and what
// may come along when they are copied.
const maxTyped = 256

// digits returns a code as it was made from one as it was typed or copied: the
// decimal digits of any script, without the spaces, dashes and invisible characters
// around and between them. It returns "" for what has anything else in it, and for
// other than 8 digits.
func (c OneTimeCode) digits() OneTimeCode {
	if len(c) > maxTyped {
		return ""
	}
	var found [codeDigits]byte
	n := 0
	for _, r := range string(c) {
		value, isDigit := decimal(r)
		switch {
		case isDigit && n < codeDigits:
			found[n] = '0' + value
			n++
		case isDigit, !ornament(r):
			return ""
		}
	}
	if n < codeDigits {
		return ""
	}
	return OneTimeCode(found[:])
}

// decimal returns the value of a decimal digit (Unicode, general category Nd). They
// come in sets of ten that begin with zero; sets may adjoin.
func decimal(r rune) (value byte, ok bool) {
	if r < utf8.RuneSelf {
		return byte(r - '0'), '0' <= r && r <= '9'
	}
	for _, set := range unicode.Nd.R16 {
		if rune(set.Lo) <= r && r <= rune(set.Hi) {
			return byte((r - rune(set.Lo)) % 10), true
		}
	}
	for _, set := range unicode.Nd.R32 {
		if rune(set.Lo) <= r && r <= rune(set.Hi) {
			return byte((r - rune(set.Lo)) % 10), true
		}
	}
	return 0, false
}

// ornament reports what keyboards, mail programs and typesetting put around and
// between digits: spaces, dashes, and what is not seen, such as isolates.
func ornament(r rune) bool {
	switch r {
	case 'ー', 'ｰ', '─': // what Japanese input methods offer for a dash
		return true
	case '\u2800': // BRAILLE PATTERN BLANK
		return true
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) ||
		unicode.In(r, unicode.Zs, unicode.Dash, unicode.Pd, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
