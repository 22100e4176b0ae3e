"""The codes in NACHA files: kinds of transactions, reasons of returns, kinds of changes."""

from typing import Final

CREDIT_ENDINGS: Final = frozenset({1, 2, 3, 4})
"""The second digit of the transaction codes that pay into an account."""

RETURN_ENDINGS: Final = frozenset({1, 6})
"""The second digit of the transaction codes of returns and notifications of change."""

ZERO_ENDINGS: Final = frozenset({3, 4, 8, 9})
"""The second digit of the transaction codes whose amount is zero: prenotes, and entries for their addendum alone."""

TRANSACTION_CODES: Final = frozenset(
    {kind * 10 + ending for kind in (2, 3, 4) for ending in (1, 2, 3, 4, 6, 7, 8, 9)} | {51, 52, 53, 54, 55, 56}
)
"""Checking (2x), savings (3x), general ledger (4x) and loan accounts (5x)."""

CHECKING_CREDIT: Final = 22
SAVINGS_CREDIT: Final = 32

MIXED, CREDITS_ONLY, DEBITS_ONLY = 200, 220, 225
"""Service classes of batches."""

RETURN_REASONS: Final[dict[str, str]] = {
    "R01": "insufficient funds",
    "R02": "account closed",
    "R03": "no account, or it can't be located",
    "R04": "invalid account number",
    "R05": "unauthorised debit to a consumer's account",
    "R06": "returned at the request of the originating bank",
    "R07": "authorisation revoked by the customer",
    "R08": "payment stopped",
    "R09": "uncollected funds",
    "R10": "not authorised by the customer",
    "R11": "not in accordance with the authorisation",
    "R12": "account sold to another bank",
    "R13": "invalid routing number",
    "R14": "representative payee deceased or unable to continue",
    "R15": "beneficiary or account holder deceased",
    "R16": "account frozen",
    "R17": "file record edit criteria",
    "R18": "improper effective entry date",
    "R19": "amount field error",
    "R20": "not a transaction account",
    "R21": "invalid company identification",
    "R22": "invalid individual id number",
    "R23": "credit refused by the receiver",
    "R24": "duplicate entry",
    "R25": "addenda error",
    "R26": "mandatory field error",
    "R27": "trace number error",
    "R28": "routing number check digit error",
    "R29": "not authorised by the corporate customer",
    "R30": "bank doesn't take part in check truncation",
    "R31": "permissible return of a CCD or CTX entry",
    "R32": "bank can't settle",
    "R33": "return of an XCK entry",
    "R34": "participation of the bank is limited",
    "R35": "improper debit entry",
    "R36": "improper credit entry",
    "R37": "source document presented for payment",
    "R38": "payment of the source document stopped",
    "R39": "improper source document",
    "R61": "misrouted return",
    "R62": "erroneous or reversing debit",
    "R67": "duplicate return",
    "R68": "untimely return",
    "R69": "field errors in the return",
    "R70": "permissible return not accepted",
    "R71": "misrouted dishonoured return",
    "R72": "untimely dishonoured return",
    "R73": "timely original return",
    "R74": "corrected return",
    "R75": "return isn't a duplicate",
    "R76": "no errors found in the return",
    "R77": "dishonoured return not accepted",
    "R80": "IAT entry coding error",
    "R81": "no participation in IAT",
    "R82": "invalid identification of a foreign bank",
    "R83": "foreign bank can't settle",
    "R84": "entry not processed by the gateway",
    "R85": "incorrectly coded outbound international payment",
}

CHANGE_CODES: Final[dict[str, str]] = {
    "C01": "incorrect account number",
    "C02": "incorrect routing number",
    "C03": "incorrect routing and account number",
    "C04": "incorrect name",
    "C05": "incorrect transaction code",
    "C06": "incorrect account number and transaction code",
    "C07": "incorrect routing number, account number and transaction code",
    "C08": "incorrect identification of a foreign bank",
    "C09": "incorrect individual id number",
    "C13": "addenda format error",
    "C14": "incorrect entry class code of an outbound international payment",
}
