"""What can be wrong with a sealed secret, or with the keys."""

from ninefold.core.errors import InvalidInputError, SettingError


class SealError(InvalidInputError):
    """What is sealed was changed, or belongs to another row."""

    code = "seal_broken"
    title = "A secret can't be read"


class SecretsKeyMissingError(SettingError):
    """Secrets are sealed with a key that this process doesn't have."""

    code = "secrets_key_missing"
    title = "A key for secrets is missing"
