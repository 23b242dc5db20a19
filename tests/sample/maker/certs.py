"""The sample's certificates: one authority, a leaf per site, two self-signed.

The dates are fixed to the sample's calendar (`openssl ca` is the way to set
them in OpenSSL 3.0), so they fit the shifted capture and not this machine.
"""

import subprocess

from world import DOMAIN, DROP_NAME, SITES

CONFIG = """
[ca]
default_ca = sample
[sample]
database = {dir}/index.txt
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
email_in_dn = no
[any]
commonName = supplied
organizationName = optional
countryName = optional
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[leaf]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
[req]
distinguished_name = dn
[dn]
"""


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


class Certs:
    def __init__(self, directory):
        self.dir = directory
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "index.txt").write_text("")
        self.config = directory / "ca.cnf"
        self.config.write_text(CONFIG.format(dir=directory))
        self.issue("root", "/C=CH/O=Sample Trust/CN=Sample Root CA", [], ca=True)

    def issue(self, name, subject, names, ca=False, selfsigned=False, rsa=False,
              start="20260105000000Z", end="20270104235959Z"):
        """Write NAME.key and NAME.crt, and both together as NAME.pem."""
        key, csr, crt = (str(self.dir / f"{name}.{e}") for e in ("key", "csr", "crt"))
        if rsa:
            openssl("genrsa", "-out", key, "2048")
        else:
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        alt = ["-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names)] if names else []
        openssl("req", "-new", "-config", str(self.config), "-key", key, "-subj", subject,
                "-out", csr, *alt)
        if ca:
            start, end = "20200101000000Z", "20400101000000Z"
        signer = ["-selfsign", "-keyfile", key] if ca or selfsigned else [
            "-cert", str(self.dir / "root.crt"), "-keyfile", str(self.dir / "root.key")]
        openssl("ca", "-batch", "-notext", "-config", str(self.config), *signer, "-in", csr,
                "-out", crt, "-startdate", start, "-enddate", end,
                "-extensions", "root" if ca else "leaf")
        text = "".join((self.dir / f"{name}.{e}").read_text() for e in ("crt", "key"))
        (self.dir / f"{name}.pem").write_text(text)


def make_all(directory):
    certs = Certs(directory)
    for number, (name, _, _, _, how, _) in enumerate(SITES):
        if how in ("12", "13"):
            certs.issue(name, f"/C=US/O=Sample Hosting {number % 5}/CN={name}", [name],
                        rsa=number % 3 == 0, start=f"202601{5 + number % 20:02d}000000Z")
    intranet = [f"intranet.{DOMAIN}", f"wiki.{DOMAIN}"]
    certs.issue("intranet", f"/O=Office/CN={intranet[0]}", intranet, rsa=True)
    # A printer's web page is self-signed in ordinary life, too.
    certs.issue("printer", f"/O=LaserWriter/CN=printer.{DOMAIN}", [], selfsigned=True, rsa=True,
                start="20240101000000Z", end="20331231235959Z")
    certs.issue("c2", "/CN=localhost", [], selfsigned=True, rsa=True,
                start="20260304213000Z", end="20360304213000Z")
    certs.issue("drop", f"/CN={DROP_NAME}", [DROP_NAME], start="20260305000000Z")
