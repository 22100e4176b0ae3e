"""The page on which a customer of the simulated bank authenticates: what it shows, and in which states."""

from html import escape
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response

from ninefold.core.errors import NinefoldError
from ninefold.core.web.problems import problem_headers
from ninefold.systems.payments.model.money import Money, currency
from ninefold.systems.payments.model.payments import IntentState
from ninefold.systems.payments.service.returning import PaymentOfPage

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --text: #1c2127; --quiet: #5b6470; --line: #dcdfe4;
--accent: #2250c9; --on-accent: #fff; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ground: #14171b; --card: #1d2126; --text: #e7eaee; --quiet: #9aa4b1;
--line: #343a42; --accent: #8fb0ff; --on-accent: #10182b; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }}
main {{ width: 100%; max-width: 26rem; padding: 1.5rem; background: var(--card); border: 1px solid var(--line);
border-radius: 12px; }}
h1 {{ margin: 0 0 .5rem; font-size: 1.25rem; line-height: 1.3; }}
p {{ margin: 0 0 1rem; color: var(--quiet); overflow-wrap: anywhere; }}
dl {{ margin: 0 0 1.25rem; border-top: 1px solid var(--line); }}
div {{ display: flex; justify-content: space-between; gap: 1rem; padding: .5rem 0;
border-bottom: 1px solid var(--line); }}
dt {{ color: var(--quiet); }}
dd {{ margin: 0; text-align: right; overflow-wrap: anywhere; }}
.amount {{ font-size: 1.125rem; font-weight: 600; font-variant-numeric: tabular-nums; }}
form {{ display: flex; gap: .75rem; }}
button, a {{ flex: 1; padding: .625rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: none;
color: var(--text); font: inherit; text-align: center; text-decoration: none; cursor: pointer; }}
a {{ display: block; }}
button:first-child, a {{ background: var(--accent); border-color: var(--accent); color: var(--on-accent); }}
:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
{content}
</main>
</body>
</html>
"""
_FORM: Final = """\
<form method="post">
<button name="result" value="pass">Complete</button>
<button name="result" value="fail">Fail</button>
</form>
"""
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}

_OK: Final = 200
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


class _Words(msgspec.Struct, frozen=True):
    title: str
    text: str


_PAID: Final = _Words("This payment is complete", "There is nothing more to do.")
_UNDER_WAY: Final = _Words(
    "This payment is being processed", "There is nothing to do here. The shop learns how it ends."
)
_OVER: Final = _Words("This payment can't be confirmed here any more", "Go back to the shop, and pay again there.")
_ENDED: Final[dict[IntentState, _Words]] = {
    "succeeded": _PAID,
    "requires_capture": _PAID,
    "processing": _UNDER_WAY,
    "in_doubt": _UNDER_WAY,
    "canceled": _Words("This payment was canceled", "Nothing was taken from your card."),
}


def show_question(payment: PaymentOfPage) -> Response[str]:
    """Return the page that asks the customer."""
    text = "The simulated bank of your card asks whether it is you who pays."
    return _page(_OK, _Words("Confirm the payment", text), _details(payment) + _FORM)


def show_thanks(payment: PaymentOfPage, *, is_passed: bool) -> Response[str]:
    """Return the page after the answer, if the shop hasn't said where its customers come back to."""
    title = "The payment is confirmed" if is_passed else "The payment wasn't confirmed"
    return _page(_OK, _Words(title, "You can close this page."), _details(payment))


def show_ended(payment: PaymentOfPage) -> Response[str]:
    """Return the page of a payment that waits for no answer, with the way back to the shop."""
    content = _details(payment)
    is_paid = payment.intent.state in {"succeeded", "requires_capture"}
    address = payment.address_of_shop(is_passed=is_paid)
    # A scheme that runs code here isn't one of a shop.
    if address is not None and address.partition(":")[0].lower() in {"http", "https"}:
        content += f'<a href="{escape(address)}">Back to the shop</a>\n'
    return _page(_CONFLICT, _ENDED.get(payment.intent.state, _OVER), content)


def show_missing() -> Response[str]:
    """Return the page for a payment that doesn't exist."""
    return _page(_NOT_FOUND, _Words("There is no such payment", "Open the page from the shop again."), "")


def show_page_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[str]:
    """Return the page for an error."""
    del request
    words = _Words(error.title, f"{error.detail} {error.remedy or ''}".strip())
    return _page(error.http_status, words, "", headers=problem_headers(error))


def _details(payment: PaymentOfPage) -> str:
    rows = [("Amount", _amount_of(payment), ' class="amount"'), ("To", payment.merchant_name, "")]
    if payment.card is not None:
        rows.append(("Card", payment.card, ""))
    shown = [f"<div><dt>{name}</dt><dd{style}>{escape(value)}</dd></div>\n" for name, value, style in rows]
    return f"<dl>\n{''.join(shown)}</dl>\n"


def _amount_of(payment: PaymentOfPage) -> str:
    """Return what is paid, with its thousands apart, such as `1,234.56 USD`."""
    whole, point, rest = str(Money(payment.intent.amount, currency(payment.intent.currency))).partition(".")
    if not point:
        whole, _, code = whole.partition(" ")
        rest = f" {code}"
    return f"{int(whole):,}{point}{rest}"


def _page(status: int, words: _Words, content: str, *, headers: dict[str, str] | None = None) -> Response[str]:
    text = _PAGE.format(title=escape(words.title), text=escape(words.text), content=content)
    return Response(text, status_code=status, media_type=MediaType.HTML, headers={**_HEADERS, **(headers or {})})
