// 64 lines without blank lines and comments: one-time codes of an authenticator app.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// factors knows who has a second factor, and whether a code is right. An app keeps
// secret and used in its database, and the secret encrypted.
type factors struct {
	limiter passwd.Limiter
	now     func() time.Time
	secret  map[passwd.Ref][]byte

	mu   sync.Mutex
	used map[passwd.Ref]int64 // the step of the last code: one is good once
}

// admit is Config.Admit: the password was right, and for some that is not enough.
func (f *factors) admit(_ context.Context, a passwd.Account, _ passwd.Client) error {
	if _, has := f.secret[a.Ref]; has {
		return passwd.ErrSecondFactor
	}
	return nil
}

// policy lets passwords be shorter where they are not all that is asked for.
func (f *factors) policy(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
	if _, has := f.secret[a.Ref]; has {
		return pwpolicy.WithSecondFactor(), nil
	}
	return pwpolicy.NIST(), nil
}

// guesses bounds the tries at a code: whoever has the password has unlimited tries at
// signing in, and there are but a million codes.
var guesses = passwd.Limit{Free: 5, Wait: time.Second, MaxWait: 15 * time.Minute}

// check takes a code of now, or of half a minute before or after (RFC 6238 §5.2).
func (f *factors) check(ctx context.Context, r passwd.Ref, code string) error {
	key, now := "totp/"+r.ID, f.now()
	taken, err := f.limiter.Do(ctx, now, passwd.Step{Key: key, Limit: guesses})
	switch {
	case err != nil:
		return err
	case taken[0].Wait > 0:
		return &passwd.RateLimitError{Wait: taken[0].Wait}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var match int64
	for step := now.Unix()/30 - 1; step <= now.Unix()/30+1; step++ {
		if subtle.ConstantTimeCompare([]byte(code), []byte(totp(f.secret[r], step))) == 1 && step > f.used[r] {
			match = step
		}
	}
	if match == 0 {
		return passwd.ErrSecondFactor
	}
	f.used[r] = match
	_, err = f.limiter.Do(ctx, now, passwd.Step{Key: key, Do: passwd.StepClear})
	return err
}

// totp is the code of a step of 30 seconds (RFC 6238, RFC 4226 §5.3).
func totp(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	number := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fff_ffff
	return fmt.Sprintf("%06d", number%1_000_000)
}
