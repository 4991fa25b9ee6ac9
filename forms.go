package passwd

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"
)

// SealForm encrypts what a form or a cookie carries from one request to the next,
// with AES-256-GCM under a key derived from the current one, and bound to a purpose:
// whoever reads it or sends it back can neither read nor alter the content. The result is
// base64url without padding.
func (s *Service) SealForm(purpose string, plain []byte) string {
	sealer := s.keys[0].formSealer()
	nonce := make([]byte, sealer.NonceSize(), sealer.NonceSize()+len(plain)+sealer.Overhead())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(sealer.Seal(nonce, nonce, plain, []byte(purpose)))
}

// OpenForm returns what SealForm was given, under any of the keys; false for what
// SealForm has not made, or made for another purpose.
func (s *Service) OpenForm(purpose, sealed string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, false
	}
	for _, keys := range s.keys {
		sealer := keys.formSealer()
		if size := sealer.NonceSize(); len(raw) >= size {
			if plain, err := sealer.Open(nil, raw[:size], raw[size:], []byte(purpose)); err == nil {
				return plain, true
			}
		}
	}
	return nil, false
}

// formSealer is under a key of its own: pages are shown far more often than jobs are
// sealed, and no number of them is to wear out the key of those.
func (purpose purposeKeys) formSealer() cipher.AEAD {
	key := mac(purpose.digest, "form key")
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // unreachable: the key has 32 bytes
	}
	sealer, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // unreachable: AES has blocks of 16 bytes
	}
	return sealer
}

// TokenAccount returns the account of a live token, without its hash: a page shows it to
// whoever has opened the link. It spends nothing. The account of a code must stay hidden
// until the code is right, so PurposeCode is ErrInvalidRequest. Other errors:
// ErrTokenInvalid, ErrUnavailable.
func (s *Service) TokenAccount(ctx context.Context, p Purpose, t Token, c Client) (Account, error) {
	switch p {
	case PurposeReset, PurposeTicket, PurposeCancel, PurposeInvitation:
	default:
		return Account{}, ErrInvalidRequest
	}
	rec, a, err := s.redeemable(ctx, p, t, c)
	if err != nil {
		return Account{}, err
	}
	if p == PurposeTicket && (a.Must == NoReason || a.Must == Compromised || s.unusable(a) != nil) {
		return Account{}, s.rejectToken(ctx, rec, "account", c)
	}
	a.Hash = ""
	return a, nil
}

// repeatWindow is how long after a change its form, sent once more, is known to be
// the same.
const repeatWindow = 10 * time.Minute

// ChangeMade tells a form that was sent twice, because the first reply got lost, from one
// that asks for something else: it reports whether the password was written within the
// last 10 minutes, after the form was shown, and is the new one in it. It changes
// nothing.
//
// A wrong password counts as a guess at the current one of the account, with those
// of [Service.Change]. Errors: a RateLimitError, ErrBusy, ErrUnavailable.
func (s *Service) ChangeMade(ctx context.Context, of Ref, shown int64, password string, c Client) (bool, error) {
	a, err := s.get(ctx, of)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case a.Epoch == shown, a.Disabled, !a.Active, a.Must == Compromised:
		return false, nil
	}
	if since := s.now().Sub(a.ChangedAt); a.ChangedAt.IsZero() || since > repeatWindow || since < -repeatWindow {
		return false, nil
	}
	guess, err := s.newCurrentGuess(ctx, a, c)
	if err != nil {
		return false, err
	}
	v, err := s.verify(ctx, a, newTyped(password), c)
	if err != nil {
		return false, guess.abandon(s.fault(ctx, err))
	}
	if !v.Match || guess.closed {
		return false, s.refuse(ctx, a, true, guess, nil)
	}
	return true, guess.succeeded()
}

// CodeTriesLeft returns how many attempts the code of a request has left, 0 if none.
// It knows nothing of codes, and answers the same for a request for which no mail
// is sent (I6). Error: ErrUnavailable.
func (s *Service) CodeTriesLeft(ctx context.Context, request Token) (int, error) {
	answers, err := s.limit(ctx, Client{}, Step{Key: s.requestKey(request), Do: StepPeek, Limit: attemptsAtCode, Silent: true})
	if err != nil {
		return 0, err
	}
	return max(codeTries-answers[0].Count, 0), nil
}
