"""MoXing's file API for tasks of Ropeway: `import moxing as mox`, then `mox.file.copy_parallel(src, dst)`.

In a task this folder stands last on PYTHONPATH. When an image brings a moxing of its own further along sys.path, that
one is loaded in place of this package, so nothing here ever hides it.
"""
from typing import List


def _step_aside() -> bool:
    """Loads the next other `moxing` on sys.path under this name; returns whether there was one."""
    import os
    import sys
    from importlib import machinery, util

    here = os.path.realpath(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    places = [os.path.realpath(entry or os.curdir) for entry in sys.path]
    if here not in places:
        return False
    rest = [entry for entry, place in zip(sys.path, places) if place != here]
    rest = rest[places.index(here):]  # what stood before ours has been looked through already
    spec = machinery.PathFinder.find_spec(__name__, rest)
    if spec is None or spec.loader is None or spec.origin is None:
        return False  # nothing, or a bare folder of that name
    if _is_unrelated(os.listdir(os.path.dirname(spec.origin))):
        return False
    other = util.module_from_spec(spec)
    sys.modules[__name__] = other  # the import system hands out whatever stands here when we are done
    spec.loader.exec_module(other)
    return True


def _is_unrelated(names: List[str]) -> bool:
    """Does a package with these files only share the name (there is one on PyPI)? MoXing has `framework` or `file`."""
    modules = {name.partition('.')[0] for name in names} - {'__init__', '__pycache__', 'py'}
    return bool(modules) and not modules & {'framework', 'file'}


if not _step_aside():
    from . import file, framework  # noqa: F401

    __version__ = '0.1.0'
