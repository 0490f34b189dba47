"""Secrets: those that we generate, and those in the admin's own files."""
