"""Use cases of the till: plain functions on ports, one file a concern."""
