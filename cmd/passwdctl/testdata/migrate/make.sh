#!/bin/sh
# Makes the exports again, each with its own software where Debian 12 has it: python3-django,
# python3-werkzeug, wordpress and php-cli, slapd, apache2-utils, whois (mkpasswd of libxcrypt).
# Firebase's and Keycloak's are vectors that those publish, or made by their definition.
set -eu
ADA='correct horse battery staple'
GRACE='Grüße aus Zürich'

/usr/bin/python3 - "$ADA" "$GRACE" >django.json <<'PY'
import sys
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"], USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField")
import django
django.setup()
from django.core.management import call_command
from django.contrib.auth.models import User
call_command("migrate", verbosity=0)
User.objects.create_user("ada", "ada@example.com", sys.argv[1])
User.objects.create_user("grace", "grace@example.com", sys.argv[2])
User.objects.create_user("left", "left@example.com")  # without a password
call_command("dumpdata", "auth.user", indent=1)
PY

/usr/bin/python3 - "$ADA" "$GRACE" >flask.csv <<'PY'
import sys
from werkzeug.security import generate_password_hash as h
print("id,email,password_hash")
print("1,ada@example.com," + h(sys.argv[1]))
print("2,grace@example.com," + h(sys.argv[2]))
PY

php -r 'require "/usr/share/wordpress/wp-includes/class-phpass.php"; $h = new PasswordHash(8, true);
echo "user_login,user_email,user_pass\nada,ada@example.com,", $h->HashPassword(trim($argv[1])), "\ngrace,grace@example.com,\$wp", password_hash(base64_encode(hash_hmac("sha384", trim($argv[2]), "wp-sha384", true)), PASSWORD_BCRYPT, ["cost" => 10]), "\n";' -- "$ADA" "$GRACE" >wordpress.csv

php -r 'echo "id,email,password\n1,ada@example.com,", password_hash($argv[1], PASSWORD_BCRYPT), "\n2,grace@example.com,", password_hash($argv[2], PASSWORD_BCRYPT), "\n";' -- "$ADA" "$GRACE" >laravel.csv

php -r 'foreach ([["ada", $argv[1]], ["grace", $argv[2]]] as $i => $u) echo json_encode(["_id" => ["\$oid" => sprintf("60a1b2c3d4e5f6a7b8c9d0e%d", $i)], "email" => "$u[0]@example.com", "email_verified" => true, "passwordHash" => str_replace("\$2y\$", "\$2b\$", password_hash($u[1], PASSWORD_BCRYPT)), "connection" => "Users"]), "\n";' -- "$ADA" "$GRACE" >auth0.ndjson

php -r 'echo "id,email,encrypted_password\n1,ada@example.com,", str_replace("\$2y\$", "\$2a\$", password_hash($argv[1] . "pepper-of-the-app", PASSWORD_BCRYPT, ["cost" => 5])), "\n2,grace@example.com,", str_replace("\$2y\$", "\$2a\$", password_hash($argv[2] . "pepper-of-the-app", PASSWORD_BCRYPT, ["cost" => 5])), "\n";' -- "$ADA" "$GRACE" >devise.csv

php -r 'echo "username,email,password,salt\n"; foreach ([["ada", $argv[1], "aB3x9Kq2"], ["grace", $argv[2], "Zz81mPqR"]] as $u) echo "$u[0],$u[0]@example.com,", md5(md5($u[2]) . md5($u[1])), ",$u[2]\n";' -- "$ADA" "$GRACE" >mybb.csv

rm -f users.htpasswd
htpasswd -cbB users.htpasswd ada "$ADA" 2>/dev/null
htpasswd -bm users.htpasswd grace "$GRACE" 2>/dev/null

{ printf 'ada:%s:19700:0:99999:7:::\n' "$(mkpasswd -m yescrypt "$ADA")"
  printf 'grace:%s:19700:0:99999:7:::\n' "$(mkpasswd -m sha512crypt "$GRACE")"
  echo 'daemon:*:19700:0:99999:7:::'; } >shadow

