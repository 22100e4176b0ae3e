"""The addresses of titles' pictures in lists. They stay the same for an hour, so browsers can keep the pictures."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import derive_id
from ninefold.systems.video.service.tokens import PlaySigner, new_play_token, urls_of

_STEP_S: Final = 3_600


class PosterUrls(msgspec.Struct, frozen=True, kw_only=True):
    """Makes the addresses of pictures of an organisation's titles."""

    signer: PlaySigner
    organisation_id: UUID
    base_url: str
    now: datetime
    lifetime_s: int
    """How long an address can be used at least."""

    def url_of(self, title_id: UUID) -> str:
        """Return the address of the picture of a title."""
        begun_s = self.now.timestamp() // _STEP_S * _STEP_S
        token = new_play_token(
            self.signer,
            title_id=title_id,
            organisation_id=self.organisation_id,
            session_id=derive_id(title_id, self.organisation_id),
            expires_at=datetime.fromtimestamp(begun_s + _STEP_S + self.lifetime_s, UTC),
        )
        return urls_of(title_id, token, base_url=self.base_url).poster_url
