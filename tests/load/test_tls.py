"""Load over TLS: a certificate is verified against the authority that is named, and nothing is sent where it is not."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.listening import listening
from tests.load.conftest import Small

from memconform_load.launch import RunFailed


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return pem, secret


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def _behind_tls(url: str, certificate: Path, key: Path) -> Iterator[str]:
    """Serve a server's address over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    target = urlsplit(url)

    def carried(inside: socket.socket, _: int) -> None:
        with socket.create_connection((target.hostname or "", target.port or 0)) as outside:
            up = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
            up.start()
            _pump(outside, inside)
            up.join()

    with listening(carried, context) as server:
        yield f"https://127.0.0.1:{server.port}"


def test_a_certificate_is_verified(server: str, small: Small, tmp_path: Path) -> None:
    """With the authority, or where verifying is switched off, the run goes over TLS; else it is refused."""
    certificate, key = _certificate(tmp_path)
    with _behind_tls(server, certificate, key) as url:
        trusted = small(url, seconds=1, ca_file=str(certificate))
        unverified = small(url, seconds=1, insecure=True)
        with pytest.raises(RunFailed, match="certificate"):
            small(url, seconds=1)
    for result in (trusted, unverified):
        assert result["counts"]["completed"] > 10
        assert result["counts"]["failed"] == 0
