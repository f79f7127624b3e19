"""Certificate authorities and servers' certificates, made by openssl for one run."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SIGNING = """
[ca]
default_ca = this
[this]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
unique_subject = no
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = {name}
basicConstraints = CA:FALSE
keyUsage = digitalSignature,keyEncipherment
"""


@dataclass(frozen=True)
class Authority:
    """An authority in a folder; `pem` is its certificate."""

    folder: Path
    pem: str

    def server(self, name: str, valid_from: timedelta = timedelta(days=-1)) -> ssl.SSLContext:
        """Return the context of a server with a certificate for `name`, valid for two days from then on."""
        key, request, certificate = (self.folder / f"server.{each}" for each in ("key", "csr", "crt"))
        _openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
            "-out",
            request,
            "-subj",
            "/CN=server",
        )
        signing = self.folder / "signing.cnf"
        signing.write_text(SIGNING.format(folder=self.folder, name=name))
        start = datetime.now(UTC) + valid_from
        times = ("-startdate", _written(start), "-enddate", _written(start + timedelta(days=2)))
        mine = ("-cert", self.folder / "ca.crt", "-keyfile", self.folder / "ca.key")
        _openssl(
            "ca",
            "-batch",
            "-rand_serial",
            "-notext",
            "-config",
            signing,
            *mine,
            *times,
            "-in",
            request,
            "-out",
            certificate,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def new_authority(folder: Path) -> Authority:
    """Return a new authority, valid for a month."""
    certificate = folder / "ca.crt"
    subject = ("-subj", f"/CN={folder.name}", "-days", 30)
    extensions = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    made = (
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        folder / "ca.key",
        "-out",
        certificate,
    )
    _openssl("req", "-x509", *made, *subject, *extensions)
    (folder / "index.txt").touch()
    (folder / "serial").write_text("1000\n")
    return Authority(folder, certificate.read_text())


def _written(moment: datetime) -> str:
    """Return an instant as openssl takes it."""
    return moment.strftime("%Y%m%d%H%M%SZ")


def _openssl(*words: object) -> None:
    """Run openssl; raises CalledProcessError."""
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
