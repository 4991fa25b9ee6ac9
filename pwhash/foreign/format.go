package foreign

// Format names one kind of foreign hash, or is a scheme of the host's own in one line, such as
// "hash:salt = md5(md5(pw) + salt)": see the package comment. The names are API: they are
// never changed, and wrapped hashes have them inside, or the line.
type Format string

// The formats of other stacks. Where a password is hashed once and fast, the
// comment says fast: put [Wrapper] around those rows rather than wait for their
// owners.
const (
	// What more than one stack writes.
	Argon2id    Format = "argon2id"     // $argon2id$v=19$…, which Base reads first; for bounds over those of Base
	Argon2i     Format = "argon2i"      // $argon2i$v=19$…: PHP, libsodium
	Argon2d     Format = "argon2d"      // $argon2d$v=19$…; only with Hasher.Argon2Key
	Bcrypt      Format = "bcrypt"       // $2a$, $2b$, $2y$, cut at 72 bytes (Base would refuse more): Rails, Laravel, PHP, Auth0, Supabase, Go
	Bcrypt2x    Format = "bcrypt_2x"    // $2x$, with the fault of old crypt_blowfish
	SHACrypt    Format = "sha_crypt"    // $5$, $6$: crypt(3)
	MD5Crypt    Format = "md5_crypt"    // $1$, $apr1$: crypt(3), Apache; fast
	SHA1Crypt   Format = "sha1_crypt"   // $sha1$rounds$: NetBSD
	ScryptCrypt Format = "scrypt_crypt" // $7$: crypt(3)
	Phpass      Format = "phpass"       // $P$, $H$: phpBB, WordPress before 6.8, Joomla

	// bcrypt of something other than the password. The syntax is that of Bcrypt: all
	// that are accepted are tried, in the order of Accept.
	Devise        Format = "devise"         // Rails with Hasher.DevisePepper
	Meteor        Format = "meteor"         // hex SHA-256
	FlaskSecurity Format = "flask_security" // HMAC with Hasher.FlaskSecuritySalt

	// WordPress and Drupal.
	WordPress Format = "wordpress" // $wp$2y$, and $P$; white space around the password is dropped
	Drupal7   Format = "drupal7"   // $S$, U$S$, U$P$, U$H$

	// Django.
	DjangoPBKDF2       Format = "django_pbkdf2"        // pbkdf2_sha256$, pbkdf2_sha1$
	DjangoArgon2       Format = "django_argon2"        // argon2$argon2id$…
	DjangoBcrypt       Format = "django_bcrypt"        // bcrypt$$2b$…
	DjangoBcryptSHA256 Format = "django_bcrypt_sha256" // bcrypt_sha256$$2b$…
	DjangoScrypt       Format = "django_scrypt"        // scrypt$16384$salt$8$1$…
	DjangoDigest       Format = "django_digest"        // sha1$salt$, md5$salt$; fast

	// Other Python.
	Werkzeug            Format = "werkzeug"              // scrypt:32768:8:1$, pbkdf2:sha256:600000$: Flask
	PasslibPBKDF2       Format = "passlib_pbkdf2"        // $pbkdf2-sha256$29000$, $pbkdf2-sha512$, $pbkdf2$
	PasslibScrypt       Format = "passlib_scrypt"        // $scrypt$ln=16,r=8,p=1$
	PasslibBcryptSHA256 Format = "passlib_bcrypt_sha256" // $bcrypt-sha256$, both versions

	// ASP.NET Identity, Spring Security, Keycloak, Atlassian.
	ASPNETIdentity Format = "aspnet_identity" // base64, versions 2 and 3
	SpringBcrypt   Format = "spring_bcrypt"   // {bcrypt}
	SpringArgon2   Format = "spring_argon2"   // {argon2}, {argon2@SpringSecurity_v5_8}
	SpringPBKDF2   Format = "spring_pbkdf2"   // {pbkdf2}, {pbkdf2@SpringSecurity_v5_8}; Hasher.SpringSecret
	SpringScrypt   Format = "spring_scrypt"   // {scrypt}, {scrypt@SpringSecurity_v5_8}
	SpringSHA256   Format = "spring_sha256"   // {sha256}, 1024 rounds; Hasher.SpringSecret; fast
	SpringDigest   Format = "spring_digest"   // {MD5}, {SHA-1}, {SHA-256} with a salt; fast
	SpringLDAP     Format = "spring_ldap"     // {ldap}{SSHA}; fast
	Keycloak       Format = "keycloak"        // JSON with credentialData and secretData
	Atlassian      Format = "atlassian"       // {PKCS5S2}

	// LDAP servers and Dovecot.
	LDAPSalted    Format = "ldap_salted"    // {SSHA}, {SSHA256}, {SSHA384}, {SSHA512}, {SMD5}; fast
	LDAPPBKDF2    Format = "ldap_pbkdf2"    // {PBKDF2-SHA256} and others
	LDAPArgon2    Format = "ldap_argon2"    // {ARGON2}, {ARGON2ID}, {ARGON2I}
	LDAPCrypt     Format = "ldap_crypt"     // {CRYPT}, {SHA512-CRYPT}, {SHA256-CRYPT}, {MD5-CRYPT}, {BLF-CRYPT}
	DovecotPBKDF2 Format = "dovecot_pbkdf2" // {PBKDF2}$1$

	// Ory Kratos.
	KratosPBKDF2 Format = "kratos_pbkdf2" // $pbkdf2-sha256$i=,l=$, as the PHC format has it
	KratosScrypt Format = "kratos_scrypt" // $scrypt$ln=16384,…: N itself
	KratosCrypt  Format = "kratos_crypt"  // $md5-crypt$, $sha256-crypt$, $sha512-crypt$
	KratosDigest Format = "kratos_digest" // $md5$pf=, $sha1$pf=, $sha256$pf=, $sha512$pf=; fast
	KratosHMAC   Format = "kratos_hmac"   // $hmac-sha256$ and others; fast

	// Others.
	Firebase       Format = "firebase"        // $fbscrypt$ (Supabase), $firescrypt$ (Kratos)
	FirebaseExport Format = "firebase_export" // JSON of firebase auth:export; Hasher.Firebase
	Adonis         Format = "adonis"          // $scrypt$n=, $bcrypt$v=, $argon2id$v=19$t=
	Shiro          Format = "shiro"           // $shiro1$ (fast if its rounds are few), $shiro2$
	Mattermost     Format = "mattermost"      // $pbkdf2$f=SHA256,w=600000,l=32$
	Gitea          Format = "gitea"           // passwd_hash_algo:salt:passwd; Forgejo
	RubySCrypt     Format = "ruby_scrypt"     // 400$8$26$: the scrypt gem; Authlogic
	PasslibP5K2    Format = "passlib_p5k2"    // $p5k2$: cta_pbkdf2_sha1, dlitz_pbkdf2_sha1
	FSHP           Format = "fshp"            // {FSHP1|16|480000}
	MediaWiki      Format = "mediawiki"       // :pbkdf2:, :pbkdf2-legacyA:, :pbkdf2-legacyB:, :argon2:
	BetterAuth     Format = "better_auth"     // salt:key in hex
	GRUB           Format = "grub"            // grub.pbkdf2.sha512.
	MSSQL          Format = "mssql"           // 0x0100, 0x0200: SQL Server logins; fast

	// Wrapped is what [Wrapper] makes. The format inside need not be accepted.
	Wrapped Format = "wrapped"
)

