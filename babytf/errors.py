"""How errors are worded: what came, what was expected, how to fix it.

Every message a user can trigger is written with `explain`, and belongs to one of Python's own
families, so that `except ValueError` keeps working. Read `check.py` next: the checks built on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ShapeError(ValueError):
    """An array's shape does not fit."""


class DTypeError(TypeError):
    """An array's dtype does not fit, or is not supported."""


class TracingError(TypeError):
    """Code that is being recorded asked for a value that does not exist yet."""


class GradientError(TypeError):
    """A derivative was asked of something that has none."""


class NotFiniteError(ArithmeticError):
    """A NaN or an infinity appeared while `enable_check_numerics()` was on."""


def explain(summary: str, *, got: Any = None, expected: Any = None, fix: Any = None) -> str:
    """Word an error message.

    Args:
        summary: One sentence that names the object and the problem.
        got: What came.
        expected: What was expected.
        fix: What to try.

    Returns:
        The lines to raise with; a part that is `None` is left out.

    Example:
        >>> print(explain("Dense 'a' takes a positive size.", got="units=-1", fix="units=1"))
        Dense 'a' takes a positive size.
          got:      units=-1
          fix:      units=1
    """
    lines = [_cut(summary)]
    for title, text in (("got", got), ("expected", expected), ("fix", fix)):
        if text is not None:
            lines.append(f"  {title + ':':<9} {_cut(str(text))}")
    return "\n".join(lines)


def _cut(text: str, most: int = 1000) -> str:
    """A text with its middle left out if it is too long to be read: what a file says may be megabytes."""
    return text if len(text) <= most else f"{text[: most - 100]} … {text[-80:]}"


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest in spelling, as a sentence for `fix`; `None` if none is near.

    Example:
        >>> did_you_mean("admm", ["adam", "sgd"])
        "did you mean 'adam'?"
    """
    import difflib  # slow to import, seldom needed

    by_folded = {k.lower().replace("_", ""): k for k in known}
    near = difflib.get_close_matches(name[:100].lower().replace("_", ""), by_folded, n=1, cutoff=0.5)
    return f"did you mean {by_folded[near[0]]!r}?" if near else None


def unknown_name(kind: str, name: object, known: Iterable[str], got: str | None = None) -> ValueError:
    """The error for a name that is in no table, with the nearest spelling.

    Args:
        kind: What was looked up, for example `"optimizer"`.
        name: The name that came.
        known: The names there are.
        got: How it came, for example `"compile(optimizer='admm')"`.
    """
    known = sorted(set(known))
    shown = ", ".join(repr(k) for k in known[:12]) + (", …" if len(known) > 12 else "")
    article = "an" if kind[0] in "aeiou" else "a"
    return ValueError(
        explain(
            f"unknown {kind} {name!r}.",
            got=got or f"{name!r}",
            expected=f"{shown}, or {article} {kind} of your own",
            fix=did_you_mean(str(name), known) or f"pass one of the names above, or a callable {kind}",
        )
    )
