package foreign_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"golang.org/x/crypto/bcrypt"
)

const staple = "correct horse battery staple"

// samples has a cheap hash of staple for most formats, made by the stacks
// themselves: see the vectors.
var samples = map[foreign.Format]pwhash.Hash{
	foreign.Argon2i:             "$argon2i$v=19$m=256,t=2,p=1$cD8PWTJN1FzhCRgd7qSMoA$6Guc0OX9QONk4B8TKSg8TUXTLdQ2FoAFACUnhyy4fYU",
	foreign.Bcrypt:              "$2b$05$lGr/AyYH8M4/WC4ZUTs2vu0XyP5nhAjDcR7qEtCZUq/O4uQQc8rZ6",
	foreign.Bcrypt2x:            "$2x$05$C4r1v7nS5FPQrnnaIrdQVurC/S2CkUNpMluQWSAePaD/3p/w9yVg.",
	foreign.SHACrypt:            "$6$rounds=1000$JiVE31zd$eUgzlKodebC1Q2BBW0LfA43C5I/DS39kGwQlqEyiU9O7R3dH8LXzdFIO3aTuFQHDhWwheZlNetzjOJJbwKInq0",
	foreign.MD5Crypt:            "$1$c8UHHNOj$b3c9QsdjCGa0Dj916LESJ0",
	foreign.SHA1Crypt:           "$sha1$4000$vqtXh0GF$CJ.QqtwtVW6M14CMmi1rY1MYkdG0",
	foreign.Phpass:              "$P$BaebFQa.H9SqWBRDWCWt6u6sA5qtgi1",
	foreign.WordPress:           "$wp$2y$05$8aLLVil5SdM0MAx1RFDh8u/lTeBReHcMamt.2MFs8M.dvFkBv.ArW",
	foreign.Drupal7:             "U$S$9uimLF5l6V5Wq2f7Ov8OmlmCph.nJOp5qN8E1grcFHPzh5ji6R13",
	foreign.DjangoPBKDF2:        "pbkdf2_sha256$20000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM=",
	foreign.DjangoBcrypt:        "bcrypt$$2b$05$xWD0sVjPXX8.jif7.yAc3uYqEnu4HUZ2By5Jcu7ViZwJKWVZ34mGi",
	foreign.DjangoBcryptSHA256:  "bcrypt_sha256$$2b$05$pE8wx8VeZyUhnyD6D8VmKOqCisa5/zl50JqnLQQnbD6BlwE.F2a4u",
	foreign.DjangoDigest:        "md5$RsDgxxfS2dSh1Hc882jtVl$2bafb26fe4b60f1c388f58a9c446f3a6",
	foreign.Werkzeug:            "pbkdf2:sha1:1000$hPiWVtyznOPrMEapvy7bHw$ef905aa10f0496c696a4b27c80027fb58a5ade5a",
	foreign.PasslibPBKDF2:       "$pbkdf2-sha256$29000$udd6z7k3BoCQ0rq3tjYmpA$L6Rnm6qQgrMRr7.ohGlAGgQeseiNZ6TiWORZdY5csGY",
	foreign.PasslibBcryptSHA256: "$bcrypt-sha256$v=2,t=2b,r=5$TDI/cFHTlgq3WzSUz76Flu$BBFk9CO8HqC4nZ4RyftL12oPnSx9jr2",
	foreign.ASPNETIdentity:      "AQAAAAEAACcQAAAAEBjdVNjaj7wfumoLOsMtQNCu4zdv03on5mc6t1FefPMR28R1jvNZLpgQzfy6h4Bgjg==",
	foreign.SpringBcrypt:        "{bcrypt}$2a$06$N8kezz6A6QT4f9p9UC1oxOipSF1/Z/4jxpwVcK/lxzCQalGWlPFTO",
	foreign.SpringArgon2:        "{argon2}$argon2id$v=19$m=4096,t=3,p=1$+6pNqIQpRPLB3/Aknnee3w$q1y2r30mDpAG/3P7gnJnXg3tpXW/PnSYPo9KZZLkcM0",
	foreign.SpringSHA256:        "{sha256}30d94fac77b0cc1ac8ce0932bb49f689ebb93f63ec841b97f2d2ba520bb746553abea9801e7ad675",
	foreign.SpringDigest:        "{MD5}{yYH2mENPoTQ1q8PCkPpU7Ndas08b2V4f2KaYotz1sQY=}370bf690e18e1cace5da55c1c45bc3a0",
	foreign.SpringLDAP:          "{ldap}{SSHA}rkLEYLOpnUwVHSoYg48ggueDbQ7rAGsCM/LAdw==",
	foreign.Atlassian:           "{PKCS5S2}p9TaO2dszRmDsHautba2dkxnjHne0CW7m8vVjlCZsWXDcCce3A0bDA2/FJoVxLJ1",
	foreign.LDAPSalted:          "{SSHA}RIGZW5m6Q06ZuSOj0bG/Gi5ROTqwlnJO",
	foreign.LDAPPBKDF2:          "{PBKDF2-SHA256}10000$E0JI6Z3zfu.dM8a4V2qtlQ$opuFOG9wcgrgE8B4Sx9PMLCZAtOgMpm3ZLZ4lY5o58M",
	foreign.LDAPArgon2:          "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$6kHXBzJrmwjnrtS9VJZ19w$1Axeq3azfPa/iqrrYw913aS5rFp72U3SfSaJX3kOXEc",
	foreign.LDAPCrypt:           "{BLF-CRYPT}$2y$05$MDUAWqzpZAMtEOCqJeMJcOxxVlrcFgYoMpDPW8U2ASofpoHLJR5Pe",
	foreign.DovecotPBKDF2:       "{PBKDF2}$1$4W5GcSMCIYcF6Evs$5000$dfa33a9b7374d7f2ad35252f47a0efb470aca0cc",
	foreign.GRUB:                "grub.pbkdf2.sha512.10000.3AC798F39ED37AAFD53AC7788FD1DA9BF37E2F054008A114E27C6FAD95724E49A915A2D45AAB15A2742E8550EA3DC7F81FE35CCBB997522A85F01E634CC9D99B.0B50B9DD60070A0932FB4DD41D8D0B57027CEB704DB13FBAFB82F2E85AC06BE40E20954758B376D197F0CAEECAE0D724795AD2FFC2FE15B84CDE94B4B8251C23",
	foreign.MSSQL:               "0x01008AB11662A025EE062575AAEA3166995B7E2CAF7D5948CDD6",

	foreign.InsecurePlaintext: "{noop}correct horse battery staple",
	foreign.InsecureMD5:       "9cc2ae8a1ba7a93da39b46fc1019c481",
	foreign.InsecureSHA1:      "abf7aad6438836dbe526aa231abde2d0eef74d42",
	foreign.InsecureSHA256:    "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a",
	foreign.InsecureDjango:    "sha1$$abf7aad6438836dbe526aa231abde2d0eef74d42",
	foreign.InsecureLDAP:      "{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=",
	foreign.InsecureMySQL41:   "*F4AF2E5D85456A908E0F552F0366375B06267295",
}

