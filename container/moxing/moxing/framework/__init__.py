"""The older home of the file API: `from moxing.framework import file`."""
from . import file, util  # noqa: F401
