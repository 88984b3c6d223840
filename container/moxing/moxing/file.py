"""`moxing.file`: every function takes local paths and obs:// or s3:// URLs alike."""
import sys

from . import file_io
from ._browse import glob, scan_dir, stat, walk
from ._copy import background_sync_copy, copy, copy_parallel
from ._errors import (MoxFileConnectionException, MoxFileException, MoxFileNameDuplicateException,
                      MoxFileNotExistsException, MoxFileReadException, MoxFileRespException)
from ._file_object import File
from ._folders import exists, get_size, is_directory, list_directory, make_dirs, mk_dir, remove
from ._rename import rename
from ._settings import set_auth
from ._shift import shift
from ._whole import append, append_remote, read, write

__all__ = [
    'File', 'MoxFileConnectionException', 'MoxFileException', 'MoxFileNameDuplicateException',
    'MoxFileNotExistsException', 'MoxFileReadException', 'MoxFileRespException', 'append', 'append_remote',
    'background_sync_copy', 'copy', 'copy_parallel', 'exists', 'file_io', 'get_size', 'glob', 'is_directory',
    'list_directory', 'make_dirs', 'mk_dir', 'read', 'remove', 'rename', 'scan_dir', 'set_auth', 'shift', 'stat', 'walk',
    'write',
]

#: Scripts find the functions beside the switches, too.
for _name in __all__:
    if _name != 'file_io':
        setattr(file_io, _name, globals()[_name])
for _home in ('moxing.file', 'moxing.framework.file'):
    sys.modules[_home + '.file_io'] = file_io
