"""Which Python a kernel runs on: that of the environment it was installed into, not that of the notebook server."""

from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

PYTHON_NAMES = {"python", "python3"}


class PrefixKernelSpecManager(KernelSpecManager):
    """Finds kernels as usual, and takes a bare `python` in a kernel.json for the one of its own environment.

    ipykernel writes a bare `python`, and Jupyter takes it for the Python that runs the notebook server. Here that is
    the release, which has none of the users' libraries.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """One kernel; raises NoSuchKernel."""
        return place_python(super().get_kernel_spec(kernel_name))


def place_python(spec: KernelSpec) -> KernelSpec:
    """The same kernel, its bare `python` replaced by PREFIX/bin/python of PREFIX/share/jupyter/kernels/NAME."""
    resources = Path(spec.resource_dir)
    if spec.argv and spec.argv[0] in PYTHON_NAMES and len(resources.parents) >= 4:
        python = resources.parents[3] / "bin/python"
        if python.exists():
            spec.argv = [str(python), *spec.argv[1:]]
    return spec
