package model_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

var limits = passwd.Limits{
	SignIn:        passwd.Limit{Free: 4, Wait: time.Second, MaxWait: time.Minute},
	Account:       passwd.Limit{Free: 5, Wait: time.Second, MaxWait: time.Minute},
	StopAfter:     10,
	Messages:      passwd.Limit{Free: 5, Window: time.Hour},
	Redeem:        passwd.Limit{Free: 6, Window: 10 * time.Minute},
	Address:       passwd.Limit{Free: 25, Window: 10 * time.Minute},
	ResetRequests: passwd.Limit{Free: 12, Window: time.Hour},
	Checks:        passwd.Limit{Free: 4, Window: time.Minute},
	LiveLinks:     2,
}

const day = 24 * time.Hour

var policies = map[string]model.Policy{
	"":      {Min: 15},
	"north": {Min: 10, Last: 3, Age: 30 * day, Warn: 5 * day, Grace: 2 * day},
	"south": {Min: 10, Last: 1, MinAge: 24 * time.Hour},
}

var madePolicies = map[string]pwpolicy.Policy{
	"": policyOf(policies[""]), "north": policyOf(policies["north"]), "south": policyOf(policies["south"]),
}

func policyOf(p model.Policy) pwpolicy.Policy {
	rules := []pwpolicy.Rule{pwpolicy.Length{Min: p.Min}}
	if p.Last > 0 {
		rules = append(rules, pwpolicy.NotReused{Last: p.Last})
	}
	if p.MinAge > 0 {
		rules = append(rules, pwpolicy.MinAge{Hours: int(p.MinAge / time.Hour)})
	}
	if p.Age > 0 {
		rules = append(rules, pwpolicy.MaxAge{Days: int(p.Age / day), WarnDays: int(p.Warn / day), GraceDays: int(p.Grace / day)})
	}
	made, err := pwpolicy.New(rules...)
	if err != nil {
		panic(err)
	}
	return made
}

// hasher is a salted SHA-256 with an earlier form, which is stale.
type hasher struct{}

const (
	earlierForm = "$old$"
	presentForm = "$new$"
)

var salts int

func hashOf(form, password string) passwd.Hash {
	salts++
	salt := fmt.Sprint(salts)
	sum := sha256.Sum256([]byte(salt + password))
	return passwd.Hash(form + salt + "$" + hex.EncodeToString(sum[:]))
}

func (hasher) Hash(_ context.Context, password string) (passwd.Hash, error) {
	return hashOf(presentForm, password), nil
}

func (hasher) Verify(_ context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	if !strings.HasPrefix(string(h), earlierForm) && !strings.HasPrefix(string(h), presentForm) {
		return pwhash.Verdict{}, pwhash.ErrFormat
	}
	salt, want, _ := strings.Cut(string(h[len(presentForm):]), "$")
	sum := sha256.Sum256([]byte(salt + password))
	match := want == hex.EncodeToString(sum[:])
	return pwhash.Verdict{Match: match, Stale: match && strings.HasPrefix(string(h), earlierForm)}, nil
}

// hashes reports whether a hash was made of a password.
func hashes(h passwd.Hash, password string) bool {
	switch password {
	case "":
		return h == ""
	case model.Unknowable:
		return h == "unknowable"
	}
	v, err := hasher{}.Verify(ctx, h, password)
	return err == nil && v.Match
}
