"""How a check ends that doesn't succeed."""

from ninefold.systems.callbacks.verification.model import ReasonCode, Rejected


class RejectionError(Exception):
    """A check failed. `verify` turns it into a `Rejected`."""

    def __init__(self, reason: ReasonCode, detail: str) -> None:
        super().__init__(reason)
        self.rejected = Rejected(reason, detail)
