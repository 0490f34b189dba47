"""How people log in: what `auth` means to JupyterHub's authenticators, and those that are ours."""
