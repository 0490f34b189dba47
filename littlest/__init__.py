"""The Littlest JupyterHub: one file that turns a Linux server into a JupyterHub."""

__version__ = "0.1.0"
