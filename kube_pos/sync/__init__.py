"""Entries up, entitlements down: the till's side of the wire."""
