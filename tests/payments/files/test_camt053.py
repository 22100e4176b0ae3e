"""Bank statements in camt.053: what is read from both versions, and what is refused."""

from datetime import date
from typing import Final

import pytest

from ninefold.systems.payments.files.camt053 import Statement, StatementDetail, StatementEntry, read_camt053
from ninefold.systems.payments.files.errors import BankFileError

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."

STATEMENT: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{namespace}{version}">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-24T06:14:00</CreDtTm></GrpHdr>
  <Stmt>
   <Id>S-330</Id>
   <CreDtTm>2026-11-24T06:14:00</CreDtTm>
   <Acct><Id><Othr><Id>5550001</Id></Othr></Id><Ccy>USD</Ccy></Acct>
   <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Dt><Dt>2026-11-24</Dt></Dt></Bal>
   <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">869.50</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Dt><Dt>2026-11-24</Dt></Dt></Bal>
   <Ntry>
    <NtryRef>1</NtryRef>
    <Amt Ccy="USD">150.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>{booked}
    <BookgDt><Dt>2026-11-24</Dt></BookgDt><ValDt><DtTm>2026-11-24T00:00:00</DtTm></ValDt>
    <AcctSvcrRef>B-77</AcctSvcrRef>
    <NtryDtls>
     <Btch><NbOfTxs>2</NbOfTxs></Btch>
     <TxDtls><Refs><InstrId>i1</InstrId><EndToEndId>po_1</EndToEndId></Refs>{amount_1}<CdtDbtInd>DBIT</CdtDbtInd></TxDtls>
     <TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount_2}<CdtDbtInd>DBIT</CdtDbtInd>
      <RmtInf><Ustrd>PAYOUT</Ustrd></RmtInf></TxDtls>
    </NtryDtls>
   </Ntry>
   <Ntry>
    <Amt Ccy="USD">19.5</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd>{booked}
    <BookgDt><DtTm>2026-11-24T05:00:00+01:00</DtTm></BookgDt>
    <NtryDtls><TxDtls><Refs><EndToEndId>po_0</EndToEndId></Refs><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls>
    <AddtlNtryInf>RETURN</AddtlNtryInf>
   </Ntry>
   <Ntry>
    <Amt Ccy="USD">9999.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>{pending}<BookgDt><Dt>2026-11-24</Dt></BookgDt>
   </Ntry>
  </Stmt>
 </BkToCstmrStmt>
</Document>
"""
VERSIONS: Final = {
    "02": {
        "booked": "<Sts>BOOK</Sts>",
        "pending": "<Sts>PDNG</Sts>",
        "amount_1": '<AmtDtls><TxAmt><Amt Ccy="USD">100.00</Amt></TxAmt></AmtDtls>',
        "amount_2": '<AmtDtls><TxAmt><Amt Ccy="USD">50.00</Amt></TxAmt></AmtDtls>',
    },
    "08": {
        "booked": "<Sts><Cd>BOOK</Cd></Sts>",
        "pending": "<Sts><Cd>PDNG</Cd></Sts>",
        "amount_1": '<Amt Ccy="USD">100.00</Amt>',
        "amount_2": '<Amt Ccy="USD">50.00</Amt>',
    },
}


def document(version: str = "08") -> str:
    return STATEMENT.format(namespace=NAMESPACE, version=version, **VERSIONS[version])


@pytest.mark.parametrize("version", ["02", "08"])
def test_both_versions_say_the_same(version: str) -> None:
    content = document(version).encode()

    assert read_camt053(content) == [
        Statement(
            statement_id="S-330",
            account="5550001",
            currency="USD",
            opening_balance=100_000,
            closing_balance=86_950,
            closing_date=date(2026, 11, 24),
            entries=(
                StatementEntry(
                    line=13,
                    amount=-15_000,
                    currency="USD",
                    is_reversal=False,
                    booked_on=date(2026, 11, 24),
                    value_on=date(2026, 11, 24),
                    entry_reference="1",
                    bank_reference="B-77",
                    text=None,
                    details=(
                        StatementDetail(amount=-10_000, end_to_end_id="po_1", instruction_id="i1"),
                        StatementDetail(amount=-5_000, text="PAYOUT"),
                    ),
                ),
                StatementEntry(
                    line=25,
                    amount=1_950,
                    currency="USD",
                    is_reversal=True,
                    booked_on=date(2026, 11, 24),
                    value_on=None,
                    entry_reference=None,
                    bank_reference=None,
                    text="RETURN",
                    details=(StatementDetail(amount=None, end_to_end_id="po_0", return_reason="AC04"),),
                ),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "name"),
    [
        ("150.00", "1.5e2", 15, "Amt"),
        ("150.00", "150.000", 15, "Amt"),
        ("150.00", "-150.00", 15, "Amt"),
        ("150.00", "150,00", 15, "Amt"),
        ("150.00", "٣", 15, "Amt"),
        ("150.00", "1" * 30, 15, "Amt"),
        ("150.00", "150.01", 13, "Amt"),
        ('Ccy="USD">150.00', 'Ccy="usx">150.00', 15, "Amt/@Ccy"),
        ('Ccy="USD">150.00', 'Ccy="JPY">150', 13, "Amt/@Ccy"),
        ('Ccy="USD">19.5', 'Ccy="EUR">19.5', 25, "Amt/@Ccy"),
        ("869.50", "869.51", 5, "Bal"),
        ("<NbOfTxs>2", "<NbOfTxs>3", 13, "NtryDtls/Btch/NbOfTxs"),
        ("<CdtDbtInd>DBIT</CdtDbtInd><Sts>", "<CdtDbtInd>OUT</CdtDbtInd><Sts>", 13, "CdtDbtInd"),
        (
            "<BookgDt><Dt>2026-11-24</Dt></BookgDt><ValDt>",
            "<BookgDt><Dt>24.11.2026</Dt></BookgDt><ValDt>",
            13,
            "BookgDt",
        ),
        ("<Id>S-330</Id>", "", 5, "Id"),
        ("<Sts><Cd>BOOK</Cd></Sts>", "", 13, "Sts"),
        ("001.08", "001.14", 2, None),
        ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", 2, "Stmt"),
        ("</Document>", "", 37, None),
        ("PAYOUT", "P" * 501, 22, "RmtInf/Ustrd"),
    ],
)
def test_a_fault_is_refused_with_its_line_and_its_element(old: str, new: str, line: int, name: str | None) -> None:
    assert old in document()
    with pytest.raises(BankFileError) as caught:
        read_camt053(document().replace(old, new).encode())
    assert (caught.value.line, caught.value.name) == (line, name)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE Document [<!ENTITY a "x">]>',
        '<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/a.dtd">',
    ],
)
def test_a_document_type_is_refused(doctype: str) -> None:
    text = document().replace("<Document", f"{doctype}<Document", 1).replace("<Id>S-330</Id>", "<Id>&a;</Id>")
    with pytest.raises(BankFileError):
        read_camt053(text.encode())


def test_entities_that_multiply_are_refused() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 12))
    text = document().replace("<Document", f'<!DOCTYPE Document [<!ENTITY e0 "x">{entities}]><Document', 1)
    with pytest.raises(BankFileError):
        read_camt053(text.replace("PAYOUT", "&e11;").encode())


def test_a_yen_has_no_decimal_places() -> None:
    text = document().replace("USD", "JPY")
    with pytest.raises(BankFileError, match=r"'1000\.00' has 2 decimal places, and JPY has 0"):
        read_camt053(text.encode())
