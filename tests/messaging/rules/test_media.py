import pytest

from ninefold.systems.messaging.rules.media import Image, is_shown_in_browsers, media_type_of, read_image

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x80\x00\x00\x01\xe0\x08\x06\x00\x00\x00"
GIF = b"GIF89a\x80\x02\xe0\x01\xf7\x00\x00"
JPEG = (
    b"\xff\xd8\xff\xe1\x00\x10" + b"thumbnail\xff\xc0xxx" + b"\xff\xff\xc2\x00\x11\x08\x01\xe0\x02\x80\x03\x01\x22\x00"
)
WEBP_LOSSY = b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01"
WEBP_LOSSLESS = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f\x7f\xc2\x77\x00" + b"\x00" * 8
WEBP_EXTENDED = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00\x7f\x02\x00\xdf\x01\x00"


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (PNG, "image/png"),
        (GIF, "image/gif"),
        (JPEG, "image/jpeg"),
        (WEBP_LOSSY, "image/webp"),
        (WEBP_LOSSLESS, "image/webp"),
        (WEBP_EXTENDED, "image/webp"),
    ],
)
def test_the_first_bytes_of_an_image_say_its_size(head: bytes, media_type: str) -> None:
    assert read_image(head) == Image(media_type, 640, 480)


@pytest.mark.parametrize("head", [PNG, GIF, JPEG, WEBP_LOSSY, WEBP_LOSSLESS, WEBP_EXTENDED, b"", b"<svg/>"])
def test_no_beginning_of_a_file_is_an_error(head: bytes) -> None:
    for end in range(len(head)):
        image = read_image(head[:end])
        assert image is None or (image.width, image.height) == (640, 480)


@pytest.mark.parametrize(
    ("name", "declared", "expected"),
    [
        ("plan.pdf", "", "application/pdf"),
        ("plan.pdf", "application/octet-stream", "application/pdf"),
        ("plan", "Text/Plain; charset=utf-8", "text/plain"),
        ("plan", "no media type\n", "application/octet-stream"),
        # It is no image, whatever is said.
        ("plan.png", "image/png", "application/octet-stream"),
        ("plan.svg", "", "image/svg+xml"),
    ],
)
def test_what_is_said_is_used_only_for_what_is_no_image(name: str, declared: str, expected: str) -> None:
    assert media_type_of(name, declared=declared, image=None) == expected
    assert media_type_of(name, declared=declared, image=Image("image/gif", 1, 1)) == "image/gif"


def test_what_can_run_is_not_shown() -> None:
    assert is_shown_in_browsers("image/png")
    assert not any(is_shown_in_browsers(each) for each in ("text/html", "image/svg+xml", "application/xhtml+xml"))
