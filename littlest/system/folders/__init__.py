"""Folders that several users share."""
