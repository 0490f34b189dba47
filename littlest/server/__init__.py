"""What runs as a user: the notebook server, its extensions, and how it starts kernels."""
