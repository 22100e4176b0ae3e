"""Makes text from handlers safe to store in PostgreSQL."""


def sanitize_text(text: str) -> str:
    """Replace what PostgreSQL's `text` can't store: NUL characters and lone surrogates."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
