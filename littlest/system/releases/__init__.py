"""Releases of this program on the machine."""
