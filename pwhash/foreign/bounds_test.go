package foreign_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

func everything() foreign.Hasher {
	return foreign.Hasher{
		Accept: foreign.Formats(), DevisePepper: "pepper", FlaskSecuritySalt: "salt", SchemeSecret: "secret",
		Firebase: foreign.FirebaseParams{SignerKey: "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", SaltSeparator: "Bw=="},
	}
}

func keycloak(algorithm string, rounds string, extra string) string {
	return fmt.Sprintf(`{"credentialData":"{\"hashIterations\":%s,\"algorithm\":\"%s\",\"additionalParameters\":{%s}}","secretData":"{\"value\":\"TAnYbtdjuGtAIhFvc9e/4BfvRskO0ZClI2OTbETF5zY=\",\"salt\":\"jEGo8dtvUvOeq6SeEM/LJA==\"}"}`,
		rounds, algorithm, extra)
}

// I8, H7: what asks for too much is refused before any work. Each of these would
// take from seconds to years, or gigabytes.
func TestBounds(t *testing.T) {
	const (
		salt22 = "MDEyMzQ1Njc4OWFiY2RlZg"
		tag43  = "6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE"
		bc     = "SeBOIOcYSThKZeo00marturNZ3HF7NliPGHDEDZcJVnfVg1yoiM5O"
	)
	argon2 := func(params string) string { return "$argon2i$v=19$" + params + "$" + salt22 + "$" + tag43 }
	tests := []struct{ stored, param string }{
		{argon2("m=4194304,t=1,p=1"), "m"},
		{argon2("m=262145,t=1,p=1"), "m"},
		{argon2("m=4294967552,t=1,p=1"), "m"},
		{argon2("m=7,t=1,p=1"), "m"},
		{argon2("m=256,t=0,p=1"), "t"},
		{argon2("m=256,t=17,p=1"), "t"},
		{argon2("m=262144,t=5,p=1"), "m*t"},
		{argon2("m=256,t=2,p=0"), "p"},
		{argon2("m=2040,t=2,p=255"), "p"},
		{argon2("m=2040,t=2,p=257"), "p"},
		{"$argon2i$v=19$m=256,t=2,p=1$MDEyMzQ1Ng$" + tag43, "salt"},
		{"$argon2i$v=19$m=256,t=2,p=1$" + salt22 + "$6v921DcCh4JgNTUk8Zy5", "tag"},
		{"$argon2i$v=19$m=256,t=2,p=1$" + salt22 + "$", "tag"},
		{"argon2$argon2id$v=19$m=4194304,t=1,p=1$" + salt22 + "$" + tag43, "m"},
		{"{argon2}$argon2id$v=19$m=4194304,t=1,p=1$" + salt22 + "$" + tag43, "m"},
		{"{ARGON2ID}$argon2id$v=19$m=1048576,t=5,p=1$" + salt22 + "$" + tag43, "m"},
		{keycloak("argon2", "5", `\"memory\":[\"4194304\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]`), "m"},
		{keycloak("pbkdf2-sha256", "10000001", ""), "rounds"},
		{keycloak("pbkdf2-sha256", "0", ""), "rounds"},
		{"$2b$03$" + bc, "cost"},
		{"$2b$16$" + bc, "cost"},
		{"$2b$31$" + bc, "cost"},
		{"$2b$99$" + bc, "cost"},
		{"$2x$31$" + bc, "cost"},
		{"$wp$2y$31$" + bc, "cost"},
		{"bcrypt$$2b$31$" + bc, "cost"},
		{"bcrypt_sha256$$2b$31$" + bc, "cost"},
		{"{bcrypt}$2a$31$" + bc, "cost"},
		{"{CRYPT}$2a$31$" + bc, "cost"},
		{"$bcrypt-sha256$v=2,t=2b,r=31$TDI/cFHTlgq3WzSUz76Flu$BBFk9CO8HqC4nZ4RyftL12oPnSx9jr2", "cost"},
		{"$bcrypt-sha256$2b,3$TDI/cFHTlgq3WzSUz76Flu$BBFk9CO8HqC4nZ4RyftL12oPnSx9jr2", "cost"},
		{"$scrypt$ln=30,r=8,p=1$" + salt22 + "$" + tag43, "N"},
		{"$scrypt$ln=63,r=8,p=1$" + salt22 + "$" + tag43, "N"},
		{"$scrypt$ln=19,r=8,p=1$" + salt22 + "$" + tag43, "N"},
		{"$scrypt$ln=1,r=257,p=1$" + salt22 + "$" + tag43, "r"},
		{"$scrypt$ln=14,r=0,p=1$" + salt22 + "$" + tag43, "r"},
		{"$scrypt$ln=14,r=8,p=17$" + salt22 + "$" + tag43, "p"},
		{"$scrypt$ln=14,r=8,p=0$" + salt22 + "$" + tag43, "p"},
		{"$scrypt$ln=18,r=8,p=16$" + salt22 + "$" + tag43, "N*r*p"},
		{"scrypt:262144:8:5$salt$" + strings.Repeat("ab", 32), "N*r*p"},
		{"$scrypt$ln=1073741824,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=", "N"},
		{"scrypt:1073741824:8:1$salt$" + strings.Repeat("ab", 32), "N"},
		{"scrypt$1073741824$salt$8$1$" + strings.Repeat("A", 43) + "=", "N"},
		{"{scrypt}$1e0801$6KXxGwlnzhYFyIHGY2W+wg==$acHXHwd38a+QlHQmFytb1pUQDlBsahpSUBDtzTvbFvU=", "N"},
		{"$7$SU..../....1iajNv3rATpcEjEylag5qX$XrK/WbGM5J5NTPeKm6GMoBpxw6vC6p2DVr7VNhlkGN6", "N"},
		{"$firescrypt$ln=30,r=8,p=1$sPtDhWcd1MfdAw==$" + strings.Repeat("A", 43) + "=$Bw==$" + strings.Repeat("A", 43) + "=", "N"},
		{"$fbscrypt$v=1,n=30,r=8,p=1,ss=Bw==,sk=" + strings.Repeat("A", 43) + "=$42xEC+ixf3L2lw==$" + strings.Repeat("A", 43) + "=", "N"},
		{"pbkdf2_sha256$10000001$salt$" + strings.Repeat("A", 43) + "=", "rounds"},
		{"pbkdf2_sha256$4295227296$salt$" + strings.Repeat("A", 43) + "=", "rounds"},
		{"pbkdf2_sha256$0$salt$" + strings.Repeat("A", 43) + "=", "rounds"},
		{"pbkdf2:sha256:4000000000$salt$" + strings.Repeat("ab", 32), "rounds"},
		{"$pbkdf2-sha256$4000000000$" + salt22 + "$" + tag43, "rounds"},
		{"$pbkdf2-sha256$i=4000000000,l=32$" + salt22 + "$" + tag43, "rounds"},
		{"{PBKDF2-SHA256}4000000000$" + salt22 + "$" + tag43, "rounds"},
		{"{PBKDF2}$1$salt$4000000000$" + strings.Repeat("ab", 20), "rounds"},
		{"grub.pbkdf2.sha512.4000000000.ABCD." + strings.Repeat("AB", 64), "rounds"},
		{":pbkdf2:sha512:4000000000:32:AAAA:" + strings.Repeat("A", 43) + "=", "rounds"},
		{base64.StdEncoding.EncodeToString([]byte("\x01\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00\x00\x10" + strings.Repeat("x", 48))), "rounds"},
		{"$6$rounds=999$salt$" + strings.Repeat(".", 86), "rounds"},
		{"$6$rounds=999999999$salt$" + strings.Repeat(".", 86), "rounds"},
		{"$sha512-crypt$rounds=999999999$salt$" + strings.Repeat(".", 86), "rounds"},
		{"{CRYPT}$5$rounds=999999999$salt$" + strings.Repeat(".", 43), "rounds"},
		{"$sha1$4000000000$vqtXh0GF$CJ.QqtwtVW6M14CMmi1rY1MYkdG0", "rounds"},
		{"$P$TaebFQa.H9SqWBRDWCWt6u6sA5qtgi1", "rounds"},
		{"$P$zaebFQa.H9SqWBRDWCWt6u6sA5qtgi1", "rounds"},
		{"$P$2aebFQa.H9SqWBRDWCWt6u6sA5qtgi1", "rounds"},
		{"$S$TY0osxxAYHUY7Nw6lOJh7sXl6dK1kv8FnTVeEIWS7yvHGIP/PMU3", "rounds"},
		{strings.Repeat("a", 1<<20), "length"},
		{"$argon2i$v=19$m=256,t=2,p=1$" + strings.Repeat("A", 1<<20) + "$" + tag43, "length"},
	}
	h := everything()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, tt := range tests {
		v, err := h.Verify(t.Context(), pwhash.Hash(tt.stored), staple)
		bounds, ok := errors.AsType[*pwhash.BoundsError](err)
		if v.Match || !ok || bounds.Param != tt.param {
			t.Errorf("%.80s: %+v, %v, want a BoundsError of %s", tt.stored, v, err, tt.param)
		}
	}
	runtime.ReadMemStats(&after)
	if total := after.TotalAlloc - before.TotalAlloc; total > 4<<20 {
		t.Errorf("%d bytes were allocated to refuse %d hashes", total, len(tests))
	}
}

