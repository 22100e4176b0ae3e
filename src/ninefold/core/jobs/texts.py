"""Texts that come from handlers and end in the database."""


def storable(text: str) -> str:
    """Return a text without what PostgreSQL's text can't have: NUL, and halves of characters."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
