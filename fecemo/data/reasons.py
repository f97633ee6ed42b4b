"""Why a photograph or a face is missing: a fixed set of codes, each permanent or worth another try."""

from enum import StrEnum


class Reason(StrEnum):
    """Codes of the column ``reason`` of ``rejects.csv``. They are stored: add, never rename."""

    BAD_URL = "bad_url"  # not an http or https address that can be asked for
    CREDENTIALS_IN_URL = "credentials_in_url"  # a user name or password in the address; neither used nor logged
    FORBIDDEN_ADDRESS = "forbidden_address"  # the host, or one that it redirects to, is not on the public internet
    BAD_BOX = "bad_box"  # the box is inverted, not finite, without area or outside the photograph
    GONE = "gone"  # 404 or 410
    REFUSED = "refused"  # another answer of the 4xx kind, such as 403
    PLACEHOLDER = "placeholder"  # the site's picture for "photo unavailable"
    OPTED_OUT = "opted_out"  # the site asks, by X-Robots-Tag, not to have its pictures used
    TOO_MANY_REDIRECTS = "too_many_redirects"  # a loop, or a longer chain of redirects than is followed
    TOO_LARGE = "too_large"  # more bytes than are accepted
    TOO_MANY_PIXELS = "too_many_pixels"  # the header claims more pixels than are accepted
    EMPTY = "empty"  # a good answer without a byte in it
    NOT_AN_IMAGE = "not_an_image"  # the bytes are of no picture format that is read, whatever they were called
    DAMAGED_IMAGE = "damaged_image"  # the header is a picture's, the rest is truncated or damaged
    THROTTLED = "throttled"  # 429, or 503 with Retry-After, until the tries were used up
    SERVER_ERROR = "server_error"  # another answer of the 5xx kind
    TIMEOUT = "timeout"  # the deadline passed, while connecting or while receiving
    NO_SUCH_HOST = "no_such_host"  # the name does not resolve
    CONNECTION_FAILED = "connection_failed"  # refused, reset, bad TLS, or an answer that is not HTTP
    CUT_SHORT = "cut_short"  # fewer bytes came than the server had announced
    TOO_COSTLY = "too_costly"  # it would take far longer to decode than a picture of its size
    FAULT = "fault"  # a fault of this program on this one photograph; the detail says what and where
    HOST_SET_ASIDE = "host_set_aside"  # not asked for, or no further: its host had failed too many times in a row

    @property
    def transient(self) -> bool:
        """bool: Whether another try, now or on another day, may end differently."""
        return self in _TRANSIENT


_TRANSIENT = frozenset({
    Reason.THROTTLED, Reason.SERVER_ERROR, Reason.TIMEOUT, Reason.NO_SUCH_HOST, Reason.CONNECTION_FAILED,
    Reason.CUT_SHORT, Reason.FAULT, Reason.HOST_SET_ASIDE,
})


class FetchError(Exception):
    """A photograph that cannot be used, with the reason that is recorded.

    Parameters
    ----------
    detail : str
        Free text, the same on every run: no times, no addresses in memory, never credentials.
    retry_after : float, optional
        Seconds that the server asked to be left alone.
    """

    def __init__(self, reason: Reason, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
