"""Ids, tags and problems that the routes of payments share."""

from datetime import date
from typing import Final

import msgspec
from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.status_codes import HTTP_202_ACCEPTED

from ninefold.core.ids import format_id
from ninefold.core.jobs import Job
from ninefold.core.jobs.wire import JOBS_PATH, JobView, show_job
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import ACCOUNT_PREFIX as PERSON_PREFIX
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.ids import PathId
from ninefold.systems.payments.model.ledger import ACCOUNT_PREFIX
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX, INTENT_PREFIX
from ninefold.systems.payments.service.keys import SECRET_KEY

TAGS: Final = ["payments"]
JOB_LOCATION: Final = ResponseHeader(name="Location", description="The job.", documentation_only=True)


class MerchantId(PathId):
    """The id of a merchant."""

    prefix = MERCHANT_PREFIX


class MerchantKeyId(PathId):
    """The id of a secret key of a merchant."""

    prefix = SECRET_KEY.id_prefix


class PaymentId(PathId):
    """The id of a payment."""

    prefix = INTENT_PREFIX


class AccountId(PathId):
    """The id of an account of the ledger."""

    prefix = ACCOUNT_PREFIX


class AttemptId(PathId):
    """The id of an attempt, which is also what the processor knows it by."""

    prefix = ATTEMPT_PREFIX


class StartedJobView(JobView, frozen=True, kw_only=True):
    """A job that was started, for a day."""

    day: date


def started(job: Job, *, day: date) -> Response[StartedJobView]:
    """Return the answer to a request that has started a job for a day."""
    shown = StartedJobView(**msgspec.structs.asdict(show_job(job)), day=day)
    return Response(shown, status_code=HTTP_202_ACCEPTED, headers={"Location": f"{JOBS_PATH}/{shown.job_id}"})


def actor_of(principal: Principal) -> str:
    """Return who does something: a person, or an API key."""
    if principal.account_id is not None:
        return format_id(PERSON_PREFIX, principal.account_id)
    return f"API key {format_id(API_KEY.id_prefix, principal.credential_id)}"
