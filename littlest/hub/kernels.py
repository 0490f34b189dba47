"""How kernels are started: by the Python of the environment they were installed into, and without a network port."""

from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

PYTHON_NAMES = {"python", "python3"}
IPYKERNEL = ["-m", "ipykernel_launcher"]
LAUNCHER = Path(__file__).parent / "kernel_files/launch_ipykernel.py"


class PrefixKernelSpecManager(KernelSpecManager):
    """Finds kernels as usual, and corrects how they are started.

    ipykernel writes a bare `python` into its kernel.json, and Jupyter takes that for the Python that runs the
    notebook server. Here that is the release, which has none of the users' libraries.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """One kernel; raises NoSuchKernel."""
        spec = super().get_kernel_spec(kernel_name)
        spec.argv = correct_command(spec.argv, Path(spec.resource_dir))
        return spec


def correct_command(command: list[str], resources: Path) -> list[str]:
    """The command of a kernel that lies in PREFIX/share/jupyter/kernels/NAME.

    A bare `python` becomes PREFIX/bin/python where there is one, and ipykernel is started by our launcher.
    """
    corrected = list(command)
    if corrected and corrected[0] in PYTHON_NAMES and len(resources.parents) > 3:
        python = resources.parents[3] / "bin/python"
        if python.exists():
            corrected[0] = str(python)
    for index in range(1, len(corrected) - 1):
        if corrected[index : index + 2] == IPYKERNEL:
            corrected[index : index + 2] = [str(LAUNCHER)]
            break
    return corrected
