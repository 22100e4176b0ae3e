import pytest

from ninefold.systems.callbacks.checks import check_public_url
from ninefold.systems.callbacks.settings import CallbacksSettings


@pytest.mark.parametrize(
    ("public_url", "state"),
    [(None, "ok"), ("https://hooks.example.com", "ok"), ("http://hooks.example.com", "warning")],
)
def test_a_public_url_without_tls_is_reported(public_url: str | None, state: str) -> None:
    (finding,) = check_public_url(CallbacksSettings(public_url=public_url))

    assert finding.state == state
    assert (public_url or "PUBLIC_URL") in finding.detail
