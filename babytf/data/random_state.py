"""Where all the random numbers of the process stand: NumPy's global stream, Python's, and the library's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import random as library


def get_random_state() -> dict[str, Any]:
    """All of it, as plain values and arrays."""
    import random  # Python's own; seldom needed

    version, words, gauss = random.getstate()
    return {
        "python": {"version": version, "words": np.array(words, np.uint64), "gauss": gauss},
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  the stream that orders of rows are drawn from
        "library": library.get_state(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Go back to what `get_random_state` returned.

    Args:
        state: That.
    """
    import random

    python = state["python"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["gauss"]))
    np.random.set_state(state["numpy"])  # noqa: NPY002
    library.set_state(state["library"])
