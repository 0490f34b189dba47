"""Pages and API handlers of the hub that are ours rather than JupyterHub's."""
