"""What TLS trusts: the operating system's authorities, or the one certificate in the settings, and nothing else."""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import textwrap

from .failures import MemoryFailure

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def certificate_text(text: str) -> str | None:
    """Return PEM certificates in their usual form, also where a form lost their line breaks; None for no text."""
    if not text:
        return None
    blocks = _BLOCK.findall(text.replace("\\n", "\n").replace("\\r", ""))
    if not blocks:
        raise _unusable("it has no block -----BEGIN CERTIFICATE----- … -----END CERTIFICATE-----")
    return "".join(_block(body) for body in blocks)


def tls_context(ca_certificate: str | None) -> ssl.SSLContext:
    """Return a client context that checks names and chains; with a certificate it trusts only that one.

    Raises MemoryFailure for text that is no certificate: OpenSSL reads it here, once for each pool.
    """
    try:
        context = ssl.create_default_context(cadata=ca_certificate)
    except (ssl.SSLError, ValueError):
        raise _unusable("what is in it is not an X.509 certificate") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _block(body: str) -> str:
    """Return one certificate with lines of 64 characters."""
    code = "".join(body.split())
    try:
        base64.b64decode(code, validate=True)
    except binascii.Error:
        raise _unusable("what is in it is not base64") from None
    lines = "\n".join(textwrap.wrap(code, 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _unusable(why: str) -> MemoryFailure:
    """Return the failure of a certificate in the settings."""
    return MemoryFailure(
        "bad_settings",
        f"The CA certificate cannot be used: {why}.",
        "Paste the PEM text of the authority that signed the server's certificate, or leave it empty.",
    )
