"""The types of fields that several objects of the API have, with examples."""

from typing import Annotated

import msgspec

from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.systems.payments.model.ledger import ACCOUNT_PREFIX, TRANSFER_PREFIX
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.payments import (
    ATTEMPT_PREFIX,
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    PAYMENT_METHOD_PREFIX,
    REFUND_PREFIX,
)
from ninefold.systems.payments.model.reconciliation import (
    BREAK_PREFIX,
    RUN_PREFIX,
    SETTLEMENT_REPORT_PREFIX,
    STATEMENT_LINE_PREFIX,
    STATEMENT_PREFIX,
)
from ninefold.systems.payments.model.settlement import BANK_FILE_PREFIX, BATCH_PREFIX, PAYOUT_PREFIX
from ninefold.systems.payments.service.keys import SECRET_KEY

MerchantIdText = Annotated[str, msgspec.Meta(examples=[f"{MERCHANT_PREFIX}_{EXAMPLE_ID}"])]
MerchantKeyIdText = Annotated[str, msgspec.Meta(examples=[f"{SECRET_KEY.id_prefix}_{EXAMPLE_ID}"])]
PaymentIdText = Annotated[str, msgspec.Meta(examples=[f"{INTENT_PREFIX}_{EXAMPLE_ID}"])]
ChargeIdText = Annotated[str, msgspec.Meta(examples=[f"{CHARGE_PREFIX}_{EXAMPLE_ID}"])]
RefundIdText = Annotated[str, msgspec.Meta(examples=[f"{REFUND_PREFIX}_{EXAMPLE_ID}"])]
AttemptIdText = Annotated[str, msgspec.Meta(examples=[f"{ATTEMPT_PREFIX}_{EXAMPLE_ID}"])]
CustomerIdText = Annotated[str, msgspec.Meta(examples=[f"{CUSTOMER_PREFIX}_{EXAMPLE_ID}"])]
PaymentMethodIdText = Annotated[str, msgspec.Meta(examples=[f"{PAYMENT_METHOD_PREFIX}_{EXAMPLE_ID}"])]
AccountIdText = Annotated[str, msgspec.Meta(examples=[f"{ACCOUNT_PREFIX}_{EXAMPLE_ID}"])]
TransferIdText = Annotated[str, msgspec.Meta(examples=[f"{TRANSFER_PREFIX}_{EXAMPLE_ID}"])]
BatchIdText = Annotated[str, msgspec.Meta(examples=[f"{BATCH_PREFIX}_{EXAMPLE_ID}"])]
PayoutIdText = Annotated[str, msgspec.Meta(examples=[f"{PAYOUT_PREFIX}_{EXAMPLE_ID}"])]
BankFileIdText = Annotated[str, msgspec.Meta(examples=[f"{BANK_FILE_PREFIX}_{EXAMPLE_ID}"])]
StatementIdText = Annotated[str, msgspec.Meta(examples=[f"{STATEMENT_PREFIX}_{EXAMPLE_ID}"])]
StatementLineIdText = Annotated[str, msgspec.Meta(examples=[f"{STATEMENT_LINE_PREFIX}_{EXAMPLE_ID}"])]
SettlementReportIdText = Annotated[str, msgspec.Meta(examples=[f"{SETTLEMENT_REPORT_PREFIX}_{EXAMPLE_ID}"])]
BreakIdText = Annotated[str, msgspec.Meta(examples=[f"{BREAK_PREFIX}_{EXAMPLE_ID}"])]
RunIdText = Annotated[str, msgspec.Meta(examples=[f"{RUN_PREFIX}_{EXAMPLE_ID}"])]

ProcessorText = Annotated[str, msgspec.Meta(examples=["simulator"])]
CauseType = Annotated[str, msgspec.Meta(examples=["capture"])]
LineType = Annotated[str, msgspec.Meta(examples=["capture"])]
"""`capture` or `refund`."""
Last4 = Annotated[str, msgspec.Meta(examples=["4242"])]
PersonOrKey = Annotated[str, msgspec.Meta(examples=[f"API key key_{EXAMPLE_ID}"])]
"""Who did something: a person, or an API key."""
Sha256Text = Annotated[str, msgspec.Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
"""In hexadecimal digits."""
LiveChannel = Annotated[str, msgspec.Meta(examples=[f"payments.settlement:org_{EXAMPLE_ID}"])]
NotThere = Annotated[str | None, msgspec.Meta(examples=[None])]
"""A text that is there only in some cases, such as an error."""
