# Writes hashes of Passlib and argon2-cffi in the spellings of other stacks: python3 stacks.py
import json
from hashlib import sha256
from passlib.hash import cta_pbkdf2_sha1, dlitz_pbkdf2_sha1, fshp, nthash, mssql2000, ldap_hex_md5, ldap_hex_sha1, \
    ldap_pbkdf2_sha1, ldap_pbkdf2_sha512, hex_sha512, ldap_sha512_crypt, bcrypt
from argon2.low_level import hash_secret, hash_secret_raw, Type
from base64 import b64encode

PW = "Gr\u00fc\u00dfe, correct horse"


def row(format, hash, **more):
    print(json.dumps({"format": format, "hash": hash, "password": PW, **more}, ensure_ascii=False))


row("passlib_p5k2", cta_pbkdf2_sha1.using(rounds=1000).hash(PW))
row("passlib_p5k2", dlitz_pbkdf2_sha1.using(rounds=1000).hash(PW))
row("passlib_p5k2", dlitz_pbkdf2_sha1.using(rounds=400).hash(PW))
for variant in range(4):
    row("fshp", fshp.using(rounds=1000, variant=variant).hash(PW))
row("insecure_ntlm", nthash.hash(PW))
row("mssql", mssql2000.hash(PW))
row("insecure_ldap", ldap_hex_md5.hash(PW))
row("insecure_ldap", ldap_hex_sha1.hash(PW))
row("insecure_ldap", ldap_hex_md5.hash(PW).replace("{MD5}", "{plain-md5}"))
row("ldap_pbkdf2", ldap_pbkdf2_sha1.using(rounds=1000).hash(PW).lower()[:8] + ldap_pbkdf2_sha1.using(rounds=1000).hash(PW)[8:])
row("ldap_pbkdf2", ldap_pbkdf2_sha512.using(rounds=1000).hash(PW))
row("insecure_sha512", hex_sha512.hash(PW))
row("ldap_crypt", ldap_sha512_crypt.using(rounds=1000).hash(PW).replace("{CRYPT}", "{sha512-crypt}"))

salt = bytes(range(16))
phc = lambda pw, kib=256: hash_secret(pw.encode(), salt, 2, kib, 1, 32, Type.ID).decode()
row("meteor_argon2", phc(sha256(PW.encode()).hexdigest()))
row("adonis", phc(PW, 4096).replace("m=4096,t=2,p=1", "t=2,m=4096,p=1"))
row("shiro", "$shiro2" + phc(PW))
row("shiro", "$shiro2" + phc(PW).replace("m=256,t=2,p=1", "t=2,m=256,p=1"))
mcf = bcrypt.using(rounds=5, ident="2y").hash(PW)
row("shiro", "$shiro2" + mcf)
row("shiro", "$shiro2" + mcf[:29] + "$" + mcf[29:])
row("gitea", "argon2$2$256$1$50:" + salt.hex() + ":" + hash_secret_raw(PW.encode(), salt, 2, 256, 1, 50, Type.ID).hex())
row("gitea", "bcrypt$5::" + mcf)
mcf = bcrypt.using(rounds=5, ident="2b").hash(PW)
enc = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
std = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
plain = mcf.translate(str.maketrans(enc, std))
row("adonis", "$bcrypt$v=98$r=5$%s$%s" % (plain[7:29], plain[29:]))
row("keycloak", json.dumps({"credentialData": json.dumps({"hashIterations": 5, "algorithm": "bcrypt"}), "secretData": json.dumps({"value": mcf, "salt": ""})}))
