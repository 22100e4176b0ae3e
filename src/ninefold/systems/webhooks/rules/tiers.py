"""How what one subscription may be sent is divided among the tiers whose deliveries wait for it."""

from collections.abc import Mapping, Sequence


def divide(
    count: int, tiers: Sequence[int], *, shares: Sequence[float], credits_before: Mapping[int, float]
) -> tuple[dict[int, int], dict[int, float]]:
    """Divide a number of attempts among tiers by their shares, exactly in the long run.

    Args:
        count: how many attempts may be made.
        tiers: the tiers with deliveries that wait.
        shares: the share of each tier, by its number.
        credits_before: what each tier got too little of in earlier calls, as the previous call returned it.

    Returns:
        The attempts of each tier, and the new credits.
    """
    total = sum(shares[tier] for tier in tiers)
    owed = {tier: credits_before.get(tier, 0.0) + count * shares[tier] / total for tier in tiers}
    rest = count
    parts: dict[int, int] = {}
    for tier in tiers:
        parts[tier] = min(rest, max(0, int(owed[tier])))
        rest -= parts[tier]
    # The rest goes to those that are owed most; if it is equal, to the more urgent ones.
    while rest > 0:
        most_owed = max(tiers, key=lambda tier: (owed[tier] - parts[tier], -tier))
        parts[most_owed] += 1
        rest -= 1
    return parts, {tier: owed[tier] - parts[tier] for tier in tiers}
