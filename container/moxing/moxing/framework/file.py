"""`moxing.framework.file` is `moxing.file`."""
import sys

from .. import file

sys.modules[__name__] = file
