// Package foreign verifies the password hashes of other stacks, so that a table
// of users can move without anybody being asked for a new password. It makes no
// such hash: each is replaced by one of the service's own at the first sign-in.
//
//	svc, err := passwd.New(passwd.Config{
//		Hasher: foreign.Hasher{Accept: []foreign.Format{foreign.DjangoPBKDF2, foreign.DjangoArgon2}},
//		…
//	})
//
// Every format is accepted by its name, and only then: the fewer, the less there
// is to go wrong. [Detect] says which ones a table can have, and a password that is known
// which one it is: `passwdctl hashes` does both for a whole table. Take a format out
// again when no row has it any more.
//
// What a host has made up itself, it accepts by a line that says how:
//
//	Accept: []foreign.Format{"hash:salt = md5(md5(pw) + salt)"}
//
// and by a [Custom] what no line can say.
//
//	comes from                      looks like                                   accept
//	Rails has_secure_password       $2a$12$…                                     Bcrypt
//	Devise with a pepper            $2a$12$…                                     Devise
//	Laravel, PHP, Symfony           $2y$10$…, $argon2i$…                         Bcrypt, Argon2i
//	Auth0, Supabase, PocketBase     $2b$10$…                                     Bcrypt
//	crypt_blowfish before 2011      $2x$08$…                                     Bcrypt2x
//	WordPress 6.8                   $wp$2y$10$…                                  WordPress
//	WordPress before                $P$B…                                        WordPress
//	phpBB 3, phpass                 $H$9…, $P$B…                                 Phpass
//	Drupal 7 (10.1: Bcrypt)         $S$D…, U$S$9…                                Drupal7
//	Django                          pbkdf2_sha256$600000$…                       DjangoPBKDF2
//	                                argon2$argon2id$…                            DjangoArgon2
//	                                bcrypt$$2b$…, bcrypt_sha256$$2b$…            DjangoBcrypt, DjangoBcryptSHA256
//	                                scrypt$16384$…                               DjangoScrypt
//	                                sha1$salt$…, md5$salt$…                      DjangoDigest
//	Flask (Werkzeug)                scrypt:32768:8:1$…, pbkdf2:sha256:…          Werkzeug
//	Flask-Security                  $2b$12$…                                     FlaskSecurity
//	Passlib                         $pbkdf2-sha256$29000$…                       PasslibPBKDF2
//	                                $scrypt$ln=16,r=8,p=1$…                      PasslibScrypt
//	                                $bcrypt-sha256$v=2,t=2b,r=12$…               PasslibBcryptSHA256
//	Spring Security                 {bcrypt}$2a$10$…                             SpringBcrypt
//	                                {argon2@SpringSecurity_v5_8}$argon2id$…      SpringArgon2
//	                                {pbkdf2@SpringSecurity_v5_8}5e29c9…          SpringPBKDF2
//	                                {scrypt@SpringSecurity_v5_8}$100801$…        SpringScrypt
//	                                {sha256}30d94f…                              SpringSHA256
//	                                {MD5}{salt}370bf6…, {SHA-256}{salt}…         SpringDigest
//	                                {ldap}{SSHA}…                                SpringLDAP
//	ASP.NET Identity 2 and 3        AQAAAAEAACcQ…, AA…                           ASPNETIdentity
//	Keycloak                        {"credentialData":"…","secretData":"…"}      Keycloak
//	Firebase                        $fbscrypt$v=1,…, $firescrypt$ln=14,…         Firebase
//	OpenLDAP, 389, ApacheDS         {SSHA}…, {SSHA512}…, {SMD5}…                 LDAPSalted
//	                                {PBKDF2-SHA256}10000$…, {PBKDF2_SHA256}…     LDAPPBKDF2
//	                                {ARGON2}$argon2i$…                           LDAPArgon2
//	                                {CRYPT}$6$…                                  LDAPCrypt
//	Dovecot                         {BLF-CRYPT}…, {SHA512-CRYPT}…                LDAPCrypt
//	                                {ARGON2ID}…, {PBKDF2}$1$…                    LDAPArgon2, DovecotPBKDF2
//	crypt(3)                        $6$…, $5$rounds=…                            SHACrypt
//	                                $1$…, $sha1$4000$…, $7$…                     MD5Crypt, SHA1Crypt, ScryptCrypt
//	Apache htpasswd                 $apr1$…, $2y$05$…                            MD5Crypt, Bcrypt
//	Ory Kratos                      $pbkdf2-sha256$i=100000,l=32$…               KratosPBKDF2
//	                                $scrypt$ln=16384,r=8,p=1$…                   KratosScrypt
//	                                $sha512-crypt$…, $md5-crypt$…                KratosCrypt
//	                                $sha256$pf=…$…, $hmac-sha256$…               KratosDigest, KratosHMAC
//	Meteor                          $2b$10$…                                     Meteor
//	better-auth                     9fec20…:b6da6c…                              BetterAuth
//	MediaWiki                       :pbkdf2:sha512:…, :argon2:…                  MediaWiki
//	                                :A:…, :B:1a2b3c4d:…                          MediaWikiLegacy
//	AdonisJS                        $scrypt$n=16384,…, $bcrypt$v=98$…            Adonis
//	Apache Shiro                    $shiro1$SHA-256$…, $shiro2$argon2id$…        Shiro
//	Mattermost                      $pbkdf2$f=SHA256,w=600000,l=32$…             Mattermost
//	Gitea, Forgejo                  pbkdf2$50000$50:salt:hash                    Gitea
//	Authlogic, the scrypt gem       400$8$26$…                                   RubySCrypt
//	Passlib                         $p5k2$…, {FSHP1|16|480000}…                  PasslibP5K2, FSHP
//	firebase auth:export            {"passwordHash":"…","salt":"…"}              FirebaseExport
//	Atlassian                       {PKCS5S2}…                                   Atlassian
//	GRUB                            grub.pbkdf2.sha512.10000.…                   GRUB
//	SQL Server logins               0x0100…, 0x0200…                             MSSQL
//
// The stacks that are made of lines are [MyBB], [VBulletin3] and so on: [Lines] returns
// the lines of each. Bare MD5 or SHA-1, {noop}, {SHA} and the like have the formats that
// begin with Insecure.
//
// Argon2d and version 16 of Argon2 are verified only with Hasher.Argon2Key, as x/crypto has
// neither. yescrypt, $y$, is in the module pwhash/yescrypt. DES and Sun's MD5 are not verified:
// their owners need a reset.
//
// # Schemes
//
// A [Format] with " = " in it is a scheme: it says in one line how the salted digests of
// a host's own code are made.
//
//	hash:salt = md5(md5(pw) + salt)
//
// Left of " = " is how the stored hash looks: the words hash, salt, user and rounds stand for
// those fields, everything else for itself; 'quoted' text is literal, and salt[8] is exactly
// 8 bytes. hash is there once, and no field is empty. What the table has in several columns
// is put into one by [Join], or by passwdctl import.
//
// Right of it is how hash is made. Values are pw, salt, user, rounds, secret
// ([Hasher].SchemeSecret), 'quoted' or "quoted" text, and numbers; + puts texts one after the
// other. The functions:
//
//	md4(x) md5(x) sha1(x) sha224(x) sha256(x) sha384(x) sha512(x)
//	hmac_md5(key, x) hmac_sha1(key, x) hmac_sha256(key, x) hmac_sha512(key, x)
//	pbkdf2_md5(pw, salt, rounds, bytes) pbkdf2_sha1(…) pbkdf2_sha256(…) pbkdf2_sha512(…)
//	scrypt(pw, salt, N, r, p, bytes)
//	argon2id(pw, salt, KiB, passes, lanes, bytes) argon2i(…)
//	firebase(pw, salt, signer key, salt separator, rounds, memory)
//	repeat(n, x)         x, n times; last in it is the result before, and empty at first
//	repeat(n, x, first)  the same, and last is first at first
//	raw(x) hex(x) base64(x) base64url(x) unhex(x) unbase64(x)
//	lower(x) upper(x) trim(x) utf16le(x) nfkc(x) left(x, n)
//	bcrypt(x) argon2(x) crypt(x) phpass(x)
//
// As in PHP, a digest that is put into a text is lower-case hex; raw(x) is its bytes, and
// base64(x) the base64 of them. The outermost function says how hash is stored: a digest in hex of
// either case, base64(x) and base64url(x) in base64 of either alphabet, padded or not, and left(x, n) in
// the first n hex digits. Those of the last line compare x with hash, which has its own
// salt and costs; they are outermost, but that bcrypt(bcrypt(pw)) is with one salt.
//
// [Hasher.Validate] reports what is wrong with a line. Rows are bounded by [pwhash.Bounds] as those
// of all formats, repeat by its CryptRounds. More examples are what [Lines] returns, and
// docs/migrating.md.
//
// # Ambiguous hashes
//
// Most hashes that have no mark can be of several formats: 32 hex digits are those of any MD5.
// All formats in Accept whose syntax fits are tried in turn, each within its bounds, and a
// wrong password costs as much as all of them. Accept only what the table has.
//
// # Weak rows
//
// A row that is upgraded when its owner comes back stays weak until then, and
// most do not come back soon. Where the comment of a format says fast, put a
// [Wrapper] around the rows before the move, and accept [Wrapped].
//
// # Passwords
//
// A password is verified as it is given, in UTF-8, and the rules of its stack are
// followed: bcrypt reads 72 bytes, so that nobody with a longer password is locked
// out before the hash is replaced; WordPress trims white space, better-auth uses
// NFKC. A NUL never matches a hash of bcrypt or crypt(3).
//
// Under GODEBUG=fips140=only the standard library refuses MD5 and SHA-1, in places
// by a panic: accept only PBKDF2 with SHA-2 there.
//
// # Time
//
// A foreign hash takes the time that its stack chose, not that of a hash of the
// service: until it is replaced, the time of a failed sign-in can tell that the
// account is an old one. passwd.Config.Dummies makes unknown logins look like the
// table.
package foreign
