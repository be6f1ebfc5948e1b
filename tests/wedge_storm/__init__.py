"""Scans by real key events on a real X server, mixed with typing: none wrong, lost or leaked, no button pressed."""
