package foreign

// Schemes that other software uses, under a name each. Where the table has hash and
// salt in two columns, [Join] and passwdctl import make one of them.
const (
	MyBB             Format = "mybb"              // hash:salt; Invision Power Board 2 and 3; fast
	VBulletin3       Format = "vbulletin3"        // hash:salt, and 4; fast
	VBulletin5       Format = "vbulletin5"        // $2y$, $argon2id$: of the MD5
	XenForo1         Format = "xenforo1"          // hash:salt; fast
	SMF              Format = "smf"               // hash:user, and 2.0; fast
	WoltLab          Format = "woltlab"           // Bcrypt:, DoubleBcrypt:, Argon2:, Pbkdf2:, wcf1:, wcf2:
	Joomla15         Format = "joomla15"          // hash:salt, to 2.5; fast
	Magento1         Format = "magento1"          // hash:salt; osCommerce, Zen Cart; fast
	Magento2         Format = "magento2"          // hash:salt:version
	OpenCart         Format = "opencart"          // hash:salt; fast
	Redmine          Format = "redmine"           // hash:salt; fast
	CakePHP2         Format = "cakephp2"          // Security.salt in Hasher.SchemeSecret; fast
	MediaWikiLegacy  Format = "mediawiki_legacy"  // :A:, :B:; fast
	SymfonySHA512    Format = "symfony_sha512"    // hash:salt, 5000 rounds; FOSUserBundle; fast
	Nextcloud        Format = "nextcloud"         // 1|, 2|, 3|; ownCloud
	Discourse        Format = "discourse"         // hash:salt
	PassportLocal    Format = "passport_local"    // hash:salt: passport-local-mongoose, Payload
	NodeScrypt       Format = "node_scrypt"       // salt:hash, hash.salt: scryptSync with its defaults
	Lucia            Format = "lucia"             // s2:salt:hash, salt:hash
	MeteorArgon2     Format = "meteor_argon2"     // $argon2id$ of the SHA-256: Meteor 3
	AuthlogicSHA512  Format = "authlogic_sha512"  // hash:salt, 20 rounds; fast
	RestfulAuth      Format = "restful_auth"      // hash:salt; REST_AUTH_SITE_KEY in Hasher.SchemeSecret; fast
	DeviseSHA512     Format = "devise_sha512"     // hash:salt: devise-encryptable, 10 rounds; its pepper in Hasher.SchemeSecret; fast
	WerkzeugDigest   Format = "werkzeug_digest"   // sha256$, sha1$, md5$: HMAC; to Werkzeug 2.2; fast
	PasswapSHA2      Format = "passwap_sha2"      // $sha256$, $sha512$; fast
	FusionAuth       Format = "fusionauth"        // hash:salt, hash:salt:rounds: salted-pbkdf2-hmac-sha256
	FusionAuthSHA256 Format = "fusionauth_sha256" // hash:salt: salted-sha256, 20,000 rounds; fast
	ASPNETMembership Format = "aspnet_membership" // hash:salt; fast
	PrestaShop       Format = "prestashop"        // _COOKIE_KEY_ in Hasher.SchemeSecret; fast
)

