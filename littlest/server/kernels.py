"""How kernels start: with the Python of the environment that they were installed into."""

from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_core.paths import jupyter_runtime_dir

from littlest.server.kernel_commands import correct_command, make_start_command


class PrefixKernelSpecManager(KernelSpecManager):
    """Finds kernels as usual, and corrects their commands.

    ipykernel writes a bare `python` into its kernel.json, and Jupyter replaces it by the Python of the notebook
    server. Here that is the release's, which has none of the users' libraries.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return one kernel. Raises NoSuchKernel."""
        spec = super().get_kernel_spec(kernel_name)
        command = correct_command(spec.argv, Path(spec.resource_dir))
        spec.argv = make_start_command(command, Path(jupyter_runtime_dir()))
        # the launcher switches the debugger off, so Lab must not offer it
        spec.metadata.pop("debugger", None)
        return spec
