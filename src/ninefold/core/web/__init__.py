"""The HTTP application: authentication, bodies, ids in paths, pages, problems, documents.

A system's routes are plain Litestar handlers:

    class SubscriptionId(PathId):
        prefix = "sub"

    class CreateSubscription(RequestBody, frozen=True, kw_only=True):
        url: Annotated[str, msgspec.Meta(max_length=2000, description="Where deliveries go.")]

    @post("/api/v1/subscriptions", tags=["subscriptions"], responses=problem_responses(409)) async def
    create_subscription(data: CreateSubscription, principal: Principal, database: Database) -> Subscription:
        \"\"\"Create a subscription.\"\"\"

    @get("/api/v1/subscriptions/{subscription_id:str}", tags=["subscriptions"]) async def
    read_subscription(subscription_id: SubscriptionId, principal: Principal, database: Database) -> Subscription:
        \"\"\"Read a subscription.\"\"\"

`principal` and `database` are given by the application. What is raised as a `NinefoldError` leaves as a problem.
"""
