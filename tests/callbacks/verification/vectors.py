"""Signatures of foreign origin: published by others, or accepted by their verifiers. Each names its origin."""

import base64
from typing import Final

import msgspec


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    origin: str
    provider: str
    secret: str
    headers: dict[str, str]
    body: bytes = b""
    url: str = "https://hooks.example.com/in/src_1"
    unix_time: int = 1_600_000_000
    options: dict[str, str] = msgspec.field(default_factory=dict)
    reason: str | None = None
    """Why the callback is rejected nevertheless: its signature is right, but its time isn't one that we accept."""


FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
TWILIO_URL: Final = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FORM: Final = (
    b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
)
TWILIO_TESTS: Final = "twilio-python, tests/unit/test_request_validator.py"


def twilio(signature: str, *, url: str = TWILIO_URL, body: bytes = TWILIO_FORM, name: str) -> Vector:
    headers = {"X-Twilio-Signature": signature, **(FORM if body[:1] != b"{" else {})}
    return Vector(
        origin=f"{TWILIO_TESTS}, {name}", provider="twilio", secret="12345", headers=headers, body=body, url=url
    )


def rfc4231(algorithm: str, digest: str) -> Vector:
    return Vector(
        origin=f"RFC 4231, test case 2, {algorithm}",
        provider="hmac",
        secret="Jefe",
        headers={"X-Signature": digest},
        body=b"what do ya want for nothing?",
        options={"header": "X-Signature", "algorithm": algorithm},
    )


