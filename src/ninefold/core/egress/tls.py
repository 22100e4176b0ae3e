"""TLS of outgoing requests: whom to trust, and what a failed handshake means for the owner of the URL."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ninefold.core.egress.errors import (
    TlsCertificateExpiredError,
    TlsCertificateUntrustedError,
    TlsCertificateWrongHostError,
    TlsClientCertificateRequiredError,
    TlsFailedError,
    TlsHostUnknownError,
    TlsNotSpokenError,
    TlsVersionTooOldError,
)
from ninefold.core.errors import SettingError

CA_FILE_SETTING: Final = "NINEFOLD_EGRESS_CA_FILE"

# OpenSSL's codes (`x509_vfy.h`) and reasons (`sslerr.h`); the alerts are those of RFC 8446 §6.2.
_EXPIRED: Final = 10
_MISMATCHES: Final = frozenset({62, 64})
_UNTRUSTED: Final = frozenset({2, 18, 19, 20, 21, 24, 27})

_NOT_SPOKEN: Final = (TlsNotSpokenError, "{name} doesn't speak TLS at this port.")
_TOO_OLD: Final = (
    TlsVersionTooOldError,
    "{name} only speaks versions of TLS that are too old; Ninefold speaks TLS 1.2 and 1.3.",
)
_HOST_UNKNOWN: Final = (TlsHostUnknownError, "{name} has no certificate for {host}: it doesn't know this name.")
_CLIENT_CERTIFICATE_REQUIRED: Final = (
    TlsClientCertificateRequiredError,
    "{name} demands a client certificate, and Ninefold has none.",
)
_REFUSED: Final = (
    TlsFailedError,
    "{name} refused the TLS handshake: it demands a client certificate, or supports none of Ninefold's ciphers.",
)

_BY_REASON: Final[Mapping[str, tuple[type[TlsFailedError], str]]] = {
    "HTTPS_PROXY_REQUEST": _NOT_SPOKEN,
    "HTTP_REQUEST": _NOT_SPOKEN,
    "PACKET_LENGTH_TOO_LONG": _NOT_SPOKEN,
    "RECORD_LAYER_FAILURE": _NOT_SPOKEN,
    "UNKNOWN_PROTOCOL": _NOT_SPOKEN,
    "WRONG_VERSION_NUMBER": _NOT_SPOKEN,
    "TLSV1_ALERT_PROTOCOL_VERSION": _TOO_OLD,
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "VERSION_TOO_LOW": _TOO_OLD,
    "WRONG_SSL_VERSION": _TOO_OLD,
    "TLSV1_UNRECOGNIZED_NAME": _HOST_UNKNOWN,
    "SSLV3_ALERT_BAD_CERTIFICATE": _CLIENT_CERTIFICATE_REQUIRED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _CLIENT_CERTIFICATE_REQUIRED,
    "SSLV3_ALERT_NO_CERTIFICATE": _CLIENT_CERTIFICATE_REQUIRED,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _CLIENT_CERTIFICATE_REQUIRED,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _CLIENT_CERTIFICATE_REQUIRED,
    "TLSV1_ALERT_ACCESS_DENIED": _CLIENT_CERTIFICATE_REQUIRED,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _REFUSED,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": _REFUSED,
}


def default_tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that speaks TLS 1.2 or newer, for HTTP/1.1, and trusts the system's authorities.

    Args:
        ca_file: certificates of further authorities to trust, in PEM.

    Raises:
        SettingError: the file can't be used.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        _load_authorities(context, ca_file)
    return context


def count_authorities(ca_file: Path) -> int:
    """Return how many certificates of authorities a file has.

    Raises:
        SettingError: the file can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _load_authorities(context, ca_file)
    return len(context.get_ca_certs())


def explain_tls_error(error: ssl.SSLError, *, origin: str) -> TlsFailedError:
    """Say why TLS with a server failed.

    Args:
        error: raised in the handshake, or at the first read after it.
        origin: `scheme://host:port`.
    """
    name = origin.partition("://")[2]
    host = name.rpartition(":")[0]
    if isinstance(error, ssl.SSLCertVerificationError):
        return _explain_certificate(error, name=name, host=host)
    reason = error.reason or "no reason given"
    default = (TlsFailedError, f"The TLS handshake with {name} failed: {reason.replace('_', ' ').lower()}.")
    kind, words = _BY_REASON.get(reason, default)
    return kind(words.format(name=name, host=host))


def _explain_certificate(error: ssl.SSLCertVerificationError, *, name: str, host: str) -> TlsFailedError:
    reason = error.verify_message.rstrip(".")
    if error.verify_code == _EXPIRED:
        return TlsCertificateExpiredError(f"The certificate of {name} has expired.")
    if error.verify_code in _MISMATCHES:
        return TlsCertificateWrongHostError(f"The certificate of {name} isn't valid for {host}.")
    if error.verify_code in _UNTRUSTED:
        return TlsCertificateUntrustedError(f"The certificate of {name} isn't signed by a trusted authority: {reason}.")
    return TlsFailedError(f"The certificate of {name} isn't valid: {reason}.")


def _load_authorities(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError as error:
        raise _invalid_ca_file(ca_file, "has no certificates in PEM form") from error
    except OSError as error:
        raise _invalid_ca_file(ca_file, f"can't be read: {error.strerror}") from error


def _invalid_ca_file(ca_file: Path, problem: str) -> SettingError:
    return SettingError(
        f"The file {ca_file} {problem}.",
        field=CA_FILE_SETTING,
        remedy=f"Set {CA_FILE_SETTING} to a file that contains the authorities' certificates in PEM form.",
    )
