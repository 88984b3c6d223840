"""`moxing.file`: every function takes local paths and obs:// or s3:// URLs alike."""
from ._errors import (MoxFileConnectionException, MoxFileException, MoxFileNameDuplicateException,
                      MoxFileNotExistsException, MoxFileReadException, MoxFileRespException)
from ._file_object import File
from ._folders import exists, get_size, is_directory, list_directory, make_dirs, remove
from ._transfer import copy, copy_parallel
from ._whole import read, write

__all__ = [
    'File', 'MoxFileConnectionException', 'MoxFileException', 'MoxFileNameDuplicateException',
    'MoxFileNotExistsException', 'MoxFileReadException', 'MoxFileRespException', 'copy', 'copy_parallel', 'exists',
    'get_size', 'is_directory', 'list_directory', 'make_dirs', 'read', 'remove', 'write',
]
