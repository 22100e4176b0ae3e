"""The options of all commands that send requests to a running server."""

import os
from dataclasses import dataclass
from typing import Annotated

import msgspec
from cyclopts import Parameter

from ninefold.core.commands.client import ApiClient
from ninefold.core.config import CoreSettings, read_settings, server_url
from ninefold.core.errors import UnauthorizedError


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of commands that send requests to a server; prefix `NINEFOLD_`."""

    url: Annotated[
        str | None,
        msgspec.Meta(
            description="Address of the server, for commands; by default this machine and NINEFOLD_PORT.",
            extra={"option": "--server"},
        ),
    ] = None
    api_key: Annotated[
        str | None, msgspec.Meta(description="API key that commands send.", extra={"is_secret": True})
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ApiOptions:
    """Which server and which API key to use, and how to print the result."""

    server: str | None = None
    """Address of the server [NINEFOLD_URL; default: http://127.0.0.1 and NINEFOLD_PORT]."""

    api_key: str | None = None
    """API key to use [NINEFOLD_API_KEY, or the file named by NINEFOLD_API_KEY_FILE]."""

    json: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Print JSON instead of a table."""

    def client(self) -> ApiClient:
        """Return a client; use it in a `with` block.

        Raises:
            SettingError: a setting is invalid, or an option is empty.
            UnauthorizedError: there is no API key, or it has invalid characters.
        """
        client = read_settings(
            ClientSettings, prefix="NINEFOLD_", environment=os.environ, url=self.server, api_key=self.api_key
        )
        if client.api_key is None:
            raise UnauthorizedError(
                "No API key was given.",
                field="NINEFOLD_API_KEY",
                remedy="Pass --api-key or set NINEFOLD_API_KEY; `ninefold keys create` creates one.",
            )
        if not client.api_key.isascii() or not client.api_key.isprintable():
            raise UnauthorizedError(
                "The API key has invalid characters.",
                field="NINEFOLD_API_KEY",
                remedy="Copy it again, exactly as it was shown when it was created.",
            )
        return ApiClient(base_url=client.url or _local_url(), api_key=client.api_key)


FROM_ENVIRONMENT = ApiOptions()
"""The default of a command's `api` parameter: all values come from the environment."""


def _local_url() -> str:
    return server_url(read_settings(CoreSettings, prefix="NINEFOLD_", environment=os.environ))