// Insecure formats protect nothing once the table is out: equal passwords have
// equal hashes, and lists of all common ones are sold. Accept them for as long as
// it takes to put [Wrapper] around every row.
const (
	InsecurePlaintext  Format = "insecure_plaintext"   // {noop}, {CLEARTEXT}, {PLAIN}: no hash at all
	InsecureMD5        Format = "insecure_md5"         // 32 hex digits
	InsecureSHA1       Format = "insecure_sha1"        // 40 hex digits
	InsecureSHA256     Format = "insecure_sha256"      // 64 hex digits
	InsecureSHA512     Format = "insecure_sha512"      // 128 hex digits
	InsecureDjango     Format = "insecure_django"      // sha1$$, md5$$
	InsecureSpring     Format = "insecure_spring"      // {MD5}, {SHA-1}, {SHA-256} without a salt
	InsecureSpringLDAP Format = "insecure_spring_ldap" // {ldap}{SHA}
	InsecureLDAP       Format = "insecure_ldap"        // {SHA}, {SHA256}, {SHA384}, {SHA512}, {MD5}
	InsecureKratosMD5  Format = "insecure_kratos_md5"  // $md5$
	InsecureNTLM       Format = "insecure_ntlm"        // 32 hex digits, $3$$: Windows
	InsecureMySQL41    Format = "insecure_mysql41"     // *, 40 hex digits: MySQL's PASSWORD()
)

