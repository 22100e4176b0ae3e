"""A genuine callback of every provider, signed by the provider's SDK if it can sign, else by the scheme's definition.

The signers here share no code with the checks.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paddle_billing.Notifications import PaddleSignature
from slack_sdk.signature import SignatureVerifier
from standardwebhooks import Webhook as StandardWebhook
from stripe import WebhookSignature
from svix.webhooks import Webhook as SvixWebhook
from twilio.request_validator import RequestValidator

from callbacks.verification.received import NOW, URL, received
from callbacks.verification.signing import (
    ECDSA_KEY,
    ED25519_KEY,
    ES256_KEY,
    JWKS,
    MILLISECONDS,
    SECONDS,
    STANDARD_SECRET,
    TEXT_SECRET,
    Callback,
    hmac_base64,
    hmac_hex,
    to_json,
)


def github() -> Callback:
    body = to_json(action="opened", number=7)
    headers = {
        "X-Hub-Signature-256": f"sha256={hmac_hex(body)}",
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": "72d3162e",
    }
    return Callback(
        provider="github",
        request=received(headers, body),
        secret=TEXT_SECRET,
        event_id="72d3162e",
        event_type="pull_request.opened",
        proof_header="X-Hub-Signature-256",
    )


def gitlab_token() -> Callback:
    body = to_json(object_kind="merge_request", object_attributes={"action": "open"})
    headers = {"X-Gitlab-Token": TEXT_SECRET, "X-Gitlab-Event": "Merge Request Hook", "Idempotency-Key": "f5e5f430"}
    return Callback(
        provider="gitlab",
        label="token",
        request=received(headers, body),
        secret=TEXT_SECRET,
        event_id="f5e5f430",
        event_type="merge_request.open",
        proof_header="X-Gitlab-Token",
        covers_body=False,
    )


def gitlab_signed() -> Callback:
    body = to_json(object_kind="push")
    headers = {
        **standard_headers(StandardWebhook(STANDARD_SECRET).sign("m1", NOW, body.decode())),
        "X-Gitlab-Token": "",
    }
    return Callback(
        provider="gitlab",
        label="signed",
        request=received(headers, body),
        secret=STANDARD_SECRET,
        event_id="m1",
        event_type="push",
        proof_header="webhook-signature",
        age_is_signed=True,
    )


def bitbucket() -> Callback:
    body = to_json(repository={"name": "site"})
    headers = {"X-Hub-Signature": f"sha256={hmac_hex(body)}", "X-Event-Key": "repo:push", "X-Request-UUID": "6a0a"}
    return Callback(
        provider="bitbucket",
        request=received(headers, body),
        secret=TEXT_SECRET,
        event_id="6a0a",
        event_type="repo:push",
        proof_header="X-Hub-Signature",
    )


def stripe() -> Callback:
    body = to_json(id="evt_1", type="charge.succeeded")
    secret = "whsec_abcdef"
    header = WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=int(SECONDS))
    return Callback(
        provider="stripe",
        request=received({"Stripe-Signature": header}, body),
        secret=secret,
        event_id="evt_1",
        event_type="charge.succeeded",
        proof_header="Stripe-Signature",
        age_is_signed=True,
    )


def slack() -> Callback:
    body = to_json(type="event_callback", event_id="Ev1", event={"type": "app_mention"})
    signature = SignatureVerifier(TEXT_SECRET).generate_signature(timestamp=SECONDS, body=body)
    return Callback(
        provider="slack",
        request=received({"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": SECONDS}, body),
        secret=TEXT_SECRET,
        event_id="Ev1",
        event_type="app_mention",
        proof_header="X-Slack-Signature",
        age_is_signed=True,
    )


def shopify() -> Callback:
    body = to_json(id=820982911946154508)
    headers = {
        "X-Shopify-Hmac-SHA256": hmac_base64(body),
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Event-Id": "98880550",
        "X-Shopify-Webhook-Id": "b54557e4",
    }
    return Callback(
        provider="shopify",
        request=received(headers, body),
        secret=TEXT_SECRET,
        event_id="98880550:orders/create",
        event_type="orders/create",
        proof_header="X-Shopify-Hmac-SHA256",
    )


def twilio_form() -> Callback:
    fields = {"Empty": "", "CallSid": "CA1", "CallStatus": "completed", "From": "+1 415"}
    headers = {
        "X-Twilio-Signature": RequestValidator(TEXT_SECRET).compute_signature(URL, fields),
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "I-Twilio-Idempotency-Token": "tok1",
    }
    return Callback(
        provider="twilio",
        label="form",
        request=received(headers, urlencode(fields).encode()),
        secret=TEXT_SECRET,
        event_id="tok1",
        event_type="completed",
        proof_header="X-Twilio-Signature",
    )


def twilio_json() -> Callback:
    body = to_json(type="com.twilio.messaging.message.delivered")
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {
        "X-Twilio-Signature": RequestValidator(TEXT_SECRET).compute_signature(url, {}, "HMAC_SHA256"),
        "X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256",
        "Content-Type": "application/json",
    }
    return Callback(
        provider="twilio",
        label="json",
        request=received(headers, body, url=url),
        secret=TEXT_SECRET,
        proof_header="X-Twilio-Signature",
    )


def square() -> Callback:
    body = to_json(event_id="ac3ac95b", type="payment.created")
    return Callback(
        provider="square",
        request=received({"x-square-hmacsha256-signature": hmac_base64(URL.encode() + body)}, body),
        secret=TEXT_SECRET,
        event_id="ac3ac95b",
        event_type="payment.created",
        proof_header="x-square-hmacsha256-signature",
    )


def linear() -> Callback:
    body = to_json(type="Issue", action="create", webhookTimestamp=int(MILLISECONDS))
    return Callback(
        provider="linear",
        request=received({"Linear-Signature": hmac_hex(body), "Linear-Delivery": "234d1a4e"}, body),
        secret=TEXT_SECRET,
        event_id="234d1a4e",
        event_type="Issue.create",
        proof_header="Linear-Signature",
        age_is_signed=True,
    )


def discord() -> Callback:
    body = to_json(version=1, type=1, event={"type": "ENTITLEMENT_CREATE"})
    signature = ED25519_KEY.sign(SECONDS.encode() + body).signature.hex()
    return Callback(
        provider="discord",
        request=received({"X-Signature-Ed25519": signature, "X-Signature-Timestamp": SECONDS}, body),
        secret=bytes(ED25519_KEY.verify_key).hex(),
        event_type="ENTITLEMENT_CREATE",
        proof_header="X-Signature-Ed25519",
        age_is_signed=True,
    )


def standard_headers(signature: str, *, prefix: str = "webhook") -> dict[str, str]:
    return {f"{prefix}-id": "m1", f"{prefix}-timestamp": SECONDS, f"{prefix}-signature": signature}


def standard_symmetric() -> Callback:
    body = to_json(type="user.created")
    signature = StandardWebhook(STANDARD_SECRET).sign("m1", NOW, body.decode())
    return Callback(
        provider="standard_webhooks",
        label="v1",
        request=received(standard_headers(signature), body),
        secret=STANDARD_SECRET,
        event_id="m1",
        event_type="user.created",
        proof_header="webhook-signature",
        age_is_signed=True,
    )


def standard_asymmetric() -> Callback:
    body = to_json(type="user.created")
    signature = base64.b64encode(ED25519_KEY.sign(b"m1.%b.%b" % (SECONDS.encode(), body)).signature).decode()
    return Callback(
        provider="standard_webhooks",
        label="v1a",
        request=received(standard_headers(f"v1a,{signature}"), body),
        secret="whpk_" + base64.b64encode(bytes(ED25519_KEY.verify_key)).decode(),
        event_id="m1",
        event_type="user.created",
        proof_header="webhook-signature",
        age_is_signed=True,
    )


def svix(prefix: str) -> Callback:
    body = to_json(type="invoice.paid")
    signature = SvixWebhook(STANDARD_SECRET).sign("m1", NOW, body.decode())
    return Callback(
        provider="svix",
        label=prefix,
        request=received(standard_headers(signature, prefix=prefix), body),
        secret=STANDARD_SECRET,
        event_id="m1",
        event_type="invoice.paid",
        proof_header=f"{prefix}-signature",
        age_is_signed=True,
    )


def meta() -> Callback:
    body = to_json(object="whatsapp_business_account", entry=[{"changes": [{"field": "messages"}]}])
    return Callback(
        provider="meta",
        request=received({"X-Hub-Signature-256": f"sha256={hmac_hex(body)}"}, body),
        secret=TEXT_SECRET,
        options={"verify_token": "chosen-by-the-user"},
        event_type="whatsapp_business_account.messages",
        proof_header="X-Hub-Signature-256",
    )


def x(header: str, label: str) -> Callback:
    body = to_json(data={"event_type": "post.mention.create"})
    return Callback(
        provider="x",
        label=label,
        request=received({header: f"sha256={hmac_base64(body)}"}, body),
        secret=TEXT_SECRET,
        event_type="post.mention.create",
        proof_header=header,
    )


def zoom() -> Callback:
    body = to_json(event="meeting.started", payload={"account_id": "a1"})
    signature = hmac_hex(b"v0:%b:%b" % (SECONDS.encode(), body))
    return Callback(
        provider="zoom",
        request=received({"x-zm-signature": f"v0={signature}", "x-zm-request-timestamp": SECONDS}, body),
        secret=TEXT_SECRET,
        event_type="meeting.started",
        proof_header="x-zm-signature",
        age_is_signed=True,
    )


def sendgrid() -> Callback:
    body = b'[{"event":"delivered","sg_event_id":"s1"}]\r\n'
    signature = base64.b64encode(ECDSA_KEY.sign(SECONDS.encode() + body, ec.ECDSA(SHA256()))).decode()
    public_key = ECDSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": SECONDS,
    }
    return Callback(
        provider="sendgrid",
        request=received(headers, body),
        secret=base64.b64encode(public_key).decode(),
        event_type="events",
        proof_header="X-Twilio-Email-Event-Webhook-Signature",
        age_is_signed=True,
    )


def hubspot() -> Callback:
    body = b'[{"eventId":1,"subscriptionType":"contact.creation"}]'
    signature = hmac_base64(b"POST" + URL.encode() + body + MILLISECONDS.encode())
    headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": MILLISECONDS}
    return Callback(
        provider="hubspot",
        request=received(headers, body),
        secret=TEXT_SECRET,
        event_type="events",
        proof_header="X-HubSpot-Signature-v3",
        age_is_signed=True,
    )


def zendesk() -> Callback:
    body = to_json(type="zen:event-type:ticket.created", id="e1")
    timestamp = "2026-08-01T12:00:00Z"
    headers = {
        "X-Zendesk-Webhook-Signature": hmac_base64(timestamp.encode() + body),
        "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
        "X-Zendesk-Webhook-Invocation-Id": "8350205582",
    }
    return Callback(
        provider="zendesk",
        request=received(headers, body),
        secret=TEXT_SECRET,
        event_id="8350205582",
        event_type="zen:event-type:ticket.created",
        proof_header="X-Zendesk-Webhook-Signature",
        age_is_signed=True,
    )


def typeform() -> Callback:
    body = to_json(event_id="LtWXD3crgy", event_type="form_response")
    return Callback(
        provider="typeform",
        request=received({"Typeform-Signature": f"sha256={hmac_base64(body)}"}, body),
        secret=TEXT_SECRET,
        event_id="LtWXD3crgy",
        event_type="form_response",
        proof_header="Typeform-Signature",
    )


def paddle() -> Callback:
    body = to_json(event_id="evt_01h", event_type="transaction.completed")
    signature = PaddleSignature.calculate_hmac(TEXT_SECRET, SECONDS.encode() + b":" + body).hexdigest()
    return Callback(
        provider="paddle",
        request=received({"Paddle-Signature": f"ts={SECONDS};h1={signature}"}, body),
        secret=TEXT_SECRET,
        event_id="evt_01h",
        event_type="transaction.completed",
        proof_header="Paddle-Signature",
        age_is_signed=True,
    )


def pagerduty() -> Callback:
    body = to_json(event={"id": "01BWD", "event_type": "incident.triggered"})
    return Callback(
        provider="pagerduty",
        request=received({"X-PagerDuty-Signature": f"v1={'0' * 64},v1={hmac_hex(body)}"}, body),
        secret=TEXT_SECRET,
        event_id="01BWD",
        event_type="incident.triggered",
        proof_header="X-PagerDuty-Signature",
    )


def sentry() -> Callback:
    body = to_json(action="created", data={})
    headers = {"Sentry-Hook-Signature": hmac_hex(body), "Sentry-Hook-Resource": "issue", "Request-ID": "r1"}
    return Callback(
        provider="sentry",
        request=received(headers, body),
        secret=TEXT_SECRET,
        event_id="r1",
        event_type="issue.created",
        proof_header="Sentry-Hook-Signature",
    )


def configured_hmac() -> Callback:
    body = to_json(kind="order", action="paid")
    signature = hmac_hex(b"POST:%b:%b" % (SECONDS.encode(), body), algorithm="sha512")
    return Callback(
        provider="hmac",
        request=received({"X-Sig": f"t={SECONDS}|s={signature}", "X-Id": "i1"}, body),
        secret=TEXT_SECRET,
        options={
            "header": "X-Sig",
            "algorithm": "hmac-sha512",
            "signed_content": "{method}:{timestamp}:{body}",
            "separator": "|",
            "prefix": "s=",
            "timestamp_item": "t=",
            "event_id": "{header X-Id}",
            "event_type": "{json kind}.{json action}",
        },
        event_id="i1",
        event_type="order.paid",
        proof_header="X-Sig",
        age_is_signed=True,
    )


def basic() -> Callback:
    header = "Basic " + base64.b64encode(f"shop:{TEXT_SECRET}".encode()).decode()
    return Callback(
        provider="basic",
        request=received({"Authorization": header}, to_json(type="a")),
        secret=TEXT_SECRET,
        options={"username": "shop", "event_type": "{json type}"},
        event_type="a",
        proof_header="Authorization",
        covers_body=False,
    )


def api_key() -> Callback:
    return Callback(
        provider="api_key",
        request=received({"X-API-Key": TEXT_SECRET}, to_json(id=5)),
        secret=TEXT_SECRET,
        options={"event_id": "{json id}"},
        event_id="5",
        proof_header="X-API-Key",
        covers_body=False,
    )


def token(body: bytes, /, **claims: object) -> str:
    now = int(SECONDS)
    standard = {"iss": "https://issuer.example", "aud": URL, "iat": now, "exp": now + 60}
    given = {**standard, "body": hashlib.sha256(body).hexdigest(), **claims}
    present = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(present, ES256_KEY, algorithm="ES256", headers={"kid": "k1"})


def json_web_token() -> Callback:
    body = to_json(id="j1")
    return Callback(
        provider="jwt",
        request=received({"Authorization": f"Bearer {token(body)}"}, body),
        secret=None,
        options={
            "jwks": JWKS,
            "audience": URL,
            "issuer": "https://issuer.example",
            "body_sha256_claim": "body",
            "event_id": "{json id}",
        },
        event_id="j1",
        proof_header="Authorization",
        age_is_signed=True,
    )


_BUILDERS: Final[list[Callable[[], Callback]]] = [
    github, gitlab_token, gitlab_signed, bitbucket, stripe, slack, shopify, twilio_form, twilio_json, square, linear,
    discord, standard_symmetric, standard_asymmetric, lambda: svix("svix"), lambda: svix("webhook"), meta, zoom,
    lambda: x("X-Twitter-Webhooks-Signature", "consumer"), lambda: x("X-Twitter-Webhooks-Signature-OAuth2", "client"),
    sendgrid, hubspot, zendesk, typeform, paddle, pagerduty, sentry, configured_hmac, basic, api_key, json_web_token,
]  # fmt: skip

CALLBACKS: Final = [build() for build in _BUILDERS]


def name_of(callback: Callback) -> str:
    return f"{callback.provider}-{callback.label}" if callback.label else callback.provider


def callback_of(name: str) -> Callback:
    return next(callback for callback in CALLBACKS if name_of(callback) == name)
