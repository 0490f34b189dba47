"""What runs inside JupyterHub: the second front door beside the commands."""
