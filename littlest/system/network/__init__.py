"""Ports and addresses of this machine."""
