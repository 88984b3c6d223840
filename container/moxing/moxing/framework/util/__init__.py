"""Home of `moxing.framework.util.runtime`."""
from . import runtime  # noqa: F401