func TestAcceptedByNameOnly(t *testing.T) {
	for f, stored := range samples {
		if got := foreign.Detect(stored); !slices.Contains(got, f) {
			t.Errorf("Detect of %s = %q", f, got)
		}
		h := foreign.Hasher{Accept: []foreign.Format{f}}
		if err := h.Validate(); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		// A match is stale, so that the service replaces the hash (H4).
		if v, err := h.Verify(t.Context(), stored, staple); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
			t.Errorf("%s: %+v, %v, want a stale match", f, v, err)
		}
		if v, err := h.Verify(t.Context(), stored, "Correct horse battery staple"); err != nil || v != (pwhash.Verdict{}) {
			t.Errorf("%s, wrong password: %+v, %v", f, v, err)
		}
		if f == foreign.Bcrypt || f == foreign.PasslibScrypt {
			continue // pwhash.Argon2id reads it
		}
		// Everything else together does not open the door to it.
		for _, other := range foreign.Formats() {
			if slices.Contains(foreign.Detect(stored), other) {
				continue // of the same syntax
			}
			h := everything()
			h.Accept = []foreign.Format{other}
			if v, err := h.Verify(t.Context(), stored, staple); !errors.Is(err, pwhash.ErrFormat) || v.Match {
				t.Errorf("%s, with %s accepted: %+v, %v, want ErrFormat", f, other, v, err)
			}
		}
	}
}

