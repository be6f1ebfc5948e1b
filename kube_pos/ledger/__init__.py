"""What is owed and what was given: entitlements, shares, journal. No Qt, no network, no device."""
