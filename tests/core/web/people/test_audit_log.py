"""The audit log: what is in it, its filters and pages, and that it is written with the change or not at all."""

from ipaddress import ip_network
from uuid import UUID

import httpx
import pytest

from http_api import Api
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.store.audit_log import audit_entry_insert
from ninefold.core.web.auditing import AuditedDatabase
from ninefold.core.web.site import Site
from openapi_operations import operations_of
from people import PASSWORD, Person, sign_in


async def test_an_entry_says_who_changed_what_from_where(owner: Person, viewer: Person) -> None:
    response = await owner.request("PATCH", f"/members/{viewer.account_text}", json={"role": "developer"})

    (entry,) = (await owner.get("/audit-log"))["items"]
    entry.pop("audit_entry_id")
    entry.pop("occurred_at")
    assert entry == {
        "operation": "change_role",
        "target_id": viewer.account_text,
        "actor": owner.email,
        "actor_kind": "person",
        "account_id": owner.account_text,
        "credential_kind": "session",
        "address": "127.0.0.1",
        "request_id": response.headers["x-request-id"],
        "result": "succeeded",
    }


async def test_a_key_is_named(api: Api, owner: Person) -> None:
    await api.done("POST", "/api-keys", json={"name": "another"})

    (entry,) = (await owner.get("/audit-log"))["items"]
    assert entry["actor"].startswith("ci (nfk_")
    assert (entry["actor_kind"], entry["credential_kind"], entry["account_id"]) == ("api_key", "api_key", None)


async def test_what_a_role_denies_is_listed_as_denied(owner: Person, viewer: Person) -> None:
    await viewer.refused(403, "DELETE", f"/members/{owner.account_text}")

    (entry,) = (await owner.get("/audit-log?result=denied"))["items"]
    assert (entry["operation"], entry["actor"], entry["target_id"]) == (
        "remove_member",
        viewer.email,
        owner.account_text,
    )
    assert (await owner.get("/audit-log?result=succeeded"))["items"] == []


async def test_a_change_that_failed_or_was_refused_is_not_listed(owner: Person) -> None:
    await owner.refused(409, "DELETE", "/membership")
    await owner.refused(404, "DELETE", "/api-keys/key_01h455vb4pex5vsknk084sn02q")
    await owner.refused(422, "POST", "/api-keys", json={"name": ""})

    assert (await owner.get("/audit-log"))["items"] == []


async def test_signing_in_and_out_is_listed(http: httpx.AsyncClient, owner: Person, viewer: Person) -> None:
    await sign_in(http, viewer.email)
    await viewer.request("DELETE", "/session")

    entries = (await owner.get("/audit-log"))["items"]
    assert [(entry["operation"], entry["actor"]) for entry in entries] == [
        ("delete_session", viewer.email),
        ("create_session", viewer.email),
    ]
    assert all(entry["target_id"].startswith("ses_") for entry in entries)


async def test_entries_can_be_filtered_and_paged(owner: Person, viewer: Person) -> None:
    keys = [await owner.done("POST", "/api-keys", json={"name": str(number)}) for number in range(3)]
    await viewer.done("PATCH", "/account", json={"name": "Vi"})

    for query, expected in {
        "operation=create_api_key": 3,
        "operation=create_api_key&account_id=" + viewer.account_text: 0,
        "account_id=" + viewer.account_text: 1,
        "target_id=" + keys[1]["api_key_id"]: 1,
        "target_id=key_01h455vb4pex5vsknk084sn02q": 0,
    }.items():
        assert len((await owner.get(f"/audit-log?{query}"))["items"]) == expected, query
    pages = await owner.walk("/audit-log?operation=create_api_key", limit=2)
    assert [[item["target_id"] for item in page] for page in pages] == [
        [keys[2]["api_key_id"], keys[1]["api_key_id"]],
        [keys[0]["api_key_id"]],
    ]
    await owner.refused(422, "GET", "/audit-log?account_id=mia")
    await owner.refused(422, "GET", "/audit-log?result=maybe")


async def test_no_organisation_sees_anothers_entries(owner: Person, stranger: Person) -> None:
    created = await owner.done("POST", "/api-keys", json={"name": "ci"})

    for query in ("", f"?target_id={created['api_key_id']}", f"?account_id={owner.account_text}"):
        assert (await stranger.get(f"/audit-log{query}"))["items"] == []