// What Base can read is judged by Base: its own hashes are not stale, whatever is
// accepted besides.
func TestBaseFirst(t *testing.T) {
	h := foreign.Hasher{Accept: foreign.Formats(), DevisePepper: "p", FlaskSecuritySalt: "s"}
	stored, err := h.Hash(t.Context(), staple)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(stored), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("Hash made %q, want the default of pwhash.Argon2id", string(stored))
	}
	if v, err := h.Verify(t.Context(), stored, staple); err != nil || v != (pwhash.Verdict{Match: true}) {
		t.Errorf("own hash: %+v, %v, want a match that is not stale", v, err)
	}
	if v, err := h.Verify(t.Context(), stored, "x"); err != nil || v != (pwhash.Verdict{}) {
		t.Errorf("own hash, wrong password: %+v, %v", v, err)
	}
}

// A stored "$argon2id$" that is beyond Base can be accepted with bounds of its own.
func TestArgon2idBeyondBase(t *testing.T) {
	const stored = "$argon2id$v=19$m=64,t=17,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE"
	for _, tt := range []struct {
		h      foreign.Hasher
		judged bool
	}{
		{foreign.Hasher{}, false},
		{foreign.Hasher{Accept: []foreign.Format{foreign.Argon2id}}, false},
		{foreign.Hasher{Accept: []foreign.Format{foreign.Argon2id}, Bounds: pwhash.Bounds{Argon2Passes: 17}}, true},
	} {
		v, err := tt.h.Verify(t.Context(), stored, staple)
		var bounds *pwhash.BoundsError
		if v.Match || errors.As(err, &bounds) == tt.judged {
			t.Errorf("%+v: %+v, %v", tt.h, v, err)
		}
	}
}