// formats has the parser of every format but Wrapped, those of schemes last.
var formats = append([]named{
	{Argon2id, parseArgon2id},
	{Argon2i, parseArgon2i},
	{Argon2d, parseArgon2d},
	{Bcrypt, parseBcrypt},
	{Devise, parseDevise},
	{Meteor, parseMeteor},
	{FlaskSecurity, parseFlaskSecurity},
	{Bcrypt2x, parseBcrypt2x},
	{SHACrypt, parseSHACrypt},
	{MD5Crypt, parseMD5Crypt},
	{SHA1Crypt, parseSHA1Crypt},
	{ScryptCrypt, parseScryptCrypt},
	{Phpass, parsePhpass},
	{WordPress, parseWordPress},
	{Drupal7, parseDrupal7},
	{DjangoPBKDF2, parseDjangoPBKDF2},
	{DjangoArgon2, parseDjangoArgon2},
	{DjangoBcrypt, parseDjangoBcrypt},
	{DjangoBcryptSHA256, parseDjangoBcryptSHA256},
	{DjangoScrypt, parseDjangoScrypt},
	{DjangoDigest, parseDjangoDigest},
	{Werkzeug, parseWerkzeug},
	{PasslibPBKDF2, parsePasslibPBKDF2},
	{PasslibScrypt, parsePasslibScrypt},
	{PasslibBcryptSHA256, parsePasslibBcryptSHA256},
	{SpringBcrypt, parseSpringBcrypt},
	{SpringArgon2, parseSpringArgon2},
	{SpringPBKDF2, parseSpringPBKDF2},
	{SpringScrypt, parseSpringScrypt},
	{SpringSHA256, parseSpringSHA256},
	{SpringDigest, parseSpringDigest},
	{SpringLDAP, parseSpringLDAP},
	{Keycloak, parseKeycloak},
	{Atlassian, parseAtlassian},
	{LDAPSalted, parseLDAPSalted},
	{LDAPPBKDF2, parseLDAPPBKDF2},
	{LDAPArgon2, parseLDAPArgon2},
	{LDAPCrypt, parseLDAPCrypt},
	{DovecotPBKDF2, parseDovecotPBKDF2},
	{KratosPBKDF2, parseKratosPBKDF2},
	{KratosScrypt, parseKratosScrypt},
	{KratosCrypt, parseKratosCrypt},
	{KratosDigest, parseKratosDigest},
	{KratosHMAC, parseKratosHMAC},
	{Firebase, parseFirebase},
	{FirebaseExport, parseFirebaseExport},
	{Adonis, parseAdonis},
	{Shiro, parseShiro},
	{Mattermost, parseMattermost},
	{Gitea, parseGitea},
	{RubySCrypt, parseRubySCrypt},
	{PasslibP5K2, parseP5K2},
	{FSHP, parseFSHP},
	{MediaWiki, parseMediaWiki},
	{BetterAuth, parseBetterAuth},
	{GRUB, parseGRUB},
	{MSSQL, parseMSSQL},
	{InsecurePlaintext, parsePlaintext},
	{InsecureDjango, parseDjangoUnsalted},
	{InsecureSpring, parseSpringUnsalted},
	{InsecureSpringLDAP, parseSpringUnsaltedLDAP},
	{InsecureLDAP, parseLDAPUnsalted},
	{InsecureKratosMD5, parseKratosMD5},
	{InsecureMySQL41, parseMySQL41},
	{InsecureMD5, parseHexMD5},
	{InsecureSHA1, parseHexSHA1},
	{InsecureSHA256, parseHexSHA256},
	{InsecureSHA512, parseHexSHA512},
	{InsecureNTLM, parseNTLM},
	// Last, because base64 of a hash without a mark could be anything.
	{ASPNETIdentity, parseASPNETIdentity},
}, ofStacks()...)

type named struct {
	name  Format
	parse parser
}

func ofStacks() []named {
	var all []named
	for _, s := range stacks {
		all = append(all, named{s.name, schemeLines(s.lines)})
	}
	return all
}

// Formats returns every format.
func Formats() []Format {
	all := make([]Format, 0, len(formats)+1)
	for _, f := range formats {
		all = append(all, f.name)
	}
	return append(all, Wrapped)
}

// parserOf is nil for Wrapped and for what is no format.
func parserOf(f Format) parser {
	if isScheme(f) {
		if _, err := parseScheme(string(f)); err != nil {
			return nil
		}
		return schemeLines([]string{string(f)})
	}
	for _, known := range formats {
		if known.name == f {
			return known.parse
		}
	}
	return nil
}
