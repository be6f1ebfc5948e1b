"""Proofs that no sale is lost at any instant of a power cut, by a failing disk, or by a killed process."""
