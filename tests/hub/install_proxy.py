"""Program of the build environment: installs the locked proxy next to its package.json, and prints where Node.js is.

python tests/hub/install_proxy.py [FOLDER]
"""

import sys
from pathlib import Path

from builder.own_packages import run_npm, unpack_npm

if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        run_npm(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        (folder / "node").symlink_to(unpack_npm() / "bin/node")
    print(unpack_npm())
