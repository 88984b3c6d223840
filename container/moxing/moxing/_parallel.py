"""Running one function over many items in threads. The first failure stops the rest and is raised."""
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, Callable, Iterable

MAX_THREADS = 64


def run_all(function: Callable[[Any], None], items: Iterable[Any], threads: int) -> None:
    """Calls function(item) for each item, at most `threads` at a time; one after the other when that is below 2."""
    items = list(items)
    if threads < 2 or len(items) < 2:
        for item in items:
            function(item)
        return
    failed = threading.Event()

    def guarded(item: Any) -> None:
        if failed.is_set():
            return
        try:
            function(item)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(min(threads, len(items), MAX_THREADS)) as pool:
        try:
            futures = [pool.submit(guarded, item) for item in items]
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            failed.set()  # on a failure, or on Ctrl-C in this thread: what has not begun need not begin
        for future in futures:
            error = future.exception() if future.done() else None
            if error is not None:
                raise error
