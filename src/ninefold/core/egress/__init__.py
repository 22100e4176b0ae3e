"""The HTTP client for addresses that other people chose: each one is checked and pinned, and everything has a limit.

All requests that leave Ninefold go through an `EgressClient`: small POSTs by the thousand, and any other method, with
bodies of any size in both directions. It speaks HTTP/1.1, and follows no redirects.
"""

from ninefold.core.egress.addresses import AddressPolicy, DeniedTargetError
from ninefold.core.egress.client import EgressClient
from ninefold.core.egress.connection import ResponseHandler
from ninefold.core.egress.errors import (
    ERROR_CLASSES,
    STALE_WITHIN_S,
    AddressDeniedError,
    BodyTooLargeError,
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
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.request import InvalidHeaderError
from ninefold.core.egress.resolver import Resolver, SystemResolver
from ninefold.core.egress.response import EgressResponse
from ninefold.core.egress.streamed_response import StreamedResponse
from ninefold.core.egress.target import InvalidTargetError, Target, parse_target
from ninefold.core.egress.timings import EgressTimings
from ninefold.core.egress.tls import count_authorities, default_tls_context

__all__ = [
    "ERROR_CLASSES",
    "STALE_WITHIN_S",
    "AddressDeniedError",
    "AddressPolicy",
    "BodyTooLargeError",
    "ConnectFailedError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "DeniedTargetError",
    "DnsFailedError",
    "EgressClient",
    "EgressError",
    "EgressLimits",
    "EgressResponse",
    "EgressTimings",
    "HeadersTooLargeError",
    "InvalidHeaderError",
    "InvalidTargetError",
    "LocalLimitError",
    "ProtocolError",
    "Resolver",
    "ResponseHandler",
    "ResponseTimeoutError",
    "StaleConnectionError",
    "StreamedResponse",
    "SystemResolver",
    "Target",
    "TlsFailedError",
    "count_authorities",
    "default_tls_context",
    "parse_target",
]
