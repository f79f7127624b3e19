"""Signatures of packages as Dify's daemon makes and checks them.

RSA with PKCS #1 v1.5 and SHA-256 over the SHA-256 digests of all files in the order of the ZIP, followed by the time
as decimal digits. Signature and time stand in the ZIP's comment; a verification file, last in the ZIP and signed with
the others, says who the signer speaks for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memconform.dify.packaging.contents import Contents
from memconform.dify.packaging.failures import KeyUnusable, SigningUnavailable
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

VERIFICATION_FILE = ".verification.dify.json"
VERIFICATION = b'{"authorized_category":"community"}'
"""The daemon knows langgenius, partner and community; a key of one's own speaks for the community."""

SMALLEST_KEY_BITS = 2048

ABSENT = Rule("signature-absent", Authority.DAEMON, "sign the package: memconform plugin package DIR --key PRIVATE.pem")
INVALID = Rule(
    "signature-invalid", Authority.DAEMON, "do not install it; get the package, or the key, anew from its author"
)
KEY_FORM = Rule(
    "key-form", Authority.PRACTICE, "give Dify's daemon the key as PKCS #1: openssl rsa -pubin -RSAPublicKey_out"
)


@dataclass(frozen=True)
class Signature:
    """What a ZIP comment says: the signature, and the time in seconds since 1970 that was signed with it."""

    signature: bytes
    time: int

    def comment(self) -> bytes:
        """Return the ZIP comment, the same bytes as Dify's own."""
        said = {"signature": base64.b64encode(self.signature).decode(), "time": self.time}
        return json.dumps(said, separators=(",", ":")).encode()

    @classmethod
    def read(cls, comment: bytes) -> Signature | None:
        """Return what the comment says, None when it says nothing of a signature."""
        try:
            said = json.loads(comment)
            signature, time = base64.b64decode(said["signature"], validate=True), said["time"]
        except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
            return None
        return cls(signature, time) if isinstance(time, int) and not isinstance(time, bool) and signature else None


def signed_data(contents: Iterable[bytes], time: int) -> bytes:
    """Return what is signed: the digests of the files in ZIP order, and the time."""
    return b"".join(hashlib.sha256(content).digest() for content in contents) + str(time).encode()


def sign(contents: Iterable[bytes], time: int, key_pem: bytes) -> Signature:
    """Return the signature; the same key, files and time give the same bytes. Raise `KeyUnusable`."""
    hashes, padding = _cryptography()
    key = _private(key_pem)
    return Signature(key.sign(signed_data(contents, time), padding.PKCS1v15(), hashes.SHA256()), time)


def judge_signature(contents: Contents, key_pem: bytes) -> Iterable[Problem]:
    """Yield what is wrong with a package's signature; raise `KeyUnusable` for a key that cannot be read."""
    hashes, padding = _cryptography()
    from cryptography.exceptions import InvalidSignature

    key = _public(key_pem)
    if b"BEGIN RSA PUBLIC KEY" not in key_pem:
        expected = "a public key as PKCS #1, 'BEGIN RSA PUBLIC KEY', the only form that Dify's daemon reads"
        yield KEY_FORM.broken("the public key", expected, "another form, which we read")
    signature = Signature.read(contents.comment)
    if signature is None:
        seen = (
            "no comment" if not contents.comment else f"the comment {shown(contents.comment.decode(errors='replace'))}"
        )
        yield ABSENT.broken(contents.origin.name, "a signature in the ZIP's comment", seen)
        return
    data = signed_data((contents.files.get(path, b"") for path in contents.order), signature.time)
    try:
        key.verify(signature.signature, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        seen = "files, an order or a time that were not signed so, or another key"
        yield INVALID.broken(contents.origin.name, "what the key's owner signed", seen)


def _private(pem: bytes) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise KeyUnusable("the private key is encrypted; Dify's tools read only keys without a pass phrase") from None
    except Exception as error:  # noqa: BLE001 - cryptography raises many kinds for what is no key
        raise KeyUnusable(f"the file is not a private key in PEM form: {error}") from None
    if not isinstance(key, RSAPrivateKey):
        raise KeyUnusable(f"expected an RSA key of 4,096 bits, saw {type(key).__name__}")
    _require_size(key.key_size)
    return key


def _public(pem: bytes) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY" in pem:
        raise KeyUnusable("the file holds a private key; give the public one, and keep the private one to yourself")
    try:
        key = load_pem_public_key(pem)
    except Exception as error:  # noqa: BLE001 - cryptography raises many kinds for what is no key
        raise KeyUnusable(f"the file is not a public key in PEM form: {error}") from None
    if not isinstance(key, RSAPublicKey):
        raise KeyUnusable(f"expected an RSA key of 4,096 bits, saw {type(key).__name__}")
    return key


def _require_size(bits: int) -> None:
    if bits < SMALLEST_KEY_BITS:
        raise KeyUnusable(f"expected an RSA key of 4,096 bits, saw {bits}; fewer than {SMALLEST_KEY_BITS} are not safe")


def _cryptography() -> tuple[Any, Any]:
    """Return the modules of hashes and paddings; raise `SigningUnavailable`."""
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding
    except ModuleNotFoundError:
        raise SigningUnavailable(
            "signatures need the package 'cryptography', which is not installed. Try: pip install 'memconform[plugin]'"
        ) from None
    return hashes, padding
