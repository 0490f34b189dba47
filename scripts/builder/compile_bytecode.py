"""Run by the Python that a package is for: `python compile_bytecode.py TREE` compiles every module under TREE.

The bytecode is never checked against its source again (PEP 552, unchecked hash): it has the same bytes whenever it
is made, and a root-owned environment, where nobody can write a newer one, keeps starting quickly.
"""

import os
import py_compile
import sys
import warnings


def compile_tree(tree: str) -> None:
    """Compile each `.py` file of TREE; one that is no valid Python (a template, a test's bad example) is left alone.

    Folders called `tests` are left alone too: nobody runs them on a server, and they are half of some packages.
    """
    warnings.simplefilter("ignore")
    for folder, folders, files in os.walk(tree):
        folders[:] = sorted(set(folders) - {"tests"})
        for name in sorted(files):
            path = os.path.join(folder, name)  # noqa: PTH118  # bytecode.py imports as little as it can
            if not name.endswith(".py") or os.path.islink(path):  # noqa: PTH114
                continue
            try:
                py_compile.compile(
                    path,
                    # in tracebacks Python itself puts the real place here at import
                    dfile=os.path.relpath(path, tree),
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
            except (py_compile.PyCompileError, ValueError):
                continue


if __name__ == "__main__":
    compile_tree(sys.argv[1])
