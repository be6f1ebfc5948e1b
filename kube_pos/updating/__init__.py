"""Newer versions of the program: signed, tried before they are used, and one step back."""
