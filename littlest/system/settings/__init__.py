"""The settings on disk: the file, its revisions, and the copies of those that worked."""