async def test_the_address_that_an_unknown_proxy_forwards_is_not_believed(owner: Person) -> None:
    await owner.done("POST", "/api-keys", json={"name": "ci"}, headers={"X-Forwarded-For": "203.0.113.7"})

    assert [entry["address"] for entry in (await owner.get("/audit-log"))["items"]] == ["127.0.0.1"]


@pytest.mark.parametrize("site", [Site(trusted_proxies=[ip_network("127.0.0.0/8")])])
async def test_the_address_that_a_trusted_proxy_forwards_is_listed(owner: Person, site: Site) -> None:
    del site
    await owner.done("POST", "/api-keys", json={"name": "ci"}, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})

    assert [entry["address"] for entry in (await owner.get("/audit-log"))["items"]] == ["203.0.113.7"]


async def test_an_entry_is_written_in_the_transaction_of_the_change(
    database: Database, owner: Person, organisation_id: UUID
) -> None:
    entry = AuditEntry(operation="try", organisation_id=organisation_id)
    audited = AuditedDatabase(database, entry)

    with pytest.raises(ZeroDivisionError):
        async with audited.transaction():
            raise ZeroDivisionError
    assert (await owner.get("/audit-log"))["items"] == []
    for _ in range(2):
        async with audited.transaction() as connection:
            assert await connection.fetchval("SELECT count(*) FROM tenancy.organisation") == 1
            entry.target_id = "org_1"

    (written,) = (await owner.get("/audit-log"))["items"]
    assert (written["operation"], written["target_id"], written["actor_kind"]) == ("try", "org_1", "operator")


async def test_a_page_of_a_long_log_is_read_from_an_index(database: Database, organisation_id: UUID) -> None:
    entry = AuditEntry(operation="create_api_key", organisation_id=organisation_id, target_id="key_1")
    async with database.transaction() as connection:
        for _ in range(50):
            await audit_entry_insert(connection, audit_entry_id=new_id(), entry=entry, result="succeeded")
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(
            "EXPLAIN SELECT audit_entry_id FROM tenancy.audit_entry WHERE organisation_id = $1 AND operation = $2 "
            "ORDER BY audit_entry_id DESC LIMIT 20",
            organisation_id,
            "create_api_key",
        )
    text = "\n".join(row[0] for row in plan)

    assert "audit_entry_by_operation" in text
    assert "Sort" not in text


async def test_every_audited_operation_of_people_is_in_the_log(
    http: httpx.AsyncClient, owner: Person, admin: Person, viewer: Person, stranger: Person
) -> None:
    document = (await http.get("/openapi.json")).json()
    audited = {operation.operation_id for operation in operations_of(document) if operation.is_audited}
    invitation = await owner.done("POST", "/invitations", json={"email": stranger.email, "role": "viewer"})
    await stranger.done("POST", "/invitations/accept", json={"token": invitation["url"].rpartition("#")[2]})
    invitation = await owner.done("POST", "/invitations", json={"email": "new@example.com", "role": "viewer"})
    token = invitation["url"].rpartition("#")[2]
    body = {"token": token, "name": "New", "password": PASSWORD}
    assert (await http.post("/api/v1/invitations/sign-up", json=body)).status_code == 201
    http.cookies.clear()
    await owner.request("DELETE", f"/invitations/{invitation['invitation_id']}")
    key = await owner.done("POST", "/api-keys", json={"name": "ci"})
    await owner.request("DELETE", f"/api-keys/{key['api_key_id']}")
    personal = await owner.done("POST", "/personal-tokens", json={"name": "ci", "role": "viewer"})
    await owner.request("DELETE", f"/personal-tokens/{personal['personal_token_id']}")
    await owner.done("PATCH", "/account", json={"name": "Mia"})
    await owner.request("PUT", "/account/password", json={"current_password": PASSWORD, "password": PASSWORD})
    await owner.done("PATCH", f"/members/{viewer.account_text}", json={"role": "admin"})
    await viewer.request("DELETE", "/membership")
    await owner.request("DELETE", f"/members/{admin.account_text}")
    await sign_in(http, owner.email)
    await owner.request("DELETE", f"/sessions/{(await owner.get('/sessions'))['items'][0]['session_id']}")
    log = [item for page in await owner.walk("/audit-log", limit=100) for item in page]
    await owner.request("DELETE", "/session")

    # These have their own tests, or need a link of the operator.
    elsewhere = {
        "set_up",
        "reset_password",
        "begin_totp",
        "enable_totp",
        "disable_totp",
        "replace_recovery_codes",
        "delete_session",
    }
    assert {entry["operation"] for entry in log} == audited - elsewhere
    assert [entry["operation"] for entry in log if not entry["target_id"]] == []
