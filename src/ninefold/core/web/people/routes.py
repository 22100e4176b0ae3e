"""All routes of people, and what their handlers get."""

from typing import Any

from litestar import Request, Router
from litestar.di import NamedDependency, Provide

from ninefold.core.clock import Clock, SystemClock
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.web.api_authentication import provide_session
from ninefold.core.web.people.account import ACCOUNT_ROUTES
from ninefold.core.web.people.audit_log import AUDIT_LOG_ROUTES
from ninefold.core.web.people.credentials import CREDENTIAL_ROUTES
from ninefold.core.web.people.invitations import INVITATION_ROUTES
from ninefold.core.web.people.members import MEMBER_ROUTES
from ninefold.core.web.people.password_proof import PasswordProof
from ninefold.core.web.people.session import SESSION_ROUTES
from ninefold.core.web.site import Site


def people_routes(
    site: Site, sealer: Sealer, *, passwords: Passwords | None = None, clock: Clock | None = None
) -> Router:
    """Return the routes of people, for Ninefold's own API.

    Args:
        site: how people reach this server.
        sealer: seals the secrets of authenticator apps.
        passwords: computes and checks hashes.
        clock: for lock-out and codes.
    """
    used_passwords = passwords or Passwords()
    used_clock = clock or SystemClock()

    def provide_site() -> Site:
        return site

    def provide_sealer() -> Sealer:
        return sealer

    def provide_passwords() -> Passwords:
        return used_passwords

    def provide_clock() -> Clock:
        return used_clock

    def provide_password_proof(request: Request[Any, Any, Any], database: NamedDependency[Database]) -> PasswordProof:
        return PasswordProof(request, database=database, passwords=used_passwords, clock=used_clock, site=site)

    return Router(
        path="/",
        route_handlers=[
            *SESSION_ROUTES,
            *ACCOUNT_ROUTES,
            *MEMBER_ROUTES,
            *INVITATION_ROUTES,
            *CREDENTIAL_ROUTES,
            *AUDIT_LOG_ROUTES,
        ],
        dependencies={
            "session": Provide(provide_session, sync_to_thread=False),
            "site": Provide(provide_site, sync_to_thread=False),
            "sealer": Provide(provide_sealer, sync_to_thread=False),
            "passwords": Provide(provide_passwords, sync_to_thread=False),
            "clock": Provide(provide_clock, sync_to_thread=False),
            "password_proof": Provide(provide_password_proof, sync_to_thread=False),
        },
    )
