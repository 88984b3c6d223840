"""`import moxing.pytorch as mox`: the file API under this name. The training functions of MoXing are not here."""
from . import file, framework  # noqa: F401
