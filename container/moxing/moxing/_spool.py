"""Where files wait that are on their way to the store."""
import os
import tempfile

VARIABLE = 'MOX_FILE_SPOOL_DIR'
#: A task's own disk; /tmp is often small, or memory.
CACHE = '/cache'


def spool_folder() -> str:
    """MOX_FILE_SPOOL_DIR, else TMPDIR when it is set, else /cache when there is one, else the system's place."""
    own = os.environ.get(VARIABLE)
    if own:
        return own
    if not os.environ.get('TMPDIR') and os.path.isdir(CACHE) and os.access(CACHE, os.W_OK):
        return CACHE
    return tempfile.gettempdir()
