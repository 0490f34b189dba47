"""Changing a configuration file's text so that its comments, order and formatting stay. Pure."""