func TestBoundsRaised(t *testing.T) {
	const stored = "$2b$16$SeBOIOcYSThKZeo00marturNZ3HF7NliPGHDEDZcJVnfVg1yoiM5O"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := foreign.Hasher{Accept: []foreign.Format{foreign.Bcrypt}, Bounds: pwhash.Bounds{BcryptCost: 16}}
	if _, err := h.Verify(ctx, stored, staple); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v", err)
	}

	// Lowered and raised by one, on a scheme where that is cheap.
	for log2, ok := range map[uint8]bool{12: false, 13: true} {
		h := foreign.Hasher{Accept: []foreign.Format{foreign.Phpass}, Bounds: pwhash.Bounds{PhpassLog2: log2}}
		v, err := h.Verify(t.Context(), samples[foreign.Phpass], staple)
		if v.Match != ok || outOfBounds(err) == ok {
			t.Errorf("2^%d: %+v, %v", log2, v, err)
		}
	}
	for rounds, ok := range map[uint32]bool{19999: false, 20000: true} {
		h := foreign.Hasher{Accept: []foreign.Format{foreign.DjangoPBKDF2}, Bounds: pwhash.Bounds{PBKDF2Rounds: rounds}}
		v, err := h.Verify(t.Context(), samples[foreign.DjangoPBKDF2], staple)
		if v.Match != ok || outOfBounds(err) == ok {
			t.Errorf("%d rounds: %+v, %v", rounds, v, err)
		}
	}
	// $5$ and $6$ without rounds= take 5000.
	h = foreign.Hasher{Accept: []foreign.Format{foreign.SHACrypt}, Bounds: pwhash.Bounds{CryptRounds: 4999}}
	if _, err := h.Verify(t.Context(), pwhash.Hash("$5$salt$"+strings.Repeat(".", 43)), staple); !outOfBounds(err) {
		t.Errorf("5000 rounds unsaid: %v", err)
	}
}

