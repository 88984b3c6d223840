"""What scripts ask of MoXing's own logger. This package has none: there is nothing to set back."""
from typing import Any


def reset_logger(*_: Any, **__: Any) -> None:
    """Does nothing."""
