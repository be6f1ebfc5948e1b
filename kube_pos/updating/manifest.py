"""What an update says of itself, signed by those who publish it."""

from __future__ import annotations

import re

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kube_pos.errors import KubePosError

MANIFEST, SIGNATURE = "kube-pos-update.json", "kube-pos-update.sig"
MOST_BYTES = 64 * 1024
_LABEL = b"kube-pos update 1\n"
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class UpdateNotGenuine(KubePosError):
    """The update's manifest, signature or bytes are not what the publisher signed. Facts: place, reason."""

    code = "update_not_genuine"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published version for one kind of computer."""

    version: str
    platform: str
    """`linux-x86_64` or `windows-x86_64`."""
    file: str
    """The archive (.tar.gz) beside the manifest."""
    sha256: str
    size: int
    unpacked: int
    """How many bytes the archive takes when it is unpacked."""
    min_version: str
    """The oldest version whose data this one takes over."""

    def number(self) -> tuple[int, ...]:
        """Return the version to compare by."""
        return version_number(self.version)


def version_number(text: str) -> tuple[int, ...]:
    """Return a version as numbers. Raises ValueError."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return tuple(int(part) for part in match.groups())


def read_manifest(body: bytes, signature: bytes, key: bytes, place: str) -> Manifest:
    """Return a manifest that the publisher's 32-byte key signed. Raises UpdateNotGenuine."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _LABEL + body)
    except (InvalidSignature, ValueError) as error:
        raise UpdateNotGenuine(place=place, reason=SIGNATURE) from error
    try:
        manifest = msgspec.json.decode(body, type=Manifest)
        version_number(manifest.version)
        version_number(manifest.min_version)
    except (msgspec.MsgspecError, ValueError) as error:
        raise UpdateNotGenuine(place=place, reason=MANIFEST) from error
    is_right = _FILE.fullmatch(manifest.file) and _DIGEST.fullmatch(manifest.sha256)
    if not is_right or manifest.size <= 0 or manifest.unpacked <= 0:
        raise UpdateNotGenuine(place=place, reason=MANIFEST)
    return manifest


def sign_manifest(manifest: Manifest, private: Ed25519PrivateKey) -> tuple[bytes, bytes]:
    """Return a manifest's bytes and their signature, for those who publish."""
    body = msgspec.json.encode(manifest)
    return body, private.sign(_LABEL + body)
