"""Checks settings that only child processes use: a wrong one must stop the start, and not restart a child endlessly."""

from collections.abc import Mapping

from ninefold.core.blobs import Blobs
from ninefold.core.config import CoreSettings
from ninefold.core.egress import AddressPolicy, count_authorities
from ninefold.core.secrets import Sealer
from ninefold.core.web.site import Site
from ninefold.edge.systems import SYSTEMS


def check_settings(settings: CoreSettings, environment: Mapping[str, str]) -> None:
    """Read every setting that any process of this installation reads.

    Args:
        settings: the core's.
        environment: where each system reads its own settings.

    Raises:
        SettingError: a value is invalid; the error names the variable.
    """
    AddressPolicy.from_cidrs(settings.egress_allow)
    Site.from_settings(settings)
    if settings.egress_ca_file is not None:
        count_authorities(settings.egress_ca_file)
    Blobs.of(settings)
    Sealer.of(settings)
    for system in SYSTEMS:
        system.read_settings(environment)
