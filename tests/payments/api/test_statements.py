"""The import of a bank's file by HTTP."""

from http_api import Api

STATEMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-24T06:14:00</CreDtTm></GrpHdr>
<Stmt><Id>S-330</Id><CreDtTm>2026-11-24T06:14:00</CreDtTm>
<Acct><Id><Othr><Id>5550001</Id></Othr></Id><Ccy>USD</Ccy></Acct>
<Ntry><Amt Ccy="USD">12.34</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-24</Dt></BookgDt>
<NtryDtls><TxDtls><RmtInf><Ustrd>GIFT</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>
"""


async def test_the_bytes_of_a_file_are_sent_as_they_are(api: Api) -> None:
    headers = {"Content-Type": "application/octet-stream"}

    statement = await api.done("POST", "/payments/statements?name=november.xml", content=STATEMENT, headers=headers)

    assert (statement["name"], statement["format"], statement["line_count"]) == ("november.xml", "camt053", 1)
    lines = (await api.get(f"/payments/statements/{statement['statement_id']}/lines"))["items"]
    assert [(line["amount"], line["currency"], line["booked_on"]) for line in lines] == [(1_234, "USD", "2026-11-24")]


async def test_another_file_is_refused_with_what_to_send(api: Api) -> None:
    headers = {"Content-Type": "application/octet-stream"}

    problem = await api.refused(422, "POST", "/payments/statements", content=b"a;b;c", headers=headers)

    assert "as the bank has delivered it" in problem["remedy"]
