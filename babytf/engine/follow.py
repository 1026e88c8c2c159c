"""Work that follows other work part by part: an optimizer's update behind the gradients it needs.

Products are long calls, an update consists of many short ones. Threads that make short calls wait for each other, as
Python runs one of them at a time; so as long as there are products left, only one thread at a time makes an update.
Which thread does what is left to chance. What is computed is not: parts do not depend on each other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from babytf.engine import threads


def follow(works: Sequence[Sequence[Any]], update: Callable[..., Any], behind: Sequence[Sequence[Any]]) -> None:
    """Have several threads do some works, and after each of them an update of what belongs to it.

    Args:
        works: For each, the calls: `(function, *arguments)`.
        update: What is called afterwards.
        behind: For each, with what: of every piece, the arguments that each thread would use.
    """
    todo = deque(zip(works, behind, strict=True))
    ready: deque[Sequence[Any]] = deque()
    turn = threading.Lock()

    def updates(thread: int) -> None:
        while ready:
            try:
                piece = ready.popleft()
            except IndexError:
                return  # another thread was faster
            update(*piece[thread])

    def work(thread: int) -> None:
        while True:
            if ready and turn.acquire(blocking=False):
                try:
                    updates(thread)
                finally:
                    turn.release()
            try:
                calls, pieces = todo.popleft()
            except IndexError:
                break
            for function, *args in calls:
                function(*args)
            ready.extend(pieces)
        updates(thread)

    threads.together(work, [(i,) for i in range(threads.count())])
