"""How kernels are started: by the Python of the environment they were installed into, and without a network port."""

from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

from littlest.server.kernel_commands import correct_command


class PrefixKernelSpecManager(KernelSpecManager):
    """Finds kernels as usual, and corrects how they are started.

    ipykernel writes a bare `python` into its kernel.json, and Jupyter takes that for the Python that runs the
    notebook server. Here that is the release, which has none of the users' libraries.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """One kernel; raises NoSuchKernel."""
        spec = super().get_kernel_spec(kernel_name)
        spec.argv = correct_command(spec.argv, Path(spec.resource_dir))
        # the launcher switches the debugger off, so Lab must not offer it
        spec.metadata.pop("debugger", None)
        return spec
