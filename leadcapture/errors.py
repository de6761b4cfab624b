"""The error tree. Rules and operations raise these; the edges map them to JSON, acknowledgements or pages.

`code` is for programs and never changes, `message` is a sentence for a person, `fields` maps a field's name to
the sentences shown at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class LeadCaptureError(Exception):
    """Anything this service refuses or fails to do, with the HTTP status an edge answers it with."""

    status = 500
    code = "error"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Invalid(LeadCaptureError):
    """What was sent does not fit; `fields` says where and why."""

    status = 422
    code = "invalid"

    def __init__(
        self, message: str = "", *, code: str | None = None, fields: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.fields = {name: list(sentences) for name, sentences in (fields or {}).items()}


class NotFound(LeadCaptureError):
    """No such thing, or none that the asker may know of: the two are never told apart."""

    status = 404
    code = "not_found"


class Unauthorized(LeadCaptureError):
    """Nobody is signed in, or the token is not ours."""

    status = 401
    code = "unauthorized"


class Forbidden(LeadCaptureError):
    """Known, and not allowed: a wrong origin, a role too low."""

    status = 403
    code = "forbidden"


class Conflict(LeadCaptureError):
    """Somebody was faster, or the state does not allow it (any more)."""

    status = 409
    code = "conflict"


class RateLimited(LeadCaptureError):
    """Too many; `retry_after` is in whole seconds."""

    status = 429
    code = "rate_limited"

    def __init__(self, message: str = "", *, retry_after: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Unavailable(LeadCaptureError):
    """What this needs does not answer now: the database is away, locked, full or takes no writes. Nobody's fault who
    asked, and whether anything was done is not known: the same may be sent again. `reason` is for the log and the
    terminal, `retry_after` is in whole seconds."""

    status = 503
    code = "unavailable"
    retry_after = 5

    def __init__(self, message: str = "", *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class BadToken(LeadCaptureError):
    """A token that was not signed by us, or for another purpose."""

    status = 404
    code = "bad_token"


class BadSetting(LeadCaptureError):
    """A setting that cannot be used: stops the start."""

    code = "bad_setting"
