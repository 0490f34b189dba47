"""What `scripts/bench` measures, a module for each part of the life of a server."""
