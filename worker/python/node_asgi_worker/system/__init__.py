"""What Linux and macOS do differently, under the same names: linux.py and macos.py.

The native module has only those system calls that the system has.
"""

import sys

if sys.platform == "darwin":
    from node_asgi_worker.system.macos import (
        DESCRIPTORS,
        adopt_orphans,
        check,
        deadly,
        die_with_parent,
        ended_child,
        loaded_files,
        path_of,
        protect,
        threads,
        unnamed_thread,
    )
else:
    from node_asgi_worker.system.linux import (
        DESCRIPTORS,
        adopt_orphans,
        check,
        deadly,
        die_with_parent,
        ended_child,
        loaded_files,
        path_of,
        protect,
        threads,
        unnamed_thread,
    )

__all__ = [
    "DESCRIPTORS",
    "adopt_orphans",
    "check",
    "deadly",
    "die_with_parent",
    "ended_child",
    "loaded_files",
    "path_of",
    "protect",
    "threads",
    "unnamed_thread",
]
