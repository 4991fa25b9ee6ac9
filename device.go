package passwd

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"
)

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
