"""Puts into words what kept a request from being answered."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from ipaddress import ip_address

from urllib3.exceptions import DecodeError, HTTPError, IncompleteRead, ReadTimeoutError

from .answer import unusable
from .deadline import Deadline
from .deadline_socket import CONNECT_SECONDS, NotConnected
from .failures import MemoryFailure
from .quoting import quoted
from .settings import Settings

CONTAINER_ADVICE = (
    "In a container localhost means the container itself: use host.docker.internal for the host, or the name of the"
    " server's service."
)

_EXPIRED = {9: "is not valid yet", 10: "has expired"}
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}
_OTHER_NAME = {62, 64}


def failure_of(error: Exception, settings: Settings, deadline: Deadline) -> MemoryFailure:
    """Return the failure for an error of the socket, of TLS or of HTTP."""
    if isinstance(error, MemoryFailure):
        return error
    if isinstance(error, NotConnected):
        return _not_connected(settings)
    if isinstance(error, TimeoutError | ReadTimeoutError):
        return timed_out(settings, deadline)
    if isinstance(error, ssl.SSLError):
        return _tls(error, settings)
    if isinstance(error, socket.gaierror):
        return _no_name(error, settings)
    return _broken_off(error, settings)


def timed_out(settings: Settings, deadline: Deadline) -> MemoryFailure:
    """Return the failure of a server that is too slow."""
    happened = f"{where(settings)} was not done within the deadline of {deadline.seconds:g} s."
    advice = "Try again; where the server needs that long, raise the deadline in the plugin's settings."
    return MemoryFailure("timeout", happened, advice)


def _not_connected(settings: Settings) -> MemoryFailure:
    """Return the failure of a server that does not take connections, nor refuse them."""
    happened = f"{where(settings)} did not take a connection within {CONNECT_SECONDS:g} s."
    advice = "Check the address, and whether a firewall or a network of its own is between Dify and the server."
    return MemoryFailure("timeout", happened, advice)


def where(settings: Settings) -> str:
    """Return the server's name in a message: host and port."""
    return f"The memory server at {settings.host}:{settings.port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is the machine, or the container, itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _no_name(error: socket.gaierror, settings: Settings) -> MemoryFailure:
    """Return the failure of a name that leads nowhere."""
    host = quoted(settings.host, 100)
    if error.errno == socket.EAI_AGAIN:
        happened = f"The name servers could not look {host} up just now."
    else:
        happened = f"The host {host} of the base URL was not found."
    advice = "Check its spelling; between containers use the service's name on a network that both share."
    return MemoryFailure("name_not_found", happened, advice)


def _broken_off(error: Exception, settings: Settings) -> MemoryFailure:
    """Return the failure of a connection that was not made, or did not last."""
    if isinstance(error, ConnectionRefusedError):
        advice = "Check that it is running, and the host and port of the base URL."
        advice = f"{CONTAINER_ADVICE} {advice}" if is_loopback(settings.host) else f"{advice} {CONTAINER_ADVICE}"
        return MemoryFailure("refused", f"{where(settings)} refused the connection.", advice)
    if isinstance(error, IncompleteRead):
        return _disconnected(settings, "in the middle of its answer")
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return _disconnected(settings, "before its answer")
    if isinstance(error, http.client.HTTPException | DecodeError):
        return _not_http(error, settings)
    if isinstance(error, HTTPError):
        return _disconnected(settings, "in the middle of its answer")
    happened = f"{where(settings)} cannot be reached ({quoted(str(error.args[-1] if error.args else error), 80)})."
    return MemoryFailure("unreachable", happened, "Check the network between Dify and the server. " + CONTAINER_ADVICE)


def _disconnected(settings: Settings, when: str) -> MemoryFailure:
    """Return the failure of a connection that the other side closed."""
    advice = "Try again; if it happens each time, look into its log, and whether the base URL needs https."
    return MemoryFailure("disconnected", f"{where(settings)} closed the connection {when}.", advice)


def _not_http(error: Exception, settings: Settings) -> MemoryFailure:
    """Return the failure of an answer that is no HTTP."""
    if isinstance(error, http.client.BadStatusLine):
        if "\x15\x03" in str(error) or "\\x15\\x03" in str(error):
            return _needs("https", settings)
        return unusable(f"it does not begin like HTTP but with {quoted(str(error.args[0]), 40)}")
    if isinstance(error, DecodeError):
        return unusable("its content coding is damaged")
    if isinstance(error, http.client.LineTooLong) or "more than" in str(error):
        return unusable("its header is larger than any that a memory server sends")
    return unusable("it is not valid HTTP")


def _tls(error: ssl.SSLError, settings: Settings) -> MemoryFailure:
    """Return the failure of a TLS handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, settings)
    if error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}:
        return _needs("http", settings)
    reason = re.sub(r"[^a-z0-9 ]", "", (error.reason or "the handshake broke off").replace("_", " ").lower())
    advice = "Check that the base URL leads to a server with TLS 1.2 or newer."
    return MemoryFailure("tls", f"{where(settings)} could not set up TLS ({reason}).", advice)


def _certificate(error: ssl.SSLCertVerificationError, settings: Settings) -> MemoryFailure:
    """Return the failure of a certificate, by OpenSSL's number for it."""
    code = error.verify_code
    if code in _EXPIRED:
        seen, advice = _EXPIRED[code], "Renew it on the server, and check the clocks of both machines."
    elif code in _OTHER_NAME:
        seen = f"is not for {quoted(settings.host, 100)}"
        advice = "Use the host name that stands in the certificate, or have one made for this name."
    elif code in _UNKNOWN_AUTHORITY:
        seen = "comes from an authority that is not trusted here"
        advice = "Paste the PEM text of that authority into the CA certificate of the plugin's settings."
    else:
        seen, advice = f"was not accepted (OpenSSL's reason {code})", "Have it checked with openssl verify."
    return MemoryFailure("tls", f"The certificate of {settings.host}:{settings.port} {seen}.", advice)


def _needs(scheme: str, settings: Settings) -> MemoryFailure:
    """Return the failure of http against https, or the other way round."""
    happened = f"{where(settings)} does not speak {settings.scheme} on this port."
    return MemoryFailure("tls", happened, f"Begin the base URL with {scheme}:// or use the port for {settings.scheme}.")
