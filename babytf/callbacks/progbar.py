"""`Progbar`: a tqdm bar in terminals and notebooks, whole lines in files."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from babytf.errors import explain

SECONDS_BETWEEN_LINES = 60.0
"""In a file, how often a long epoch says where it is."""


class Progbar:
    """Shows how far a loop is, with some numbers.

    In a terminal the line is redrawn in place, in a notebook it is a widget; when the output goes to a file or a
    pipe, there is one whole line at the end, and one a minute before that.

    Args:
        target: Steps expected; `None` if unknown.
        width: Width of the bar itself, in characters.
        verbose: 0: show nothing. 1: a bar. 2: one line at the end.
        interval: Seconds between two updates of the screen, at least.
        stateful_metrics: Names of values that are shown as they come; others are averaged over steps.
        stateless_metrics: Names of values that are averaged over steps; others are shown as they come.
        unit_name: What is counted.

    Raises:
        ValueError: If both `stateful_metrics` and `stateless_metrics` are given.

    Example:
        >>> bar = Progbar(2, verbose=0)
        >>> bar.add(1, [("loss", 0.5)])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                explain(
                    "Progbar takes `stateful_metrics` or `stateless_metrics`.",
                    got="both",
                    expected="one of them",
                    fix="name those shown as they come, or those averaged",
                )
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._shown_as_is = None if stateful_metrics is None else set(stateful_metrics)
        self._averaged = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._last = self._start if _is_file() else -1e9
        self._first: tuple[float, int] | None = None
        self._bar: Any = None

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Go `n` steps on.

        Args:
            n: How many steps.
            values: Pairs of name and value.
        """
        self.update(self._seen + n, values)

    def update(
        self, current: int, values: Sequence[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Go to step `current`.

        Args:
            current: Steps done so far.
            values: Pairs of name and value.
            finalize: Whether this is the end; `None`: when the target is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            averaged = (
                name not in self._shown_as_is
                if self._shown_as_is is not None
                else (self._averaged is None or name in self._averaged)
            )
            steps = max(current - self._seen, 1)
            if not averaged or (finalize and current == self._seen):
                self._sums[name] = (value, 1)
            else:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + value * steps, count + steps)
        self._seen = current
        if self._first is None:
            self._first = time.perf_counter(), current
        if not self.verbose:
            return
        if finalize:
            self._finish()
        elif self.verbose == 1 and self.due():
            self._draw()

    def due(self) -> bool:
        """Whether enough time has gone by to show something again."""
        pause = SECONDS_BETWEEN_LINES if self._bar is None and _is_file() else self.interval
        return time.perf_counter() - self._last >= pause

    def _draw(self, final: bool = False) -> None:
        self._last = time.perf_counter()
        if _is_file():
            sys.stdout.write(self._line() + "\n")
            sys.stdout.flush()
            return
        if self._bar is None:
            self._bar = _open_bar(self.target, self.unit_name, self.width)
        self._bar.n = self._seen
        numbers = self._numbers(", ", "=")
        self._bar.set_postfix_str(self._pace() + (f", {numbers}" if numbers else ""), refresh=False)
        if final:
            self._bar.total = self._seen if self.target is None else self.target
            self._bar.ncols = None  # the last line may be longer than the screen is wide
        self._bar.refresh()

    def _finish(self) -> None:
        if self.verbose == 1 and not _is_file():
            self._draw(final=True)
            self.close()
        else:
            sys.stdout.write(self._line() + "\n")
            sys.stdout.flush()

    def close(self) -> None:
        """Leave the bar as it is and go to the next line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _line(self) -> str:
        seconds = time.perf_counter() - self._start
        of = "" if self.target is None else f"/{self.target}"
        numbers = self._numbers(" - ", ": ")
        return f"{self._seen}{of} - {seconds:.0f}s - {self._pace()}" + (f" - {numbers}" if numbers else "")

    def _pace(self) -> str:
        """Time per step; the first one shown does not count, since programs are made in it."""
        now = time.perf_counter()
        since, seen = self._first if self._first is not None and self._seen > self._first[1] else (self._start, 0)
        return f"{_duration((now - since) / max(1, self._seen - seen))}/{self.unit_name}"

    def _numbers(self, between: str, equals: str) -> str:
        parts = []
        for name, (total, count) in self._sums.items():
            try:
                value = float(total) / max(1, count)
            except (TypeError, ValueError):
                parts.append(f"{name}{equals}{total}")
                continue
            parts.append(f"{name}{equals}" + (f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"))
        return between.join(parts)


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


def _is_file() -> bool:
    """Whether what is written cannot be drawn over."""
    isatty = getattr(sys.stdout, "isatty", None)
    return not (isatty is not None and isatty()) and not _in_notebook()


def _open_bar(target: int | None, unit: str, width: int) -> Any:
    if _in_notebook():
        from tqdm.auto import tqdm as notebook_bar  # a widget; imported when first shown

        return notebook_bar(total=target, unit=unit)
    of = "{n_fmt}/{total_fmt}" if target is not None else "{n_fmt}"
    bar_format = "{desc}" + of + " |{bar:" + str(width) + "}| {elapsed}<{remaining}{postfix}"
    if target is None:
        bar_format = "{desc}" + of + " {elapsed}{postfix}"
    import shutil  # slow to import

    columns, rows = shutil.get_terminal_size()  # 80 and 24 where the terminal does not say
    return _terminal_bar()(
        total=target,
        unit=unit,
        file=sys.stdout,
        ncols=columns,
        nrows=rows,
        bar_format=bar_format,
        mininterval=0,
    )


@functools.cache
def _terminal_bar() -> Any:
    from tqdm import tqdm  # imported when first shown

    class Bar(tqdm):
        monitor_interval = 0  # no thread that watches the bar

    return Bar