func TestSecrets(t *testing.T) {
	const (
		devise = "$2a$05$U1m268HXhyop6SJSUOk3Z.1pCjLb0Cz1MCjFPOm1ZEHhcSmjFT3Wa"
		flask  = "$2b$05$IiuaoD2YnQo5rlb/57W0RusIyVgROstb5y9N473Ws1t1ZGKbuPSi6"
		pepper = "a1b2c3peppera1b2c3peppera1b2c3pepper"
	)
	both := []foreign.Format{foreign.Devise, foreign.FlaskSecurity, foreign.Bcrypt}
	tests := []struct {
		h      foreign.Hasher
		stored pwhash.Hash
		match  bool
	}{
		{foreign.Hasher{Accept: both[:1], DevisePepper: pepper}, devise, true},
		{foreign.Hasher{Accept: both[:1], DevisePepper: "another"}, devise, false},
		{foreign.Hasher{Accept: both[1:2], FlaskSecuritySalt: "SALT-1234"}, flask, true},
		{foreign.Hasher{Accept: both[1:2], FlaskSecuritySalt: "SALT-1235"}, flask, false},
		// One syntax, three meanings: all that are accepted are tried.
		{foreign.Hasher{Accept: both, DevisePepper: pepper, FlaskSecuritySalt: "SALT-1234"}, devise, true},
		{foreign.Hasher{Accept: both, DevisePepper: pepper, FlaskSecuritySalt: "SALT-1234"}, flask, true},
		{foreign.Hasher{Accept: both, DevisePepper: pepper, FlaskSecuritySalt: "SALT-1234"}, samples[foreign.Bcrypt], true},
		{foreign.Hasher{Accept: []foreign.Format{foreign.SpringSHA256}, SpringSecret: "s"}, samples[foreign.SpringSHA256], false},
	}
	for i, tt := range tests {
		if err := tt.h.Validate(); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		if v, err := tt.h.Verify(t.Context(), tt.stored, staple); err != nil || v.Match != tt.match || v.Stale != tt.match {
			t.Errorf("%d: %+v, %v, want a match: %t", i, v, err, tt.match)
		}
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		h  foreign.Hasher
		ok bool
	}{
		{foreign.Hasher{}, true},
		{foreign.Hasher{Accept: []foreign.Format{"md5"}}, false},
		{foreign.Hasher{Accept: []foreign.Format{foreign.Wrapped}}, true},
		{foreign.Hasher{Accept: []foreign.Format{foreign.Devise}}, false},
		{foreign.Hasher{Accept: []foreign.Format{foreign.FlaskSecurity}}, false},
		{foreign.Hasher{Accept: []foreign.Format{foreign.Argon2d}}, false},
		{foreign.Hasher{Accept: []foreign.Format{foreign.Argon2d}, Argon2Key: standIn}, true},
		{foreign.Hasher{Accept: []foreign.Format{foreign.Argon2d}, Base: pwhash.Argon2id{Key: standIn}}, true},
		{foreign.Hasher{Bounds: pwhash.Bounds{BcryptCost: 31, PhpassLog2: 30, ScryptBytes: 1 << 40}}, true},
		{foreign.Hasher{Bounds: pwhash.Bounds{BcryptCost: 32}}, false},
		{foreign.Hasher{Bounds: pwhash.Bounds{PhpassLog2: 31}}, false},
		{foreign.Hasher{Bounds: pwhash.Bounds{ScryptBytes: 1<<40 + 1}}, false},
		{foreign.Hasher{Base: pwhash.Argon2id{KiB: 1}}, false},
	}
	for _, tt := range tests {
		if err := tt.h.Validate(); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.h, err)
		}
	}
	for _, f := range foreign.Formats() {
		h := everything()
		h.Accept, h.Argon2Key = []foreign.Format{f}, standIn
		if err := h.Validate(); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// WordPress takes off a password what PHP's trim does.
func TestWordPressTrims(t *testing.T) {
	h := foreign.Hasher{Accept: []foreign.Format{foreign.WordPress}}
	for _, stored := range []pwhash.Hash{samples[foreign.WordPress], samples[foreign.Phpass]} {
		for password, match := range map[string]bool{
			staple: true, " \t" + staple + "\r\n\v": true, staple + "\u00a0": false, "x" + staple: false,
		} {
			if v, err := h.Verify(t.Context(), stored, password); err != nil || v.Match != match {
				t.Errorf("%q: %+v, %v, want a match: %t", password, v, err, match)
			}
		}
	}
	// phpBB does not trim.
	h.Accept = []foreign.Format{foreign.Phpass}
	if v, err := h.Verify(t.Context(), samples[foreign.Phpass], staple+" "); err != nil || v.Match {
		t.Errorf("phpass: %+v, %v", v, err)
	}
}

// Made with Python's hashlib after the definition of each format: variants that
// the vectors do not have.
func TestVariants(t *testing.T) {
	h := everything()
	h.SpringSecret = "secret"
	tests := []struct {
		stored pwhash.Hash
		format foreign.Format
	}{
		{"0x02008AB1166234F9B1C69C4002C2FD200AF2EBDB9F2E418A6331C763DF2F8B1796CEFF5529AFA8531BFDBE0C825E55DB9C89014AC72DA1A20A434C70846F11D05380E1C922CF", foreign.MSSQL},
		{"{PBKDF2}2000$MDEyMzQ1Njc4OWFiY2RlZg$LTLoaFTF.8Iz04vHlUMKF9a.hgY", foreign.LDAPPBKDF2},
		{"{PBKDF2-SHA512}2000$MDEyMzQ1Njc4OWFiY2RlZg$3mgstO7RrruaZAKnWUST.xlE1TX2ZzOyL0fYHKSaNEnIm.kZxefd8R2nHbloFcVLkcRoHBxXxAsemUvDdu846Q", foreign.LDAPPBKDF2},
		{"{SHA-1}{c2FsdA==}f99fd8a7ddbe73882d29027b198e4ae86c76a99a", foreign.SpringDigest},
		{"{SHA-1}abf7aad6438836dbe526aa231abde2d0eef74d42", foreign.InsecureSpring},
		{"{SHA-256}c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a", foreign.InsecureSpring},
		{"{ldap}{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=", foreign.InsecureSpringLDAP},
		{"{ldap}{ssha}396MbBWXRxNekvZdjsTMJL2vMJtzYWx0", foreign.SpringLDAP},
		{"$P$9saltsaltTCWV3CtP0I6C0x5huUdyL.", foreign.Phpass},
		{"U$P$9saltsaltt2/kG0jXSPdewr3SJ5oto/", foreign.Drupal7},
		{"U$H$9saltsaltt2/kG0jXSPdewr3SJ5oto/", foreign.Drupal7},
		{"{pbkdf2}73616c7473616c74f8e41e496a5fd704a4f24e291ffd48d86097ec351a239af901dfaefe5ffba368", foreign.SpringPBKDF2},
		{"{sha256}73616c7473616c74bebbeb6797d7b916fb55a3ab11b70a80a719394ae92a1ee6ba3bacc533b6f5a5", foreign.SpringSHA256},
		{"$sha512$pf=e1BBU1NXT1JEfS97U0FMVH0ve1BBU1NXT1JEfQ==$e1BBU1NXT1JEfQ==$34QjdFoKIOE64NnvPxlW+tDEPtv3pQzlBC0f7kHgq9LWrijZ0aJewkLk31WJxrtewVY6+h2twkHsqC821AkM7g==", foreign.KratosDigest},
		{"pbkdf2:sha384:1000$s$693a3d35a10c8a3884344b61cfccafe0e7e2dae820a33ea587fe7e720c5f9b412922636659859ff400016eccd8a8c9af", foreign.Werkzeug},
		{bcryptSHA256V1(t, staple), foreign.PasslibBcryptSHA256},
	}
	for _, tt := range tests {
		if f := foreign.Detect(tt.stored); !slices.Contains(f, tt.format) {
			t.Errorf("Detect(%q) = %q, want %s", string(tt.stored), f, tt.format)
		}
		for password, match := range map[string]bool{staple: true, "x": false} {
			if v, err := h.Verify(t.Context(), tt.stored, password); err != nil || v.Match != match {
				t.Errorf("%q: %+v, %v, want a match: %t", string(tt.stored), v, err, match)
			}
		}
	}
}

// bcryptSHA256V1 is the first version of Passlib's bcrypt_sha256.
func bcryptSHA256V1(t *testing.T, password string) pwhash.Hash {
	sum := sha256.Sum256([]byte(password))
	b, err := bcrypt.GenerateFromPassword([]byte(base64.StdEncoding.EncodeToString(sum[:])), 4)
	if err != nil {
		t.Fatal(err)
	}
	return pwhash.Hash("$bcrypt-sha256$2a,4$" + string(b[7:29]) + "$" + string(b[29:]))
}

// H4: a sign-in replaces a foreign hash by one of Base, a failed one nothing.
func TestUpgradeAtSignIn(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Hasher: foreign.Hasher{
		Base:   passwdtest.Hasher{},
		Accept: []foreign.Format{foreign.DjangoPBKDF2, foreign.DjangoDigest},
	}})
	for i, stored := range []pwhash.Hash{samples[foreign.DjangoPBKDF2], samples[foreign.DjangoDigest]} {
		ref := passwd.Ref{ID: strconv.Itoa(i + 1)}
		name := "user" + ref.ID
		kit.Store.Set(passwd.Account{Ref: ref, Username: name, Hash: stored, Active: true})
		for _, tt := range []struct {
			password string
			err      error
			upgraded bool
		}{
			{"wrong", passwd.ErrWrongCredentials, false},
			{staple, nil, true},
			{staple, nil, true},
		} {
			_, err := kit.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: name}, Password: tt.password})
			if !errors.Is(err, tt.err) {
				t.Errorf("sign-in: %v, want %v", err, tt.err)
			}
			a, err := kit.Store.Get(t.Context(), ref)
			if err != nil || (a.Hash != stored) != tt.upgraded {
				t.Errorf("stored is %q, %v, want it upgraded: %t", string(a.Hash), err, tt.upgraded)
			}
		}
	}
}

func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := foreign.Hasher{Accept: []foreign.Format{foreign.InsecureMD5}}
	if v, err := h.Verify(ctx, samples[foreign.InsecureMD5], staple); v.Match || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %+v, %v", v, err)
	}
}
