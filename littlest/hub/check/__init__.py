"""Whether JupyterHub would take settings: tried in a process of its own, before anything is touched."""
