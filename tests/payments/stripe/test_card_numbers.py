"""No card number is stored or logged, whatever field it comes in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg

from stripe_shops import StripeShop

NUMBERS: Final = (
    "4242424242424242",
    "4539148803436467",
    "4539 1488 0343 6467",
    "5555-5555-5555-4444",
    "378282246310005",
)
URLENCODED: Final = {"Content-Type": "application/x-www-form-urlencoded"}

FIELDS: Final = {
    "/customers": ("name", "email", "phone", "description", "metadata[card]", "metadata[{}]", "payment_method", "{}"),
    "/payment_intents": (
        "amount",
        "currency",
        "description",
        "metadata[card]",
        "payment_method",
        "customer",
        "receipt_email",
        "statement_descriptor",
        "return_url",
        "capture_method",
        "payment_method_types[]",
        "payment_method_data[card][number]",
        "payment_method_data[card][cvc]",
        "payment_method_data[billing_details][name]",
        "expand[]",
    ),
    "/payment_methods": (
        "type",
        "card[token]",
        "card[cvc]",
        "card[exp_year]",
        "billing_details[address][line1]",
        "billing_details[phone]",
        "metadata[card]",
    ),
    "/refunds": ("payment_intent", "charge", "reason", "amount", "metadata[card]"),
    "/webhook_endpoints": ("url", "description", "enabled_events[]", "metadata[card]"),
}
NEEDED: Final = {
    "/payment_intents": {"amount": "2000", "currency": "usd"},
    "/payment_methods": {"type": "card", "card[token]": "tok_visa"},
    "/webhook_endpoints": {"url": "https://shop.example/", "enabled_events[]": "*"},
}


async def test_planted_numbers_are_in_no_table_log_or_file(
    shop: StripeShop, server_database_url: str, server_log: Path, server_dir: Path
) -> None:
    await plant(shop)

    texts = {table: rows async for table, rows in dump(server_database_url)}
    texts |= {str(file): file.read_bytes() for file in files_of(server_log, server_dir)}

    assert any(b"tok_visa" not in text and b"pm_card_visa" in text for text in texts.values())
    assert b"web.request.answered" in texts[str(server_log)]
    found = [(place, number) for place, text in texts.items() for number in NUMBERS if number.encode() in text]
    assert found == []


async def plant(shop: StripeShop) -> None:
    """Send card numbers in every field, in paths, queries and keys, and once where it belongs."""
    card = {"type": "card", "card[exp_month]": "5", "card[exp_year]": "2040", "card[cvc]": "123"}
    for number in NUMBERS:
        for path, names in FIELDS.items():
            for name in names:
                form = {**NEEDED.get(path, {}), name.format(number): number}
                answer = await shop.raw("POST", path, data=form)
                assert answer.status_code in (400, 402), (path, name, answer.text)
                assert number not in answer.text
        for path in ("/customers/{}", "/payment_intents/{}", "/payment_methods/{}", "/charges/{}", "/{}"):
            answer = await shop.raw("GET", path.format(number))
            assert (answer.status_code, number in answer.text) == (404, False)
        for query in ("customer={}", "starting_after={}", "{}=1"):
            answer = await shop.raw("GET", f"/payment_intents?{query.format(number)}")
            assert (answer.status_code, number in answer.text) == (400, False)
        answer = await shop.raw("POST", "/customers", headers={"Idempotency-Key": number})
        assert answer.status_code == 400
        await shop.raw("POST", "/payment_methods", data={**card, "card[number]": number})
        keyed: dict[str, Any] = {"headers": {"Idempotency-Key": f"card {NUMBERS.index(number)}"}}
        answer = await shop.raw("POST", "/payment_methods", data={**card, "card[number]": number}, **keyed)
        assert number not in answer.text
        await shop.raw("POST", "/customers", content=number.encode(), headers={"Content-Type": "text/plain"})
        await shop.raw("POST", "/customers", content=b'{"name": "%b"}' % number.encode())


async def dump(database_url: str) -> Any:
    """Yield each table with its rows as text."""
    connection = await asyncpg.connect(database_url)
    try:
        for table in await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ):
            rows = await connection.fetch(f"SELECT row_to_json(item)::text AS text FROM {table['name']} AS item")
            # Bytes are written in hexadecimal digits.
            binary = await connection.fetch(
                "SELECT encode(body, 'escape') AS text FROM payments.idempotency_key WHERE body IS NOT NULL"
            )
            yield table["name"], "\n".join(row["text"] for row in [*rows, *binary]).encode()
    finally:
        await connection.close()


def files_of(log: Path, folder: Path) -> Iterator[Path]:
    """Yield the log and each file of the server."""
    yield log
    yield from (file for file in folder.rglob("*") if file.is_file())