VECTORS: Final = [
    Vector(
        origin="GitHub Docs, Validating webhook deliveries, Testing the webhook payload validation",
        provider="github",
        secret="It's a Secret to Everybody",
        headers={"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        body=b"Hello, World!",
    ),
    Vector(
        origin="Atlassian Support, Manage webhooks, Secure webhooks",
        provider="bitbucket",
        secret="It's a Secret to Everybody",
        headers={"X-Hub-Signature": "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"},
        body=b"Hello World!",
    ),
    Vector(
        origin="Slack Docs, Verifying requests from Slack",
        provider="slack",
        secret="8f742231b10e8888abcd99yyyzzz85a5",
        headers={
            "X-Slack-Request-Timestamp": "1531420618",
            "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
        body=b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        unix_time=1_531_420_618,
    ),
    Vector(
        origin="Svix Docs, Verifying payloads, Verifying webhooks manually",
        provider="standard_webhooks",
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        headers={
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        body=b'{"test": 2432232314}',
        unix_time=1_614_265_330,
    ),
    twilio("RSOYDt4T1cUTdK1PDd93/VVr8B8=", name="test_validation"),
    twilio(
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        url=TWILIO_URL.replace(".com", ".com:1234"),
        name="test_validation_removes_port_on_https",
    ),
    twilio(
        "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        url=TWILIO_URL.replace(".com", ".com:1234").replace("https", "http"),
        name="test_validation_removes_port_on_http",
    ),
    twilio("kvajT1Ptam85bY51eRf/AJRuM3w=", name="test_validation_adds_port_on_https"),
    twilio(
        "0ZXoZLH/DfblKGATFgpif+LLRf4=",
        url=TWILIO_URL.replace("https", "http"),
        name="test_validation_adds_port_on_http",
    ),
    twilio(
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        body=b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234",
        name="test_compute_signature_duplicate_query_dict",
    ),
    twilio(
        "a9nBmqA0ju/hNViExpshrM61xv4=",
        url=f"{TWILIO_URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
        body=b'{"property": "value", "boolean": true}',
        name="test_validation_of_body_succeeds",
    ),
    Vector(
        origin="square-python-sdk, tests/integration/test_webhooks_helper.py, test_signature_validation_pass",
        provider="square",
        secret="Ibxx_5AKakO-3qeNVR61Dw",
        headers={"x-square-hmacsha256-signature": "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="},
        body=b'{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",'
        b'"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z",'
        b'"data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}',
        url="https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9",
    ),
    Vector(
        origin="sendgrid-python, test/unit/test_eventwebhook.py",
        provider="sendgrid",
        secret="MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNN"
        "RaINXvVpiglSI8eNEc6wEA3F+g==",
        headers={
            "X-Twilio-Email-Event-Webhook-Signature": "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe"
            "5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
            "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
        },
        body=b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
        b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
        b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
        b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n',
        unix_time=1_600_112_502,
    ),
    Vector(
        origin="made with hubspot-api-client 12.0.0, Signature.get_signature",
        provider="hubspot",
        secret="yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
        headers={
            "X-HubSpot-Signature-v3": "7crLusQoBfxI1xRlxbGCXXQ6rfcMKgrLJ3gDT58camQ=",
            "X-HubSpot-Request-Timestamp": "1785585600000",
        },
        body=b'[{"eventId":1}]',
        url="https://www.example.com/webhook_uri?a=1",
        unix_time=1_785_585_600,
    ),
    Vector(
        origin="paddle-python-sdk, tests/Unit/Notification/test_Verifier.py",
        provider="paddle",
        secret="pdl_ntf_01hbpjmytsa32fhr36nqgc3kgb_WvRO0eL4Bj9rgYYIBZY6wZhG4EHy9jzh",
        headers={
            "Paddle-Signature": "ts=1696195954;h1=dummy;"
            "h1=d96299976a6eb066f484d7fde011ac56fc32b38fc9940bc419d6e537fdc6ef02"
        },
        body=b"hello-world",
        unix_time=1_696_195_954,
    ),
    Vector(
        origin="go-pagerduty, webhookv3/webhookv3_test.go, valid",
        provider="pagerduty",
        secret="lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK",
        headers={"X-PagerDuty-Signature": "v1=0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd"},
        body=b'{"event":{"id":"01BWDWL3NYY7LUFPZCC28QUCMK","event_type":"incident.priority_updated",'
        b'"resource_type":"incident","occurred_at":"2021-04-26T17:36:27.458Z",'
        b'"agent":{"html_url":"https://acme.pagerduty.com/users/PLH1HKV","id":"PLH1HKV",'
        b'"self":"https://api.pagerduty.com/users/PLH1HKV","summary":"Tenex Engineer","type":"user_reference"},'
        b'"client":null,"data":{"id":"PGR0VU2","type":"incident",'
        b'"self":"https://api.pagerduty.com/incidents/PGR0VU2",'
        b'"html_url":"https://acme.pagerduty.com/incidents/PGR0VU2","number":2,"status":"triggered",'
        b'"title":"A little bump in the road","service":{"html_url":"https://acme.pagerduty.com/services/PF9KMXH",'
        b'"id":"PF9KMXH","self":"https://api.pagerduty.com/services/PF9KMXH","summary":"API Service",'
        b'"type":"service_reference"},"assignees":[{"html_url":"https://acme.pagerduty.com/users/PTUXL6G",'
        b'"id":"PTUXL6G","self":"https://api.pagerduty.com/users/PTUXL6G","summary":"User 123",'
        b'"type":"user_reference"}],'
        b'"escalation_policy":{"html_url":"https://acme.pagerduty.com/escalation_policies/PUS0KTE","id":"PUS0KTE",'
        b'"self":"https://api.pagerduty.com/escalation_policies/PUS0KTE","summary":"Default",'
        b'"type":"escalation_policy_reference"},"teams":[{"html_url":"https://acme.pagerduty.com/teams/PFCVPS0",'
        b'"id":"PFCVPS0","self":"https://api.pagerduty.com/teams/PFCVPS0","summary":"Engineering",'
        b'"type":"team_reference"}],'
        b'"priority":{"html_url":"https://acme.pagerduty.com/account/incident_priorities","id":"PSO75BM",'
        b'"self":"https://api.pagerduty.com/priorities/PSO75BM","summary":"P1","type":"priority_reference"},'
        b'"urgency":"high","conference_bridge":{"conference_number":1000,"conference_url":"https://example.com"},'
        b'"resolve_reason":null}}}',
    ),
    Vector(
        origin="npm @shopify/shopify-api 15.0.0, webhooks.validate, accepts it; signed with openssl",
        provider="shopify",
        secret="hush",
        headers={"X-Shopify-Hmac-SHA256": "fp5HwmAHEVGQQwJU1KRpk57Ts2YHF6/TLOCczCtB5bs="},
        body=b'{"id":820982911946154508,"email":"jon@doe.ca"}',
    ),
    Vector(
        origin="github.com/gnikyt/laravel-shopify, tests/Http/Middleware/AuthWebhookTest.php",
        provider="shopify",
        secret="0" * 32,
        headers={"X-Shopify-Hmac-SHA256": "vhwRQys0GZozEzsl9+bjquUnCkjSE7r1YPgl9S0CY1E="},
    ),
    Vector(
        origin="npm @linear/sdk 98.0.0, LinearWebhookClient.verify, accepts it; signed with openssl, the content is "
        "that of github.com/linear/linear, packages/sdk/src/_tests/LinearWebhooks.test.ts",
        provider="linear",
        secret="SECRET",
        headers={"Linear-Signature": "8790fcbbea809950be9198408593c2a13f7591bba6c61adb589f709b5e1b186a"},
        body=b'{"action":"create","data":{"id":"2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9",'
        b'"createdAt":"2020-01-23T12:53:18.084Z","updatedAt":"2020-01-23T12:53:18.084Z","archivedAt":null,'
        b'"body":"Indeed, I think this is definitely an improvement over the previous version.","edited":false,'
        b'"issueId":"539068e2-ae88-4d09-bd75-22eb4a59612f","userId":"aacdca22-6266-4c0a-ab3c-8fa70a26765c"},'
        b'"type":"Comment","url":"https://linear.app/issue/LIN-1778/foo-bar'
        b'#comment-77217de3-fb52-4dad-bb9a-b356beb93de8",'
        b'"createdAt":"2020-01-23T12:53:18.084Z","webhookTimestamp":1677611643000}',
        unix_time=1_677_611_643,
    ),
    # Meta signs the text with escaped Unicode, which is how it sends it.
    Vector(
        origin="github.com/Secreto31126/whatsapp-api-js, test/index.test.js, Post",
        provider="meta",
        secret="YOUR_APP_SECRET",
        headers={"X-Hub-Signature-256": "sha256=0363007aabdf1ab579f35936651a460fb5fa1aaf40df98b1264446b72cc96688"},
        body=b"Let's pretend this body is equal to the message object and can handle unicode characters like "
        b"\\u307f\\u3069\\u308a\\u3044\\u308d and J'ai mang\\u00e9 des p\\u00e2tes",
        options={"verify_token": "chosen-by-the-user"},
    ),
    Vector(
        origin="github.com/xdevplatform/autohook, test/signature.js",
        provider="x",
        secret="test",
        headers={"X-Twitter-Webhooks-Signature": "sha256=YWHphPn/JFq43jkF0y4/w8R/SelmLjvpunhVFY8JhlI="},
        body=b'{"test_number":1,"test_string":"two"}',
    ),
    Vector(
        origin="npm @zoom/rivet 0.4.0, UsersS2SAuthClient, accepts it; signed with openssl",
        provider="zoom",
        secret="zoom-secret-token",
        headers={
            "x-zm-signature": "v0=8645fdbc5df97df12de7294d648408d5b132727b6dbb699528a9aff712ce79e1",
            "x-zm-request-timestamp": "1785585600",
        },
        body=b'{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},'
        b'"event_ts":1785585600000}',
        unix_time=1_785_585_600,
    ),
    # This library's tests have milliseconds where Zoom sends seconds.
    Vector(
        origin="github.com/seguri/x-zm-signature, ZoomWebhookValidatorTest.java",
        provider="zoom",
        secret="secret",
        headers={
            "x-zm-signature": "v0=f46042d159828f787589618793a3f535b54de02da06ea660545e46c8960b70bf",
            "x-zm-request-timestamp": "1697204592920",
        },
        body=b'{"foo":"bar"}',
        reason="timestamp_malformed",
    ),
    # This library's tests have a number where Zendesk sends a time. The secret is the one that Zendesk tests URLs with.
    Vector(
        origin="github.com/aaronellington/zendesk-go, Test_WebhookEventVerifySignature_200",
        provider="zendesk",
        secret="dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",
        headers={
            "X-Zendesk-Webhook-Signature": "10IqYzYTLHRftNsNE+im0DeOM6/JactIRuy0XCHJ9B8=",
            "X-Zendesk-Webhook-Signature-Timestamp": "1234",
        },
        body=b'{\n\t"type": "zen:event-type:user.group_membership_created",\n\t"account_id": 12514403,\n'
        b'\t"id": "6b9bbadf-5725-4e92-bebe-7b71011bf5f1",\n\t"subject": "zen:user:6596848315901",\n'
        b'\t"time": "2099-07-04T05:33:18Z",\n\t"zendesk_event_version": "2022-06-20",\n\t"detail": {\n'
        b'\t\t"created_at": "2099-07-04T05:27:58Z",\n\t\t"default_group_id": "0",\n'
        b'\t\t"email": "user.name@example.com",\n\t\t"external_id": "",\n\t\t"id": "6596848315901",\n'
        b'\t\t"organization_id": "0",\n\t\t"role": "end-user",\n\t\t"updated_at": "2099-07-04T05:33:18Z"\n\t},\n'
        b'\t"event": { "group": { "id": "1" } }\n}\n',
        reason="timestamp_malformed",
    ),
    Vector(
        origin="PyPI fastapi-security-typeform 1.0.1, hmac_sha256, computes it; so does openssl",
        provider="typeform",
        secret="typeform-secret",
        headers={"Typeform-Signature": "sha256=rw4c5/16NhTz1jSb+ssQCRj2eK/ZF4yQ037iWZyO0Mk="},
        body=b'{"event_id":"LtWXD3crgy","event_type":"form_response",'
        b'"form_response":{"form_id":"lT4Z3j","token":"a3a12ec67a1365927098a606107fac15"}}',
    ),
    Vector(
        origin="github.com/getsentry/integration-platform-example, is_correct_sentry_signature, accepts it; "
        "signed with openssl",
        provider="sentry",
        secret="sentry-client-secret",
        headers={"Sentry-Hook-Signature": "1308b10d8c86ab151516effdd13fe51a1d6b4291a2bf46ff259173be5cebb732"},
        body=b'{"action":"created","installation":{"uuid":"a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},'
        b'"data":{"issue":{"id":"1234567890"}},"actor":{"type":"application","id":"sentry","name":"Sentry"}}',
    ),
    Vector(
        origin="RFC 7617, section 2",
        provider="basic",
        secret="open sesame",
        headers={"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        options={"username": "Aladdin"},
    ),
    Vector(
        origin="RFC 7617, section 2.1, in UTF-8",
        provider="basic",
        secret="123£",
        headers={"Authorization": "Basic dGVzdDoxMjPCow=="},
        options={"username": "test"},
    ),
    rfc4231("hmac-sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    rfc4231(
        "hmac-sha512",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
        "caeab1a34d4a6b4b636e070a38bce737",
    ),
    Vector(
        origin="RFC 2202, test case 2 of HMAC-SHA-1",
        provider="hmac",
        secret=base64.b64encode(b"Jefe").decode(),
        headers={"X-Signature": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        body=b"what do ya want for nothing?",
        options={"header": "X-Signature", "algorithm": "hmac-sha1", "secret_encoding": "base64"},
    ),
]
