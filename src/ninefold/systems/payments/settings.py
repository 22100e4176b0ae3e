"""The settings of payments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ninefold.core.config import default_data_dir, read_settings

PREFIX: Final = "NINEFOLD_PAYMENTS_"

_SERVER_PORT: Final = "NINEFOLD_PORT"
_SERVER_PORT_DEFAULT: Final = "8900"
_PUBLIC_URL: Final = "NINEFOLD_PUBLIC_URL"
WEBHOOK_PATH: Final = "/processors/simulator/webhooks"


BANK_FILES_FOLDER: Final = "bank-files"

_DATA_DIR: Final = "NINEFOLD_DATA_DIR"


class PaymentsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of payments; prefix `NINEFOLD_PAYMENTS_`."""

    processor_timeout_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=120, description="Seconds that a processor has to answer; then the outcome is in doubt."),
    ] = 10.0
    in_doubt_deadline_s: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=2_592_000,
            description="Seconds for which a processor is asked about a doubt; then a person has to close it.",
        ),
    ] = 86_400
    authorisation_s: Annotated[
        int,
        msgspec.Meta(ge=1, le=2_678_400, description="Seconds within which an authorised payment can be captured."),
    ] = 604_800
    simulator_seed: Annotated[
        int, msgspec.Meta(ge=0, le=2**31, description="Seed of what the simulated processor does by chance.")
    ] = 1
    simulator_latency_ms: Annotated[
        int, msgspec.Meta(ge=0, le=60_000, description="Milliseconds that the simulated processor takes to answer.")
    ] = 0
    simulator_decline_per_mille: Annotated[
        int,
        msgspec.Meta(ge=0, le=1_000, description="Payments of 1,000 that the simulated processor declines by chance."),
    ] = 0
    simulator_lost_per_mille: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=1_000,
            description="Answers of 1,000 that the simulated processor loses by chance, after the effect.",
        ),
    ] = 0
    merchant_rate_per_s: Annotated[
        int,
        msgspec.Meta(ge=1, le=1_000_000, description="Requests that a merchant can send to Stripe's API per second."),
    ] = 500
    public_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Where customers reach this server, for links in events; by default NINEFOLD_PUBLIC_URL."
        ),
    ] = None
    simulator_webhook_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Where the simulated processor sends its webhooks; by default, the server of this machine."
        ),
    ] = None
    bank_files_folder: Annotated[
        str | None,
        msgspec.Meta(description="Folder that bank files are delivered to; by default, one in the data folder."),
    ] = None
    ach_bank_routing_number: Annotated[
        str,
        msgspec.Meta(pattern="^[0-9]{9}$", description="Routing number of the bank that gets NACHA files."),
    ] = "123456780"
    ach_bank_name: Annotated[
        str, msgspec.Meta(pattern="^[ -~]{1,23}$", description="Name of that bank in NACHA files.")
    ] = "BANK"
    ach_origin: Annotated[
        str,
        msgspec.Meta(
            pattern="^[0-9A-Z]{9,10}$", description="Who sends NACHA files: 9 or 10 characters that the bank assigns."
        ),
    ] = "1234567890"
    ach_origin_name: Annotated[
        str, msgspec.Meta(pattern="^[ -~]{1,23}$", description="Name of who sends NACHA files.")
    ] = "NINEFOLD"
    ach_company_id: Annotated[
        str,
        msgspec.Meta(
            pattern="^[0-9A-Z]{10}$", description="The company that pays in NACHA files: 10 characters of the bank."
        ),
    ] = "1234567890"
    ach_company_name: Annotated[
        str,
        msgspec.Meta(pattern="^[ -~]{1,16}$", description="Name of that company, as merchants see it on statements."),
    ] = "NINEFOLD"
    stripe_secret_key: Annotated[
        str | None,
        msgspec.Meta(
            description="Secret key of an account at Stripe; with it, merchants can have the processor `stripe`.",
            extra={"is_secret": True},
        ),
    ] = None
    stripe_webhook_secret: Annotated[
        str | None,
        msgspec.Meta(
            description="Signing secret of the webhook endpoint at Stripe; without it, Stripe's webhooks are refused.",
            extra={"is_secret": True},
        ),
    ] = None
    stripe_return_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Where Stripe sends customers after they have authenticated; by default, this server."
        ),
    ] = None
    stripe_url: Annotated[str, msgspec.Meta(description="Address of Stripe's API.")] = "https://api.stripe.com"


def read_payments_settings(environment: Mapping[str, str]) -> PaymentsSettings:
    """Read the settings of payments.

    Raises:
        SettingError: a value is invalid.
    """
    settings = read_settings(PaymentsSettings, prefix=PREFIX, environment=environment)
    server = f"http://127.0.0.1:{environment.get(_SERVER_PORT) or _SERVER_PORT_DEFAULT}"
    public_url = environment.get(_PUBLIC_URL) or server
    data_dir = Path(environment.get(_DATA_DIR) or default_data_dir())
    return msgspec.structs.replace(
        settings,
        public_url=(settings.public_url or public_url).rstrip("/"),
        simulator_webhook_url=settings.simulator_webhook_url or f"{server}{WEBHOOK_PATH}",
        stripe_return_url=settings.stripe_return_url or public_url,
        bank_files_folder=settings.bank_files_folder or str(data_dir / BANK_FILES_FOLDER),
    )
