"""`einsum`: sums of products written with letters, brought to matrix products. Next: `activation.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babytf.engine.tensor import Tensor, bind
from babytf.errors import ShapeError, explain
from babytf.ops.operands import together
from babytf.ops.reduction import sum
from babytf.ops.shaping import moveaxis, reshape, transpose

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Tensor:
    """The sum of products that the letters describe.

    A letter stands for an axis; letters missing on the right of `->` are summed over. Two operands become
    one matrix product; of more, the order that costs least is looked for.

    Args:
        subscripts: For example `"bij,bjk->bik"`; `...` stands for any leading axes.
        *operands: Tensors.
        **kwargs: None is known.

    Raises:
        ValueError: If the letters do not fit the operands.
    """
    if kwargs:
        raise TypeError(explain("einsum takes no keyword arguments.", got=", ".join(f"{k}=" for k in kwargs)))
    tensors = list(together(*operands))
    terms, result = _read(subscripts, tensors)
    sizes: dict[str, int] = {}
    for term, t in zip(terms, tensors, strict=True):
        for letter, n in zip(term, t.shape, strict=True):
            if sizes.setdefault(letter, n) not in (n, 1) and n != 1:
                raise ShapeError(
                    explain(
                        f"einsum: axis {letter!r} has two sizes.",
                        got=f"{subscripts!r} of shapes {', '.join(str(t.shape) for t in tensors)}",
                    )
                )
            sizes[letter] = max(sizes[letter], n)
    pairs = [_diagonals(term, t) for term, t in zip(terms, tensors, strict=True)]
    for first, second in _order(pairs, result):
        b = pairs.pop(max(first, second))
        a = pairs.pop(min(first, second))
        wanted = set(result).union(*(term for term, _ in pairs))
        pairs.append(_product(a, b, wanted))
    term, y = pairs[0]
    y = _sum_out(term, y, set(result))
    kept = [letter for letter in term if letter in result]
    return transpose(y, [kept.index(letter) for letter in result])


def _read(subscripts: str, tensors: list[Tensor]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, `...` being replaced by letters of its own."""
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    fits = len(terms) == len(tensors) and all(c in _LETTERS + ".," for c in left) and "," not in result
    if fits:
        spare = [c for c in reversed(_LETTERS) if c not in text]
        hidden = [t.ndim - len(term.replace("...", "")) for term, t in zip(terms, tensors, strict=True)]
        fits = all(n >= 0 if "..." in term else n == 0 for n, term in zip(hidden, terms, strict=True))
    if not fits:
        raise ShapeError(
            explain(
                "einsum: the letters do not fit the operands.",
                got=f"{subscripts!r} with shapes {', '.join(str(t.shape) for t in tensors)}",
                expected="a letter for each axis of each operand",
            )
        )
    dots = "".join(spare[: max(hidden)][::-1])
    terms = [term.replace("...", dots[len(dots) - n :]) for n, term in zip(hidden, terms, strict=True)]
    if arrow:
        result = result.replace("...", dots)
    else:
        letters = left.replace(",", "").replace("...", "")
        result = dots + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    if len(set(result)) != len(result) or not set(result) <= set("".join(terms)):
        raise ShapeError(explain("einsum: the result's letters must come from the operands, once.", got=subscripts))
    return terms, result


def _diagonals(term: str, t: Tensor) -> tuple[str, Tensor]:
    """A letter that stands twice in one operand means its diagonal."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            i = term.index(letter)
            j = term.index(letter, i + 1)
            t = bind("diagonal", moveaxis(t, (i, j), (-2, -1)), offset=0)
            term = term[:i] + term[i + 1 : j] + term[j + 1 :] + letter
    return term, t


def _order(pairs: list[tuple[str, Tensor]], result: str) -> list[tuple[int, int]]:
    """Which two operands to multiply next, until one is left."""
    if len(pairs) <= 2:
        return [(0, 1)] * (len(pairs) - 1)
    shapes = [np.broadcast_to(np.float32(0), t.shape) for _, t in pairs]
    text = ",".join(term for term, _ in pairs) + "->" + result
    path = np.einsum_path(text, *shapes, optimize="optimal" if len(pairs) < 5 else "greedy")[0][1:]
    steps: list[tuple[int, int]] = []
    left = len(pairs)
    for step in path:  # a step may name more than two: multiply them one by one, the product being last
        names = sorted(step)
        while len(names) > 1:
            steps.append((names[-1], names[-2]))
            names = [*names[:-2], left - 2]
            left -= 1
    return steps


def _sum_out(term: str, t: Tensor, wanted: set[str]) -> Tensor:
    axes = [i for i, letter in enumerate(term) if letter not in wanted]
    return sum(t, axes) if axes else t


def _product(a: tuple[str, Tensor], b: tuple[str, Tensor], wanted: set[str]) -> tuple[str, Tensor]:
    """Two operands as one (batched) matrix product: letters of both are kept (batch) or summed (inner)."""
    (s, x), (t, y) = a, b
    x = _sum_out(s, x, wanted | set(t))
    s = "".join(c for c in s if c in wanted or c in t)
    y = _sum_out(t, y, wanted | set(s))
    t = "".join(c for c in t if c in wanted or c in s)
    batch = [c for c in s if c in t and c in wanted]
    inner = [c for c in s if c in t and c not in wanted]
    rows = [c for c in s if c not in t]
    columns = [c for c in t if c not in s]
    x = transpose(x, [s.index(c) for c in batch + rows + inner])
    y = transpose(y, [t.index(c) for c in batch + inner + columns])
    of_x, of_y = (
        dict(zip(batch + rows + inner, x.shape, strict=True)),
        dict(zip(batch + inner + columns, y.shape, strict=True)),
    )
    term = "".join(batch + rows + columns)
    shape = [max(of_x.get(c, 1), of_y.get(c, 1)) for c in term]
    if not inner or any(of_x[c] != of_y[c] for c in inner):
        return _broadcast_product(x, y, batch, rows, inner, columns, term)
    k = math.prod(of_x[c] for c in inner)
    left = reshape(x, [of_x[c] for c in batch] + [math.prod(of_x[c] for c in rows), k])
    right = reshape(y, [of_y[c] for c in batch] + [k, math.prod(of_y[c] for c in columns)])
    return term, reshape(bind("matmul", left, right), shape)


def _broadcast_product(
    x: Tensor, y: Tensor, batch: list[str], rows: list[str], inner: list[str], columns: list[str], term: str
) -> tuple[str, Tensor]:
    """The product where nothing is summed, or an axis of size 1 meets a longer one."""
    n = len(batch) + len(rows)
    x = reshape(x, x.shape[:n] + (1,) * len(columns) + x.shape[n:])
    m = len(batch)
    y = reshape(y, y.shape[:m] + (1,) * len(rows) + y.shape[m + len(inner) :] + y.shape[m : m + len(inner)])
    product = bind("multiply", x, y)
    axes = list(range(product.ndim - len(inner), product.ndim))
    return term, (sum(product, axes) if axes else product)
