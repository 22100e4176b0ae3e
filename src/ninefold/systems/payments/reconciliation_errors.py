"""Errors of reconciliation: statements, reports, breaks and days. Each names what is wrong, where, and what to do."""

from ninefold.core.errors import ConflictError, InvalidInputError, NotFoundError


class DayNotBegunError(InvalidInputError):
    """The day begins later."""

    code = "day_not_begun"
    title = "Day not begun"


class StatementNotFoundError(NotFoundError):
    """There is no such statement."""

    code = "statement_not_found"
    title = "Statement not found"


class StatementKnownError(ConflictError):
    """The same file was imported before."""

    code = "statement_known"
    title = "Imported before"


class SettlementReportNotFoundError(NotFoundError):
    """There is no such settlement report."""

    code = "settlement_report_not_found"
    title = "Settlement report not found"


class BreakNotFoundError(NotFoundError):
    """There is no such break."""

    code = "break_not_found"
    title = "Break not found"


class BreakStateError(ConflictError):
    """The break isn't open any more."""

    code = "break_state"
    title = "Break not open"


class DayNotFoundError(NotFoundError):
    """Nothing is known of the day, or it wasn't closed."""

    code = "day_not_found"
    title = "Day not found"


class DayClosedError(ConflictError):
    """The day was closed, so that nothing of it changes any more."""

    code = "day_closed"
    title = "Day closed"


class DayNotOverError(ConflictError):
    """The day isn't over yet."""

    code = "day_not_over"
    title = "Day not over"


class BreaksOpenError(ConflictError):
    """Something of the day doesn't agree yet."""

    code = "breaks_open"
    title = "Open breaks"


class InvalidMatchError(InvalidInputError):
    """A line of the bank can't be what a person says that it is."""

    code = "invalid_match"
    title = "Invalid match"


class StatementDayError(InvalidInputError):
    """The bank's file is about days that haven't begun."""

    code = "statement_in_future"
    title = "Statement dated in the future"


class DayNotComparedError(ConflictError):
    """Something of the day came after the last report was read."""

    code = "day_not_compared"
    title = "Day not compared"


class InvalidCorrectionError(InvalidInputError):
    """A correction can't move money like this."""

    code = "invalid_correction"
    title = "Invalid correction"