func outOfBounds(err error) bool {
	_, ok := errors.AsType[*pwhash.BoundsError](err)
	return ok
}

// One spelling for every value: what a decoder forgives is refused.
func TestMalformed(t *testing.T) {
	tests := []string{
		"",
		"$",
		"$$$$",
		"{",
		"{}",
		"{}x",
		"{wrap:}",
		"{wrap:md5:}x",
		"!unusable",
		"$2",
		"$2b$+5$SeBOIOcYSThKZeo00marturNZ3HF7NliPGHDEDZcJVnfVg1yoiM5O",
		"$2b$5$SeBOIOcYSThKZeo00marturNZ3HF7NliPGHDEDZcJVnfVg1yoiM5O",
		"$2z$05$SeBOIOcYSThKZeo00marturNZ3HF7NliPGHDEDZcJVnfVg1yoiM5O",
		"$2b$05$lGr/AyYH8M4/WC4ZUTs2vu0XyP5nhAjDcR7qEtCZUq/O4uQQc8rZ6\n",
		"$argon2i$v=19$m=256,t=2,p=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYV",
		"$argon2i$v=19$m=0256,t=2,p=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYU",
		"$argon2i$v=19$m=+256,t=2,p=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYU",
		"$argon2i$v=19$m=256,t=2,p=1,x=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYU",
		"$argon2x$v=19$m=256,t=2,p=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYU",
		"$argon2i$v=17$m=256,t=2,p=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYU",
		"$argon2i$$m=256,t=2,p=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYU",
		"pbkdf2_sha256$020000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM=",
		"pbkdf2_sha256$2_0$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM=",
		"pbkdf2_sha256$20000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r\n/t1LY3q0+EejcEsYlmM=",
		"pbkdf2_sha256$20000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM",
		"pbkdf2_sha256$20000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM=$",
		"$scrypt$ln=-1,r=8,p=1$wHhvzdn7n7NWau29N6b03g$khqC0cjvGqIPMKxUpB94gBazwXY+MuJ/iQQq9YJR5lg",
		"$scrypt$ln=0,r=8,p=1$wHhvzdn7n7NWau29N6b03g$khqC0cjvGqIPMKxUpB94gBazwXY+MuJ/iQQq9YJR5lg",
		"$scrypt$ln=14,p=1,r=8$wHhvzdn7n7NWau29N6b03g$khqC0cjvGqIPMKxUpB94gBazwXY+MuJ/iQQq9YJR5lg",
		"scrypt:32767:8:1$salt$" + strings.Repeat("ab", 32),
		"{scrypt}$0e0801$6KXxGwlnzhYFyIHGY2W+wg==$acHXHwd38a+QlHQmFytb1pUQDlBsahpSUBDtzTvbFvU=",
		"$6$rounds=05000$salt$" + strings.Repeat(".", 86),
		"$6$rounds=5000$salt$" + strings.Repeat(".", 85),
		"$6$12345678901234567$" + strings.Repeat(".", 86),
		"$1$123456789$" + strings.Repeat(".", 22),
		"{SSHA}RIGZW5m6Q06ZuSOj0bG/Gi5ROTqwlnJP\r\n",
		"{SSHA}RIGZW5m6Q06ZuSOj0bG/Gi5ROTo=",
		keycloak("pbkdf2-sha1", "1000", ""),
		keycloak("pbkdf2-sha256", "-1", ""),
		keycloak("pbkdf2-sha256", "1e3", ""),
		keycloak("pbkdf2-sha256", "1000.5", ""),
		keycloak("argon2", "5", `\"memory\":[\"7168\"],\"type\":[\"x\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]`),
		keycloak("argon2", "5", `\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.1\"],\"parallelism\":[\"1\"]`),
		keycloak("argon2", "5", `\"memory\":[],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]`),
	}
	h := everything()
	for _, stored := range tests {
		if v, err := h.Verify(t.Context(), pwhash.Hash(stored), staple); v.Match || !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%q: %+v, %v, want ErrFormat", stored, v, err)
		}
		if f := foreign.Detect(pwhash.Hash(stored)); len(f) > 0 {
			t.Errorf("%q: Detect says %s", stored, f)
		}
	}
}

