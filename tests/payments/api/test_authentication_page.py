"""The page on which a customer authenticates says what is paid to whom, and what has become of it."""

import httpx
import pytest

from http_api import Api, Json
from payments_api import Shop, open_shop

HTML = "text/html; charset=utf-8"


@pytest.fixture
async def local(api: Api, simulator: None) -> Shop:
    """A merchant of the application in this process."""
    del simulator
    return await open_shop(api, "Bäckerei <b>")


async def ask(shop: Shop, **form: str) -> tuple[Json, str]:
    """Take a payment whose customer has to authenticate; return it, and the address of the page."""
    intent = await shop.pay("pm_card_authenticationRequired", amount=123_456, **form)
    url = httpx.URL(intent["next_action"]["redirect_to_url"]["url"])
    return intent, url.raw_path.decode()


async def test_the_page_shows_the_amount_the_merchant_and_the_card(local: Shop) -> None:
    _, page = await ask(local)

    shown = await local.http.get(page)

    assert (shown.status_code, shown.headers["content-type"]) == (200, HTML)
    for text in ("1,234.56 USD", "Bäckerei &lt;b&gt;", "Visa …3184", "Complete", "Fail"):
        assert text in shown.text


async def test_a_second_click_gets_a_page_that_says_so(local: Shop) -> None:
    intent, page = await ask(local)

    first = await local.http.post(page, data={"result": "pass"})
    second = await local.http.post(page, data={"result": "pass"})

    assert (first.status_code, "The payment is confirmed" in first.text) == (200, True)
    for again in (second, await local.http.get(page)):
        assert (again.status_code, again.headers["content-type"]) == (409, HTML)
        assert "This payment is complete" in again.text
        assert "Complete</button>" not in again.text
    assert (await local.call("GET", f"/payment_intents/{intent['id']}")).json()["amount_received"] == 123_456


async def test_the_page_of_a_payment_that_has_failed_leads_back_to_the_shop(local: Shop) -> None:
    intent, page = await ask(local, return_url="https://shop.example/done?order=7")
    await local.http.post(page, data={"result": "fail"})

    again = await local.http.get(page)

    assert (again.status_code, "can&#x27;t be confirmed here any more" in again.text) == (409, True)
    assert f'href="https://shop.example/done?order=7&amp;payment_intent={intent["id"]}' in again.text


async def test_the_page_of_a_canceled_payment_says_so(local: Shop) -> None:
    intent, page = await ask(local, return_url="javascript://shop.example/%0Aalert(1)")
    await local.call("POST", f"/payment_intents/{intent['id']}/cancel")

    again = await local.http.get(page)

    assert (again.status_code, "This payment was canceled" in again.text) == (409, True)
    assert "javascript" not in again.text


@pytest.mark.parametrize("query", ["", "?payment=pi_nope", "?payment=pi_01h455vb4pex5vsknk084sn02q"])
async def test_there_is_no_page_without_a_payment(local: Shop, query: str) -> None:
    path = f"/processors/simulator/authentications/nope{query}"

    for answer in (await local.http.get(path), await local.http.post(path, data={"result": "pass"})):
        assert (answer.status_code, answer.headers["content-type"]) == (404, HTML)
        assert "There is no such payment" in answer.text


async def test_what_cannot_be_read_is_a_page_too(local: Shop) -> None:
    _, page = await ask(local)

    answer = await local.http.post(page, data={"result": "perhaps"})

    assert (answer.status_code, answer.headers["content-type"]) == (422, HTML)


async def test_an_amount_without_decimals_is_shown_without_any(local: Shop) -> None:
    form = {"amount": "1500", "currency": "jpy", "payment_method": "pm_card_authenticationRequired", "confirm": "true"}
    intent = (await local.call("POST", "/payment_intents", **form)).json()

    shown = await local.http.get(httpx.URL(intent["next_action"]["redirect_to_url"]["url"]).raw_path.decode())

    assert "1,500 JPY" in shown.text
