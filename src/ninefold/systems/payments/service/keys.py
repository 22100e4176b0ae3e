"""The keys of merchants, with the beginnings that Stripe's clients expect."""

from typing import Final

from ninefold.core.tenancy.kinds import marked_kind

SECRET_KEY: Final = marked_kind(
    "sk_test",
    name="stripe_secret",
    label="secret key",
    id_prefix="skey",
    remedy="Create a merchant with `ninefold payments merchants create`, and send its key as `Bearer sk_test_…`.",
)
"""Acts for a merchant."""

PUBLISHABLE_KEY: Final = marked_kind(
    "pk_test",
    name="stripe_publishable",
    label="publishable key",
    id_prefix="pkey",
    remedy="Create a merchant with `ninefold payments merchants create`, and use its publishable key `pk_test_…`.",
)
"""Identifies a merchant on its customers' pages, where it is no secret."""

KEY_KINDS: Final = (SECRET_KEY, PUBLISHABLE_KEY)
