"""The second factor of a sign-in: codes of an authenticator app (TOTP, RFC 6238), and recovery codes that replace it.

Pure; the time is an argument. A code is valid for its time step of 30 s, the one before and the one after, because
clocks differ. Of the same app, only codes of later steps are accepted than the last one (RFC 6238 §5.2).
"""

import base64
import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp

from ninefold.core.tenancy.kinds import digest_text

ISSUER: Final = "Ninefold"
RECOVERY_CODE_COUNT: Final = 10

_STEP_S: Final = 30
_STEPS_AROUND: Final = (-1, 0, 1)
_RECOVERY_CODE_BYTES: Final = 10
"""80 bits, so that the SHA-256 of a code can be stored: nobody can try all codes."""


def new_totp_secret() -> str:
    """Return a new secret of 160 random bits, in base32."""
    return pyotp.random_base32()


def totp_uri(secret: str, *, email: str) -> str:
    """Return the `otpauth://totp/…` address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def accepted_step(secret: str, code: str, *, last_step: int | None, now: datetime) -> int | None:
    """Return the time step of a code; None if the code is wrong or too old, or not newer than the last one."""
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // _STEP_S
    for step in (current + offset for offset in _STEPS_AROUND):
        is_new = last_step is None or step > last_step
        if is_new and hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Return new recovery codes, such as `k3j2-mzpq-7wxa-c4tn`."""
    return [_new_recovery_code() for _ in range(RECOVERY_CODE_COUNT)]


def digest_recovery_code(code: str) -> bytes:
    """Return the SHA-256 of a recovery code, however it is written; 32 bytes."""
    return digest_text(code.replace("-", "").replace(" ", "").lower())


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_CODE_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
