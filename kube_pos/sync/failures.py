"""What can go wrong between a till and upstream; the sentences lie in `locale/<language>/sync.toml`.

No fact is ever an identifier of a person or the address's secret part, so each error may be logged as it is.
"""

from __future__ import annotations

from kube_pos.errors import KubePosError


class AddressUnusable(KubePosError):
    """Upstream's address is none that a till can use. Facts: address."""

    code = "address_unusable"


class InsecureAddress(KubePosError):
    """Upstream's address is plain http to another machine, which is never used. Facts: address."""

    code = "insecure_address"


class Offline(KubePosError):
    """Upstream did not answer, or its answer broke off. Facts: reason (connect, timeout, cut, stopped)."""

    code = "offline"


class CertificateRefused(KubePosError):
    """The TLS certificate is not one to trust. Facts: reason (OpenSSL's words)."""

    code = "certificate_refused"


class AuthorityUnreadable(KubePosError):
    """The file of the office's own certificate authority is missing or holds none. Facts: path, reason."""

    code = "authority_unreadable"


class BadSignature(KubePosError):
    """An answer is not signed by upstream's pinned key; nothing of it was believed."""

    code = "bad_signature"


class UnreadableAnswer(KubePosError):
    """An answer is signed rightly but is not what the protocol allows. Facts: reason."""

    code = "unreadable_answer"


class ServerFailed(KubePosError):
    """Upstream failed on a request, or something else answered in its place. Facts: status."""

    code = "server_failed"


class Busy(KubePosError):
    """Upstream asks to come again later. Facts: status."""

    code = "server_busy"


class RequestRefused(KubePosError):
    """Upstream does not take the request as it is, such as a protocol it does not speak. Facts: reason, status."""

    code = "request_refused"


class TooLarge(KubePosError):
    """A message was larger than upstream, or a relay before it, takes. Facts: status."""

    code = "too_large"


class KeyRefused(KubePosError):
    """Upstream does not know this till or its key. Facts: reason."""

    code = "key_refused"


class Retired(KubePosError):
    """The office has retired this till's journal."""

    code = "retired"


class Fork(KubePosError):
    """Upstream holds another journal under this till's name: the database was copied or restored. Facts: seq."""

    code = "fork"


class Gap(KubePosError):
    """Upstream misses entries before those sent. Facts: wanted (the sequence number it wants next)."""

    code = "gap"

    def __init__(self, wanted: int) -> None:
        """Take the sequence number that upstream wants next."""
        super().__init__(wanted=wanted)
        self.wanted = wanted


class CursorUnknown(KubePosError):
    """Upstream never gave this place in its feed: it was set back to an older state."""

    code = "cursor_unknown"


class ClockSkew(KubePosError):
    """This computer's clock differs too much from upstream's. Facts: server_time_ms."""

    code = "clock_skew"

    def __init__(self, server_time_ms: int) -> None:
        """Take upstream's time."""
        super().__init__(server_time_ms=server_time_ms)
        self.server_time_ms = server_time_ms


class ChainBroken(KubePosError):
    """The journal on this till does not add up, so nothing of it is sent. Facts: seq."""

    code = "chain_broken"


class EntryTooLarge(KubePosError):
    """An entry is larger than any message may be. Facts: seq."""

    code = "entry_too_large"


class EnrolmentRefused(KubePosError):
    """Upstream did not take this till in. Facts: reason (upstream's stable code)."""

    code = "enrolment_refused"


class WrongFingerprint(KubePosError):
    """Whoever answered the enrolment does not have the key that the code names. Facts: expected, found."""

    code = "wrong_fingerprint"


class SyncFailed(KubePosError):
    """Sync met a mistake of the program's own; sales go on. Facts: kind (the name of the exception)."""

    code = "sync_failed"


class SyncNotStored(KubePosError):
    """The disk refused what sync had fetched; it is fetched again. Facts: path, reason."""

    code = "sync_not_stored"