// stacks has the lines of each.
var stacks = []struct {
	name  Format
	lines []string
}{
	{MyBB, []string{"hash:salt = md5(md5(salt) + md5(pw))"}},
	{VBulletin3, []string{"hash:salt = md5(md5(pw) + salt)", "hash salt = md5(md5(pw) + salt)"}},
	{VBulletin5, []string{"hash = bcrypt(md5(pw))", "hash = argon2(md5(pw))"}},
	{XenForo1, []string{"hash:salt = sha256(sha256(pw) + salt)", "hash:salt = sha1(sha1(pw) + salt)"}},
	{SMF, []string{"hash:user = sha1(lower(user) + pw)"}},
	{WoltLab, []string{
		"Bcrypt:hash = bcrypt(pw)",
		"DoubleBcrypt:hash = bcrypt(bcrypt(pw))",
		"wcf2:hash = bcrypt(bcrypt(pw))",
		"hash = bcrypt(bcrypt(pw))",
		"Argon2:hash = argon2(pw)",
		"wcf1:hash:salt = sha1(salt + sha1(salt + sha1(pw)))",
		"Pbkdf2:hash:salt:sha256:rounds:32 = pbkdf2_sha256(pw, salt, rounds, 16)",
	}},
	{Joomla15, []string{"hash:salt = md5(pw + salt)"}},
	{Magento1, []string{"hash:salt = md5(salt + pw)"}},
	{Magento2, []string{
		"hash:salt:0:1 = sha256(salt + md5(salt + pw))",
		"hash:salt:1 = sha256(salt + pw)",
		"hash:salt:0 = md5(salt + pw)",
		"hash:salt:2 = argon2id(pw, left(salt, 16), 65536, 2, 1, 32)",
		"hash:salt:3_32_2_67108864 = argon2id(pw, left(salt, 16), 65536, 2, 1, 32)",
	}},
	{OpenCart, []string{"hash:salt = sha1(salt + sha1(salt + sha1(pw)))"}},
	{Redmine, []string{"hash:salt = sha1(salt + sha1(pw))"}},
	{CakePHP2, []string{"hash = sha1(secret + pw)"}},
	{MediaWikiLegacy, []string{":A:hash = md5(pw)", ":B:salt:hash = md5(salt + '-' + md5(pw))"}},
	{SymfonySHA512, []string{"hash:salt = base64(repeat(5000, sha512(raw(last) + pw + '{' + salt + '}')))"}},
	{Nextcloud, []string{"1|hash = bcrypt(pw)", "2|hash = argon2(pw)", "3|hash = argon2(pw)"}},
	{Discourse, []string{"hash:salt = pbkdf2_sha256(pw, salt, 64000, 32)"}},
	{PassportLocal, []string{"hash:salt = pbkdf2_sha256(pw, salt, 25000, 512)"}},
	{NodeScrypt, []string{"salt:hash = scrypt(pw, salt, 16384, 8, 1, 64)", "hash.salt = scrypt(pw, salt, 16384, 8, 1, 64)"}},
	{Lucia, []string{
		"s2:salt:hash = scrypt(nfkc(pw), salt, 16384, 16, 1, 64)",
		"salt:hash = scrypt(nfkc(pw), salt, 16384, 8, 1, 64)",
	}},
	{MeteorArgon2, []string{"hash = argon2(sha256(pw))"}},
	{AuthlogicSHA512, []string{"hash:salt = repeat(20, sha512(last), pw + salt)"}},
	{RestfulAuth, []string{"hash:salt = repeat(10, sha1(last + '--' + salt + '--' + pw + '--' + secret), secret)"}},
	{DeviseSHA512, []string{"hash:salt = repeat(10, sha512('--' + salt + '--' + last + '--' + pw + '--' + secret + '--'), secret)"}},
	{WerkzeugDigest, []string{
		"sha256$salt$hash = hmac_sha256(salt, pw)",
		"sha1$salt$hash = hmac_sha1(salt, pw)",
		"md5$salt$hash = hmac_md5(salt, pw)",
		"sha512$salt$hash = hmac_sha512(salt, pw)",
	}},
	{PasswapSHA2, []string{
		"'$sha256$'salt$hash = sha256(salt + pw)",
		"'$sha512$'salt$hash = sha512(salt + pw)",
	}},
	{FusionAuth, []string{
		"hash:salt = base64(pbkdf2_sha256(pw, unbase64(salt), 24000, 32))",
		"hash:salt:rounds = base64(pbkdf2_sha256(pw, unbase64(salt), rounds, 32))",
	}},
	{FusionAuthSHA256, []string{"hash:salt = base64(repeat(20000, sha256(raw(last)), pw + unbase64(salt)))"}},
	{ASPNETMembership, []string{
		"hash:salt = base64(sha1(unbase64(salt) + utf16le(pw)))",
		"hash:salt = base64(sha256(unbase64(salt) + utf16le(pw)))",
	}},
	{PrestaShop, []string{"hash = md5(secret + pw)"}},
}

// Lines returns the one-line schemes that a format is made of: those of its stack, a
// scheme itself, and none for a format that is code.
func Lines(f Format) []string { return append([]string(nil), linesOf(f)...) }
