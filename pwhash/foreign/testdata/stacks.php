<?php
// Writes a hash of each stack, made as its own PHP code makes it: php stacks.php
$pw = "Gr\u{fc}\u{df}e, correct horse";

function row($format, $hash, $more = []) {
    global $pw;
    echo json_encode(["format" => $format, "hash" => $hash, "password" => $pw] + $more, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE), "\n";
}
$salt = "k7Qz!x9";
row("mybb", md5(md5("hGx72Ksa") . md5($pw)) . ":hGx72Ksa");
row("vbulletin3", md5(md5($pw) . $salt) . ":$salt");
row("vbulletin3", md5(md5($pw) . $salt) . " $salt");
row("vbulletin5", password_hash(md5($pw), PASSWORD_BCRYPT, ["cost" => 5]));
row("xenforo1", hash("sha256", hash("sha256", $pw) . "d41d8cd98f") . ":d41d8cd98f");
row("xenforo1", sha1(sha1($pw) . "d41d8cd98f") . ":d41d8cd98f");
row("smf", sha1(strtolower("Admin:Jane") . $pw) . ":Admin:Jane");
$bcrypt = function ($password, $settings) { return crypt($password, $settings); };
$settings = '$2a$05$' . "abcdefghijklmnopqrstuu";
row("woltlab", "Bcrypt:" . password_hash($pw, PASSWORD_BCRYPT, ["cost" => 5]));
row("woltlab", "DoubleBcrypt:" . crypt(crypt($pw, $settings), $settings));
row("woltlab", crypt(crypt($pw, $settings), $settings));
row("woltlab", "wcf1:" . sha1($salt . sha1($salt . sha1($pw))) . ":$salt");
row("joomla15", md5($pw . "aSdFgHjKlQwErTyUiOpZxCvBnM123456") . ":aSdFgHjKlQwErTyUiOpZxCvBnM123456");
row("magento1", md5("x2" . $pw) . ":x2");
row("magento2", hash("sha256", "0123456789abcdefghijklmnopqrstuv" . $pw) . ":0123456789abcdefghijklmnopqrstuv:1");
row("magento2", md5("0123456789abcdef" . $pw) . ":0123456789abcdef:0");
row("magento2", hash("sha256", "0123456789abcdef" . md5("0123456789abcdef" . $pw)) . ":0123456789abcdef:0:1");
$argon = sodium_crypto_pwhash(32, $pw, substr("0123456789abcdefghijklmnopqrstuv", 0, 16), 2, 67108864, SODIUM_CRYPTO_PWHASH_ALG_ARGON2ID13);
row("magento2", bin2hex($argon) . ":0123456789abcdefghijklmnopqrstuv:2");
row("magento2", bin2hex($argon) . ":0123456789abcdef:3_32_2_67108864");
row("opencart", sha1("q7w8e9r0t" . sha1("q7w8e9r0t" . sha1($pw))) . ":q7w8e9r0t");
row("cakephp2", sha1("DYhG93b0qyJfIxfs2guVoUubWwvniR2G0FgaC9mi" . $pw), ["secret" => "DYhG93b0qyJfIxfs2guVoUubWwvniR2G0FgaC9mi"]);
row("prestashop", md5("cookie-key-of-the-shop" . $pw), ["secret" => "cookie-key-of-the-shop"]);
row("mediawiki_legacy", ":A:" . md5($pw));
row("mediawiki_legacy", ":B:1a2b3c4d:" . md5("1a2b3c4d-" . md5($pw)));
$b64 = fn($s) => base64_encode($s);
$wikiSalt = "0123456789abcdef";
row("mediawiki", ":pbkdf2:sha512:300:64:" . $b64($wikiSalt) . ":" . $b64(hash_pbkdf2("sha512", $pw, $wikiSalt, 300, 64, true)));
row("mediawiki", ":pbkdf2-legacyB:!1a2b3c4d!sha512:300:64!" . $b64($wikiSalt) . "!" . $b64(hash_pbkdf2("sha512", md5("1a2b3c4d-" . md5($pw)), $wikiSalt, 300, 64, true)));
row("mediawiki", ":argon2:" . password_hash($pw, PASSWORD_ARGON2ID, ["memory_cost" => 256, "time_cost" => 2, "threads" => 1]));
$salted = $pw . "{" . "sy.mf-salt" . "}";
$digest = hash("sha512", $salted, true);
for ($i = 1; $i < 5000; $i++) $digest = hash("sha512", $digest . $salted, true);
row("symfony_sha512", base64_encode($digest) . ":sy.mf-salt");
row("nextcloud", "1|" . password_hash($pw, PASSWORD_BCRYPT, ["cost" => 5]));
row("nextcloud", "2|" . password_hash($pw, PASSWORD_ARGON2I, ["memory_cost" => 256, "time_cost" => 2, "threads" => 1]));
row("nextcloud", "3|" . password_hash($pw, PASSWORD_ARGON2ID, ["memory_cost" => 256, "time_cost" => 2, "threads" => 1]));
row("insecure_ntlm", hash("md4", iconv("UTF-8", "UTF-16LE", $pw)));
row("insecure_ntlm", "\$3\$\$" . hash("md4", iconv("UTF-8", "UTF-16LE", $pw)));
row("hash = md5(utf16le(pw))", md5(iconv("UTF-8", "UTF-16LE", $pw)));
row("salt[4]hash = sha1(pw + salt)", "a1b2" . sha1($pw . "a1b2"));
row("hash = left(sha256(pw), 32)", substr(hash("sha256", $pw), 0, 32));
row("hash = upper(md5(pw))", strtoupper(md5($pw)));
row("hash:salt = base64(hmac_sha512(salt, pw))", base64_encode(hash_hmac("sha512", $pw, "pepper and salt", true)) . ":pepper and salt");
row("hash = crypt(md5(pw))", crypt(md5($pw), '$1$abcdefgh$'));
row("hash = bcrypt(sha1(pw))", password_hash(sha1($pw), PASSWORD_BCRYPT, ["cost" => 5]));
row("hash = bcrypt(base64(sha384(pw)))", password_hash(base64_encode(hash("sha384", $pw, true)), PASSWORD_BCRYPT, ["cost" => 5]));
row("ldap_salted", "{ssha256.HEX}" . hash("sha256", $pw . "saltsalt") . bin2hex("saltsalt"));
