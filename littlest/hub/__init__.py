"""What runs inside JupyterHub: the second front door next to the commands."""
