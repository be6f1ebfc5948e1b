"""Bytes in, bytes out: scanners, cameras and printers. Knows no entitlement."""
