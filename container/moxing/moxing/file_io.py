"""`moxing.file.file_io`: the switches that scripts set as attributes, and the functions under their older home.

A switch is read when a transfer begins. Attributes that are not named here can be set, too, and change nothing.
"""
import os
from typing import Optional


def _number(name: str, otherwise: Optional[int]) -> Optional[int]:
    text = os.environ.get(name, '')
    return int(text) if text.isdigit() else otherwise


#: No meaning here: there is one way to move a large file.
_LARGE_FILE_METHOD = _number('MOX_FILE_LARGE_FILE_METHOD', 2)
#: Parts of one large file under way at once.
_LARGE_FILE_TASK_NUM = _number('MOX_FILE_LARGE_FILE_TASK_NUM', 4)
#: Bytes from which on a file travels in parts.
_PARTIAL_MAXIMUM_SIZE = _number('MOX_FILE_PARTIAL_MAXIMUM_SIZE', _number('_PARTIAL_MAXIMUM_SIZE', 64 << 20))
#: When set: the most files that copy_parallel moves at once, whatever `threads` says.
_NUMBER_OF_PROCESSES = None  # type: Optional[int]
#: When set: another name of the same.
NUMBER_OF_PROCESSES = None  # type: Optional[int]


def workers(threads: Optional[int]) -> int:
    """How many files move at once when a script asks for `threads`; 0 means one by one."""
    wanted = max(1, 16 if threads is None else int(threads))
    limits = [int(limit) for limit in (_NUMBER_OF_PROCESSES, NUMBER_OF_PROCESSES) if limit]
    return min([wanted] + limits)


def part_workers() -> int:
    return max(1, int(_LARGE_FILE_TASK_NUM or 1))


def multipart_from() -> int:
    """S3 takes no parts below 5 MiB, and no object above 5 GiB in one piece."""
    return min(max(int(_PARTIAL_MAXIMUM_SIZE or 0), 16 << 20), 4 << 30)