ldap=$(mktemp -d)
mkdir "$ldap/db"
printf 'include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\ninclude /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix "dc=example,dc=com"\ndirectory %s\n' "$ldap/db" >"$ldap/slapd.conf"
{ printf 'dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n'
  for u in "ada:$ADA:{SSHA}" "grace:$GRACE:{SSHA}"; do
    name=${u%%:*}; rest=${u#*:}; password=${rest%:*}; scheme=${rest##*:}
    printf 'dn: uid=%s,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\nmail: %s@example.com\nuserPassword: %s\n\n' \
      "$name" "$name" "$name" "$name" "$name" "$(slappasswd -h "$scheme" -s "$password")"
  done; } >"$ldap/in.ldif"
/usr/sbin/slapadd -f "$ldap/slapd.conf" -l "$ldap/in.ldif" 2>/dev/null
/usr/sbin/slapcat -f "$ldap/slapd.conf" 2>/dev/null >ldap.ldif
rm -r "$ldap"

node -e '
const { pbkdf2Sync, scryptSync, createCipheriv, randomBytes } = require("node:crypto");
const fs = require("node:fs");
const users = [["ada", process.argv[1]], ["grace", process.argv[2]]];
fs.writeFileSync("keycloak.json", JSON.stringify({ realm: "app", users: users.map(([name, password], i) => {
  const salt = randomBytes(16);
  return { id: "0f1b-" + i, username: name, email: name + "@example.com", credentials: [{ id: "c" + i, type: "password", createdDate: 1616161616161,
    secretData: JSON.stringify({ value: pbkdf2Sync(password, salt, 27500, 64, "sha256").toString("base64"), salt: salt.toString("base64"), additionalParameters: {} }),
    credentialData: JSON.stringify({ hashIterations: 27500, algorithm: "pbkdf2-sha256", additionalParameters: {} }) }] };
}) }, null, 1) + "\n");
const signer = Buffer.from("jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", "base64");
const web = (b) => b.toString("base64").replace(/\+/g, "-").replace(/\//g, "_");
fs.writeFileSync("firebase.json", JSON.stringify({ users: users.map(([name, password], i) => {
  const salt = randomBytes(10);
  const key = scryptSync(password, Buffer.concat([salt, Buffer.from("Bw==", "base64")]), 32, { N: 2 ** 14, r: 8, p: 1, maxmem: 64 << 20 });
  const c = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return { localId: "u" + i, email: name + "@example.com", emailVerified: true, passwordHash: web(Buffer.concat([c.update(signer), c.final()])), salt: web(salt), createdAt: "1600000000000" };
}) }, null, 1) + "\n");
' "$ADA" "$GRACE"

/usr/bin/python3 - "$ADA" "$GRACE" >spring.csv <<'PY'
import sys
from argon2.low_level import hash_secret, Type
import bcrypt, os
print("id,username,password")
print('1,ada,{bcrypt}' + bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(10, b"2a")).decode())
print('2,grace,"{argon2@SpringSecurity_v5_8}' + hash_secret(sys.argv[2].encode(), os.urandom(16), 2, 16384, 1, 32, Type.ID).decode() + '"')
PY
node -e '
const { pbkdf2Sync, randomBytes } = require("node:crypto");
console.log("Id,Email,PasswordHash");
[["ada", process.argv[1]], ["grace", process.argv[2]]].forEach(([name, password], i) => {
  const head = Buffer.from([1, 0, 0, 0, 2, 0, 1, 0x86, 0xa0, 0, 0, 0, 16]), salt = randomBytes(16);
  console.log([i + 1, name + "@example.com", Buffer.concat([head, salt, pbkdf2Sync(password, salt, 100000, 32, "sha512")]).toString("base64")].join(","));
});' "$ADA" "$GRACE" >aspnet.csv

printf '{"hash": "%s:aB3x9Kq2", "password": "%s"}\n' "$(sed -n 's/^ada,[^,]*,\([0-9a-f]*\),.*/\1/p' mybb.csv)" "$ADA" >known.jsonl