// H6: bcrypt reads 72 bytes, and legacy users must not be locked out; a NUL is
// refused, and a password that nobody types costs nothing.
func TestPasswords(t *testing.T) {
	digits := strings.Repeat("0123456789", 7) + "ab"
	tests := []struct {
		stored   pwhash.Hash
		password string
		match    bool
	}{
		{"$2b$05$QWYwojts6QBrEB/aV8xJdOEQrCqkfybx.RXPmaTNWO95VDDpgMcLq", digits, true},
		{"$2b$05$QWYwojts6QBrEB/aV8xJdOEQrCqkfybx.RXPmaTNWO95VDDpgMcLq", digits + "c", true},
		{"$2b$05$QWYwojts6QBrEB/aV8xJdOEQrCqkfybx.RXPmaTNWO95VDDpgMcLq", digits[:71], false},
		{"$2b$05$QWYwojts6QBrEB/aV8xJdOEQrCqkfybx.RXPmaTNWO95VDDpgMcLq", digits + "\x00", false},
		{"$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK", "a", true},
		{"$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK", "a\x00a", false},
		{samples[foreign.SHACrypt], staple + "\x00", false},
		{samples[foreign.MD5Crypt], staple + "\x00", false},
		{samples[foreign.InsecureMD5], strings.Repeat("x", 4097), false},
		{samples[foreign.Phpass], strings.Repeat("x", 4096), false},
		{pwhash.Hash("$6$rounds=5000000$salt$" + strings.Repeat(".", 86)), strings.Repeat("x", 4096), false},
	}
	h := foreign.Hasher{Accept: foreign.Formats()}
	for i, tt := range tests {
		if v, err := h.Verify(t.Context(), tt.stored, tt.password); err != nil || v.Match != tt.match {
			t.Errorf("%d: %+v, %v, want a match: %t", i, v, err, tt.match)
		}
	}
}
