"""NACHA files: payments to bank accounts in the United States, and the returns that banks send.

The format is that of the Nacha Operating Rules, appendix three: records of 94 characters in blocks of ten.
PPD and CCD entries are supported, with returns (addenda 99) and notifications of change (addenda 98).
"""

from ninefold.systems.payments.files.nacha.codes import CHANGE_CODES, RETURN_REASONS
from ninefold.systems.payments.files.nacha.model import (
    EntryClass,
    NachaBatch,
    NachaEntry,
    NachaFile,
    NotificationOfChange,
    PaymentInformation,
    Return,
    is_routing_number,
    nacha_text,
    trace_number,
)
from ninefold.systems.payments.files.nacha.reader import read_nacha
from ninefold.systems.payments.files.nacha.writer import write_nacha

__all__ = [
    "CHANGE_CODES",
    "RETURN_REASONS",
    "EntryClass",
    "NachaBatch",
    "NachaEntry",
    "NachaFile",
    "NotificationOfChange",
    "PaymentInformation",
    "Return",
    "is_routing_number",
    "nacha_text",
    "read_nacha",
    "trace_number",
    "write_nacha",
]
