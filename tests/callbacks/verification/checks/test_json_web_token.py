import base64
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from callbacks.verification.genuine import callback_of, token
from callbacks.verification.received import URL, received
from callbacks.verification.signing import ES256_KEY, JWKS, SECONDS
from ninefold.systems.callbacks.verification import Rejected, Verified, find_provider, verify

NOW = int(SECONDS)
OPTIONS = callback_of("jwt").options
BODY = b'{"id": "j1"}'
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def verified(text: str, *, options: dict[str, str] | None = None, at: datetime | None = None) -> Verified | Rejected:
    request = received({"Authorization": f"Bearer {text}"}, BODY)
    if at is not None:
        request = received({"Authorization": f"Bearer {text}"}, BODY, at=at)
    return verify(find_provider("jwt"), request, [], options={**OPTIONS, **(options or {})})


def reason(text: str, **options: str) -> str | None:
    result = verified(text, options=options)
    return result.reason if isinstance(result, Rejected) else None


def jwks(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys})


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, None),
        ({"exp": NOW - 60}, None),
        ({"exp": NOW - 61}, "timestamp_too_old"),
        ({"nbf": NOW + 60}, None),
        ({"nbf": NOW + 61}, "timestamp_in_future"),
        ({"iat": NOW + 61}, "timestamp_in_future"),
        ({"exp": None, "iat": NOW - 360}, None),
        ({"exp": None, "iat": NOW - 361}, "timestamp_too_old"),
        ({"exp": None, "iat": None}, "timestamp_malformed"),
        ({"exp": "soon"}, "timestamp_malformed"),
        ({"exp": True}, "timestamp_malformed"),
        ({"exp": 1e300}, "timestamp_malformed"),
        ({"exp": [1]}, "timestamp_malformed"),
        ({"aud": ["x", URL]}, None),
        ({"aud": "https://other.example"}, "claim_mismatch"),
        ({"aud": None}, "claim_mismatch"),
        ({"aud": 7}, "claim_mismatch"),
        ({"iss": "https://other.example"}, "claim_mismatch"),
        ({"iss": None}, "claim_mismatch"),
        ({"sub": "anything"}, None),
        ({"body": "00"}, "claim_mismatch"),
        ({"body": None}, "claim_mismatch"),
    ],
)
def test_the_claims_are_checked(claims: dict[str, Any], expected: str | None) -> None:
    assert reason(token(BODY, **claims)) == expected


def test_a_token_is_judged_at_the_time_of_receipt() -> None:
    # Its exp is in the past of this machine's clock, or will be.
    early = datetime.fromtimestamp(NOW - 3_600, tz=UTC)

    result = verified(token(BODY), at=early)

    assert isinstance(result, Rejected)
    assert result.reason == "timestamp_in_future"


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "..", "e30.e30.", "e30.e30.e30", "\x00", "ä.ö.ü", "." * 100])
def test_what_is_no_token_is_refused(text: str) -> None:
    assert reason(text) in {"header_malformed", "signature_mismatch"}


@pytest.mark.parametrize(
    "payload", [b"", b"1", b"[]", b"null", b"{", b"\xff", b"[" * 3_000, b'{"exp":' + b"9" * 5_000 + b"}"]
)
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    header = encoded(json.dumps({"alg": "ES256", "kid": "k1"}).encode())
    text = f"{header}.{encoded(payload)}"
    signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(text.encode(), ES256_KEY)

    assert reason(f"{text}.{encoded(signature)}") in {"header_malformed", "claim_mismatch", "timestamp_malformed"}


def test_an_unsigned_token_is_refused() -> None:
    header, payload, _ = token(BODY).split(".")
    unsigned = encoded(json.dumps({"alg": "none", "kid": "k1"}).encode())

    assert reason(f"{unsigned}.{payload}.") == "header_malformed"
    assert reason(f"{header}.{payload}.") == "signature_mismatch"


def test_a_public_key_is_never_a_shared_secret() -> None:
    numbers = json.loads(JWKS)["keys"][0]
    claims = {"iss": "https://issuer.example", "aud": URL, "exp": NOW + 60}
    header = encoded(json.dumps({"alg": "HS256", "kid": "k1"}).encode())
    text = f"{header}.{encoded(json.dumps(claims).encode())}"
    for key in (numbers["x"], numbers["y"], JWKS):
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(text.encode(), key.encode())
        assert reason(f"{text}.{encoded(signature)}") == "header_malformed"


def test_another_key_of_the_same_id_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    claims = {"iss": "https://issuer.example", "aud": URL, "exp": NOW + 60}

    assert reason(jwt.encode(claims, other, algorithm="ES256", headers={"kid": "k1"})) == "signature_mismatch"
    assert reason(jwt.encode(claims, ES256_KEY, algorithm="ES256", headers={"kid": "k2"})) == "signature_mismatch"


@pytest.mark.parametrize("header", [{}, {"kid": "k1"}])
def test_the_key_is_found_by_its_id_or_tried(header: dict[str, str]) -> None:
    other = jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True)
    document = jwks({**other, "kid": "k0"}, *json.loads(JWKS)["keys"])
    claims = {"iss": "https://issuer.example", "aud": URL, "exp": NOW + 60}
    text = jwt.encode(claims, ES256_KEY, algorithm="ES256", headers=header)

    assert reason(text, jwks=document, body_sha256_claim="") is None


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA"])
def test_other_algorithms_with_public_keys_are_verified(algorithm: str) -> None:
    claims = {"exp": NOW + 60}
    options = {"audience": "", "issuer": "", "body_sha256_claim": ""}
    key: Any = RSA_KEY
    if algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        entry = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        entry = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    text = jwt.encode(claims, key, algorithm=algorithm)

    assert reason(text, jwks=jwks({**entry, "alg": algorithm}), **options) is None


def test_the_example_of_rfc_7515_is_verified() -> None:
    # RFC 7515, appendix A.3: a key and a token of ES256, which ended on 2011-03-22.
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    text = (
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    options = {"jwks": jwks(key), "audience": "", "issuer": "joe", "body_sha256_claim": ""}

    result = verified(text, options=options, at=datetime.fromtimestamp(1_300_819_380, tz=UTC))

    assert isinstance(result, Verified)
    assert isinstance(verified(text, options=options), Rejected)


@pytest.mark.parametrize(
    "document",
    [
        "x",
        "[]",
        "{}",
        '{"keys": 1}',
        '{"keys": [1, {}, {"kty": "EC"}]}',
        '{"keys": [{"kty": "oct", "k": "AAAA"}]}',
        "[",
    ],
)
def test_a_document_without_a_public_key_is_refused(document: str) -> None:
    assert reason(token(BODY), jwks=document) == "secret_malformed"


def test_keys_for_encryption_and_private_keys_are_ignored() -> None:
    public = json.loads(JWKS)["keys"][0]
    private = jwt.algorithms.ECAlgorithm.to_jwk(ES256_KEY, as_dict=True)

    assert reason(token(BODY), jwks=jwks({**public, "use": "enc"}, private)) == "secret_malformed"


def test_the_token_can_be_in_another_header() -> None:
    request = received({"Plaid-Verification": token(BODY)}, BODY)

    result = verify(find_provider("jwt"), request, [], options={**OPTIONS, "header": "Plaid-Verification"})

    assert isinstance(result, Verified)
