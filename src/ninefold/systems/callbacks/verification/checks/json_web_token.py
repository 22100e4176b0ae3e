"""Check a JSON Web Token that a key of a JWKS document signed (RFC 7519, RFC 7517)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import jwt
import msgspec
from jwt.types import Options

from ninefold.systems.callbacks.verification.checks.subject import Subject
from ninefold.systems.callbacks.verification.headers import single_header
from ninefold.systems.callbacks.verification.keys import encode_text
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import JwtScheme

KEY_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], "RSA"),
    **dict.fromkeys(["ES256", "ES384", "ES512"], "EC"),
    "EdDSA": "OKP",
}
"""The algorithms that are accepted, and the type of their keys.

All have public keys: one must never be used as a shared secret (RFC 8725, section 2.1).
"""

LEEWAY_S: Final = 60
"""By how much the clocks of the issuer and of this machine may differ."""
AGE_S_MAX: Final = 300
"""How old a token without an expiry may be."""
KEYS_MAX: Final = 50

_BEARER: Final = b"bearer "


def check_json_web_token(_: JwtScheme, subject: Subject) -> None:
    """Check the token in the header that the options name.

    Raises:
        RejectionError: the token isn't signed by one of the keys, isn't valid at the time of receipt, or isn't for us.
    """
    options = subject.options
    claims = _verified_claims(_token(subject), read_keys(options.get("jwks", "")), options)
    _check_times(claims, received_at=subject.request.received_at)
    if name := options.get("body_sha256_claim", ""):
        digest = hashlib.sha256(subject.request.body).hexdigest()
        if not hmac.compare_digest(encode_text(str(claims.get(name, ""))), encode_text(digest)):
            raise RejectionError("claim_mismatch", f"The token's {name} isn't the SHA-256 of the body in hex.")


def read_keys(document: str) -> list[dict[str, Any]]:
    """Return the public keys of a JWKS document that can be used for signatures.

    Raises:
        RejectionError: there is no document yet, it is malformed, or it has no such key.
    """
    if not document:
        raise RejectionError("no_secret", "The source has no JWKS document, so no token can be verified.")
    try:
        entries = msgspec.json.decode(document, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        entries = None
    keys = [entry for entry in (entries if isinstance(entries, list) else [])[:KEYS_MAX] if _is_for_signatures(entry)]
    if not keys:
        raise RejectionError("secret_malformed", "The source's JWKS document has no public key for signatures.")
    return keys


def _is_for_signatures(entry: Any) -> bool:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "d" in entry:
        return False
    return any(_load(entry, algorithm) is not None for algorithm in KEY_TYPES)


def _load(entry: dict[str, Any], algorithm: str) -> jwt.PyJWK | None:
    """Return the key for this algorithm, or None if it isn't one for it."""
    if KEY_TYPES[algorithm] != entry.get("kty") or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        return jwt.PyJWK({name: value for name, value in entry.items() if name != "alg"}, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _token(subject: Subject) -> bytes:
    name = subject.options.get("header", "")
    value = single_header(subject.request, name)
    return value[len(_BEARER) :].strip() if value[: len(_BEARER)].lower() == _BEARER else value


def _verified_claims(token: bytes, entries: list[dict[str, Any]], options: Mapping[str, str]) -> dict[str, Any]:
    algorithm, key_id = _header_of(token)
    for entry in entries:
        key = _load(entry, algorithm) if key_id is None or entry.get("kid") in (key_id, None) else None
        if key is None:
            continue
        try:
            return _decode(token, key, options)
        except jwt.InvalidSignatureError:
            continue
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError) as error:
            raise RejectionError(
                "claim_mismatch", "The token's issuer or audience isn't that of the source."
            ) from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise RejectionError("header_malformed", f"{options.get('header')} has no well-formed token.") from error
    raise RejectionError("signature_mismatch", "No key of the source's JWKS document fits the token's signature.")


def _header_of(token: bytes) -> tuple[str, str | None]:
    """Return the algorithm and the id of the key, neither of which is verified."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise RejectionError("header_malformed", "The header has no JSON Web Token.") from error
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in KEY_TYPES:
        detail = f"The token isn't signed with one of the algorithms {', '.join(KEY_TYPES)}."
        raise RejectionError("header_malformed", detail)
    return algorithm, key_id if isinstance(key_id, str) else None


def _decode(token: bytes, key: jwt.PyJWK, options: Mapping[str, str]) -> dict[str, Any]:
    audience, issuer = options.get("audience") or None, options.get("issuer") or None
    checked = Options(
        verify_exp=False,
        verify_nbf=False,
        verify_iat=False,
        verify_aud=audience is not None,
        verify_iss=issuer is not None,
    )
    return jwt.decode(token, key, algorithms=[key.algorithm_name], audience=audience, issuer=issuer, options=checked)


def _check_times(claims: Mapping[str, Any], *, received_at: datetime) -> None:
    """Check the times at the time of receipt, because a callback can be verified later."""
    now = received_at.timestamp()
    expires, not_before, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None and issued is None:
        raise RejectionError("timestamp_malformed", "The token has neither exp nor iat.")
    ends = expires if expires is not None else (issued or 0) + AGE_S_MAX
    if now > ends + LEEWAY_S:
        raise RejectionError("timestamp_too_old", f"The token ended {now - ends:,.0f} s before the receipt.")
    begins = max(not_before or 0, issued or 0)
    if now < begins - LEEWAY_S:
        raise RejectionError("timestamp_in_future", f"The token is valid {begins - now:,.0f} s after the receipt.")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _TIME_LIMIT:
        raise RejectionError("timestamp_malformed", f"The token's {name} isn't a time in Unix seconds.")
    return float(value)


_TIME_LIMIT: Final = 10**12
