"""Names of the things that the ledger speaks of. Pure."""

from __future__ import annotations

from typing import NewType

RecipientId = NewType("RecipientId", int)
EntitlementId = NewType("EntitlementId", int)
ProgramId = NewType("ProgramId", int)
FundId = NewType("FundId", int)
OutletId = NewType("OutletId", int)
ProductId = NewType("ProductId", int)
CommodityId = NewType("CommodityId", int)
StaffId = NewType("StaffId", int)
LedgerId = NewType("LedgerId", str)
"""A till's journal, a UUID in lower case with dashes; new with every new or restored database."""
SaleId = NewType("SaleId", str)
"""One basket, a UUID in hexadecimal; made when the basket is opened, so that a second confirm is harmless."""
CardToken = NewType("CardToken", str)
"""A card number hashed with the city's key, 32 hexadecimal digits; see `cards.card_token`."""
BenefitMonth = NewType("BenefitMonth", str)
"""The month an entitlement is for, as `2026-10`."""


def uuid7(now_ms: int, random_bytes: bytes) -> str:
    """Return a time-ordered UUID (RFC 9562, version 7) from a time in ms and 10 random bytes.

    Raises ValueError when `random_bytes` is not 10 bytes long or `now_ms` is negative or beyond 48 bits.
    """
    if len(random_bytes) != 10:
        raise ValueError("uuid7 takes 10 random bytes")
    if not 0 <= now_ms < 1 << 48:
        raise ValueError("uuid7 takes a time of 48 bits")
    stamp = now_ms.to_bytes(6, "big")
    version = bytes([0x70 | random_bytes[0] & 0x0F, random_bytes[1]])
    variant = bytes([0x80 | random_bytes[2] & 0x3F])
    digits = (stamp + version + variant + random_bytes[3:]).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
