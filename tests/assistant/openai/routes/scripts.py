"""What makes the scripted engine answer in a certain way."""

import json
from typing import Any

MODEL = "scripted"
EMBEDDING_MODEL = "scripted-embedding"

SLOW = {"token_count": 200, "delay_s": 0.05}
"""An answer that takes ten seconds."""


def script(**fields: Any) -> str:
    """Return the user's message with a script for its answer."""
    return f"script: {json.dumps(fields)}"
