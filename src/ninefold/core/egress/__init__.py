"""The one way out: HTTP requests to addresses that other people chose, checked, pinned, pooled and bounded.

Whatever Ninefold sends to the outside goes through an `EgressClient`. It isn't a general HTTP client: it
posts, over HTTP/1.1, and follows nothing.
"""

from ninefold.core.egress.addresses import AddressPolicy
from ninefold.core.egress.client import EgressClient
from ninefold.core.egress.connection import ResponseHandler
from ninefold.core.egress.errors import (
    ERROR_CLASSES,
    STALE_WITHIN_S,
    AddressDeniedError,
    ConnectFailedError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DnsFailedError,
    EgressError,
    HeadersTooLargeError,
    LocalLimitError,
    ProtocolError,
    ResponseTimeoutError,
    StaleConnectionError,
    TlsFailedError,
)
from ninefold.core.egress.headers import InvalidHeaderError, encode_headers
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.resolver import Resolver, SystemResolver
from ninefold.core.egress.response import EgressResponse
from ninefold.core.egress.target import InvalidTargetError, Target, parse_target

__all__ = [
    "ERROR_CLASSES",
    "STALE_WITHIN_S",
    "AddressDeniedError",
    "AddressPolicy",
    "ConnectFailedError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "DnsFailedError",
    "EgressClient",
    "EgressError",
    "EgressLimits",
    "EgressResponse",
    "HeadersTooLargeError",
    "InvalidHeaderError",
    "InvalidTargetError",
    "LocalLimitError",
    "ProtocolError",
    "Resolver",
    "ResponseHandler",
    "ResponseTimeoutError",
    "StaleConnectionError",
    "SystemResolver",
    "Target",
    "TlsFailedError",
    "encode_headers",
    "parse_target",
]
