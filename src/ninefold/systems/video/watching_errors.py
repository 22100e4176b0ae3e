"""The errors of profiles and of what they watch that callers can get."""

from ninefold.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, PayloadTooLargeError


class ProfileNotFoundError(NotFoundError):
    """The organisation has no such profile."""

    code = "video_profile_not_found"
    title = "Profile not found"


class ProfileExistsError(ConflictError):
    """The organisation has another profile with this external id."""

    code = "video_profile_exists"
    title = "Profile exists"


class TitleTooMatureError(ForbiddenError):
    """The title is for older viewers than the profile's."""

    code = "video_title_too_mature"
    title = "Title too mature"


class TitleNotPlayableError(ConflictError):
    """Nothing of the title can be played yet, or any more."""

    code = "video_title_not_playable"
    title = "Title not playable"


class ListFullError(ConflictError):
    """The list of a profile has as many titles as it can have."""

    code = "video_list_full"
    title = "List full"


class PlayNotFoundError(NotFoundError):
    """The organisation has no such play, or it is deleted already."""

    code = "video_play_not_found"
    title = "Play not found"


class InvalidBeaconError(InvalidInputError):
    """What a player has sent isn't a beacon."""

    code = "video_invalid_beacon"
    title = "Invalid beacon"


class BeaconTooLargeError(PayloadTooLargeError):
    """What a player has sent is larger than beacons can be."""

    code = "video_beacon_too_large"
    title = "Beacon too large"
