"""What the texts and limits of a subscription can be."""

from typing import Final

from ninefold.core.errors import InvalidInputError

DESCRIPTION_LENGTH_MAX: Final = 500
SUBSCRIBER_ID_LENGTH_MAX: Final = 200

RATE_LIMIT_PER_S_MAX: Final = 1_000_000
SUBSCRIPTION_IN_FLIGHT_MAX: Final = 100_000
"""The largest limits, as for the installation's settings."""


def check_description(description: str) -> None:
    """Check the text for people.

    Raises:
        InvalidInputError: it is too long or has a NUL.
    """
    if len(description) > DESCRIPTION_LENGTH_MAX or "\x00" in description:
        raise InvalidInputError(
            f"A description has at most {DESCRIPTION_LENGTH_MAX} characters, none of them NUL.",
            field="description",
            remedy="Shorten it.",
        )


def check_subscriber_id(subscriber_id: str) -> None:
    """Check the id of the customer that a subscription belongs to.

    Raises:
        InvalidInputError: it is empty, too long or has a NUL.
    """
    if not 0 < len(subscriber_id) <= SUBSCRIBER_ID_LENGTH_MAX or "\x00" in subscriber_id:
        raise InvalidInputError(
            f"A subscriber id has 1 to {SUBSCRIBER_ID_LENGTH_MAX} characters, none of them NUL.",
            field="subscriber_id",
            remedy="Use the customer's id in your application. In a subscription, null means none.",
        )


def check_rate_limit(rate_limit_per_s: float) -> None:
    """Check a limit of attempts per second.

    Raises:
        InvalidInputError: it isn't positive, or is too large.
    """
    if not 0 < rate_limit_per_s <= RATE_LIMIT_PER_S_MAX:
        raise InvalidInputError(
            f"A rate limit is greater than 0 and at most {RATE_LIMIT_PER_S_MAX:,} per second.",
            field="rate_limit_per_s",
            remedy="Use null for the installation's default. To send nothing, set is_active to false.",
        )


def check_in_flight_max(in_flight_max: int) -> None:
    """Check a limit of attempts in flight.

    Raises:
        InvalidInputError: it is less than one, or too large.
    """
    if not 1 <= in_flight_max <= SUBSCRIPTION_IN_FLIGHT_MAX:
        raise InvalidInputError(
            f"Attempts in flight are limited to 1 to {SUBSCRIPTION_IN_FLIGHT_MAX:,}.",
            field="in_flight_max",
            remedy="Use null for the installation's default. To send nothing, set is_active to false.",
        )
