"""The errors of blobs."""

from ninefold.core.errors import (
    ConflictError,
    NinefoldError,
    NotFoundError,
    PayloadTooLargeError,
    UnavailableError,
)


class BlobNotFoundError(NotFoundError):
    """There is no stored blob with this id."""

    code = "blob_not_found"
    title = "Blob not found"


class BlobTooLargeError(PayloadTooLargeError):
    """The contents are larger than what the upload was allowed."""

    code = "blob_too_large"
    title = "Blob too large"


class BlobQuotaError(PayloadTooLargeError):
    """The organisation has no room for the blob."""

    code = "blob_quota_exceeded"
    title = "No storage left"


class BlobNotPendingError(ConflictError):
    """The blob can't be kept: it expired, was deleted, isn't uploaded, or a row names it already."""

    code = "blob_not_pending"
    title = "Blob can't be kept"


class BlobStoreUnavailableError(UnavailableError):
    """The store of the contents doesn't answer, or refuses."""

    code = "blob_store_unavailable"
    title = "Storage unavailable"


class BlobContentsMissingError(NinefoldError):
    """The contents of a stored blob aren't in the store, because something other than Ninefold removed them."""

    code = "blob_contents_missing"
    title = "Contents missing"
