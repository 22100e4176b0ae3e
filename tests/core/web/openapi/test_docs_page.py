"""The documentation page: complete, self-contained, and safe to open."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import httpx
import pytest

VOID_ELEMENTS = {"meta"}


class Outline(HTMLParser):
    """Collects a page's links, ids and loaded resources, and checks that elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.ids += [value for name, value in attributes if name == "id" and value]
        self.links += [value for name, value in attributes if name == "href" and value]
        self.loaded += [tag] if "src" in found or tag in {"script", "link", "img", "iframe"} else []
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
async def page(anonymous: httpx.AsyncClient) -> httpx.Response:
    return await anonymous.get("/docs")


@pytest.fixture
def outline(page: httpx.Response) -> Outline:
    outline = Outline()
    outline.feed(page.text)
    return outline


def test_the_page_is_html_with_every_element_closed(page: httpx.Response, outline: Outline) -> None:
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert outline.open == []


def test_the_page_loads_nothing(page: httpx.Response, outline: Outline) -> None:
    assert outline.loaded == []
    assert "url(" not in page.text
    assert "@import" not in page.text


def test_the_content_security_policy_allows_only_the_pages_own_style(page: httpx.Response) -> None:
    policy = page.headers["content-security-policy"]
    match = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert match is not None
    digest = base64.b64encode(hashlib.sha256(match[1].encode()).digest()).decode()

    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy


def test_every_link_has_a_target(outline: Outline) -> None:
    inside = {f"#{name}" for name in outline.ids}

    assert len(outline.ids) == len(inside)
    assert set(outline.links) - inside == {"/openapi.json"}


@pytest.mark.parametrize(
    "expected",
    [
        "Notes API",
        "Version 1.2.3",
        'id="create_note"',
        "<code>/api/v1/notes/{note_id}</code>",
        "<code>title</code>",
        "at most 20 characters",
        "default <code>5</code>",
        "<code>parts[].text</code>",
        "any JSON value",
        "one of <code>blue</code>, <code>red</code> or null",
        "What it is *about*, in <code>short</code>.",
        "It never expires.",
        "in the header",
        "curl -X POST &quot;$NINEFOLD_URL/api/v1/notes&quot; \\",
        "-H &quot;Authorization: Bearer $NINEFOLD_API_KEY&quot;",
        "curl &quot;$NINEFOLD_URL/api/v1/notes/note_01h455vb4pex5vsknk084sn02q&quot;",
        "Request entity too large",
    ],
)
def test_the_page_contains(page: httpx.Response, expected: str) -> None:
    assert expected in page.text


def test_the_page_follows_the_browsers_light_or_dark_setting(page: httpx.Response) -> None:
    assert "prefers-color-scheme: dark" in page.text
