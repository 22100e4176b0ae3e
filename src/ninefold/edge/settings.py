"""The settings that a process depends on later: wrong ones must stop the start, not make a child die for ever."""

from collections.abc import Mapping

from ninefold.core.config import CoreSettings
from ninefold.core.egress import AddressPolicy, count_authorities
from ninefold.edge.systems import SYSTEMS


def check_settings(settings: CoreSettings, environment: Mapping[str, str]) -> None:
    """Build once whatever any process of this installation builds from settings.

    Args:
        settings: the core's.
        environment: where each system reads its own settings.

    Raises:
        SettingError: a value doesn't fit; names the variable.
    """
    AddressPolicy.from_cidrs(settings.egress_allow)
    if settings.egress_ca_file is not None:
        count_authorities(settings.egress_ca_file)
    for system in SYSTEMS:
        system.read_settings(environment)
