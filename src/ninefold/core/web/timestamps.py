"""A time in what the HTTP API shows."""

from datetime import datetime
from typing import Annotated

import msgspec

# With `tz=True`, which is true for all our times, msgspec adds the format `date-time` to the schema.
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
