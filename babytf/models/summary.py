"""The table that `model.summary()` prints: layers, output shapes, numbers of weights."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf.engine import Variable, tree
from babytf.errors import explain
from babytf.layers import Layer
from babytf.layers.symbolic import is_shape, map_shapes
from babytf.models.graph import Graph

ALIGN: dict[str, Callable[[str, int], str]] = {"left": str.ljust, "right": str.rjust, "center": str.center}


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print a model's layers as a table.

    Args:
        model: The model.
        line_length: Width of the table; 88 (108 with connections), or less on a narrow terminal, by default.
        positions: Where each column ends, as a fraction of the width.
        print_fn: Called with the whole text, in place of printing.
        expand_nested: Whether to list the layers of models inside of the model.
        show_trainable: Whether to add a column that says Y or N.
        layer_range: Names (or patterns) of the first and the last layer to list.

    Raises:
        ValueError: If the table would be too narrow, or `layer_range` names no layers.
    """
    text = summary_text(model, line_length, positions, expand_nested, show_trainable, layer_range) + "\n"
    if print_fn is None:
        sys.stdout.write(text)
    else:
        print_fn(text)


def summary_text(
    model: Any,
    line_length: int | None,
    positions: Sequence[float] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Sequence[str] | None,
) -> str:
    """The table as text; the arguments are those of `print_summary`."""
    header, align = ["Layer (type)", "Output Shape", "Param #"], ["left", "left", "right"]
    graph: Graph | None = model.__dict__.get("_graph")
    connected = None if graph is None or is_chain(graph) else graph
    if connected is None:
        positions, usual = list(positions or (0.45, 0.80, 1.0)), 88
    else:
        header, align = [*header, "Connected to"], [*align, "left"]
        positions, usual = list(positions or (0.3, 0.56, 0.74, 1.0)), 108
    if show_trainable:
        header, align = [*header, "Trainable"], [*align, "center"]
        positions, usual = [p * 0.9 for p in positions] + [1.0], usual + 12
    if line_length is None:
        import shutil  # slow to import

        line_length = min(usual, shutil.get_terminal_size().columns - 4)
    widths = column_widths(line_length, positions)
    layers = model.layers if graph is None else graph.operations
    first, last = _range(layers, layer_range)
    rows = [row for layer in layers[first:last] for row in _rows(layer, expand_nested, show_trainable, 0, connected)]
    return "\n".join([f'Model: "{model.name}"', *table(header, rows, widths, align), *_totals(model)])


# --- the rows


def _rows(layer: Any, expand: bool, show_trainable: bool, depth: int, graph: Graph | None) -> list[list[str]]:
    prefix = "   " * depth + "└ " if depth else ""
    has_weights = isinstance(layer, Layer)
    count = "0" if not has_weights else f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    row = [f"{prefix}{layer.name} ({type(layer).__name__})", output_shape_text(layer), count]
    if graph is not None:
        row.append(connections(layer, graph))
    if show_trainable:
        row.append("-" if not has_weights or not layer.weights else "Y" if layer.trainable else "N")
    inner = getattr(layer, "layers", []) if expand else []
    return [row] + [r for sub in inner for r in _rows(sub, expand, show_trainable, depth + 1, graph)]


def connections(operation: Any, graph: Graph) -> str:
    """What the calls of a layer take: the name of a layer, with the numbers of its call and output, for each."""
    found = []
    for node in graph.nodes_of(operation):
        for x in node.input_tensors:
            source, call, output = x._keras_history  # type: ignore[misc]
            found.append(f"{source.name}[{call}][{output}]")
    return ", ".join(found) or "-"


def is_chain(graph: Graph) -> bool:
    """Whether each layer is called once, on the output of the one before."""
    depths = list(graph.depth.values())
    alone = len(depths) == len(set(depths)) == len(graph.operations)
    return alone and all(len(node.input_tensors) < 2 for node in graph.nodes)


def output_shape_text(layer: Any) -> str:
    """A layer's output shape; `?` if it is not known."""
    if layer._inbound_nodes:
        shapes: Any = [x.shape for x in layer._inbound_nodes[-1].output_tensors]
    elif getattr(layer, "_build_shapes", None):
        shape = getattr(layer, "output_shape", None)
        try:
            shapes = shape if is_shape(shape) else layer.compute_output_shape(**layer._build_shapes)
        except Exception:  # a layer of the user's own that cannot tell must not keep the table from being shown
            return "?"
    else:
        return "?"
    nested = map_shapes(lambda s: f"({', '.join(map(str, s))})", shapes)
    texts = tree.flatten(nested)
    return texts[0] if len(texts) == 1 else str(nested).replace("'", "")


def _range(layers: list[Any], names: Sequence[str] | None) -> tuple[int, int]:
    if names is None:
        return 0, len(layers)
    found: list[list[int]] = []
    if len(names) == 2 and all(isinstance(n, str) for n in names):
        found = [[i for i, layer in enumerate(layers) if re.match(name, layer.name)] for name in names]
    if not all(found) or not found:
        raise ValueError(
            explain(
                "summary: bad `layer_range`.",
                got=f"layer_range={names!r}",
                expected=f"the names of two of the layers {[layer.name for layer in layers]}",
            )
        )
    lower, upper = found
    if min(lower) > max(upper):
        lower, upper = upper, lower
    return min(lower), max(upper) + 1


def _totals(model: Any) -> list[str]:
    optimizer = getattr(model, "optimizer", None)
    slots = optimizer.variables if optimizer is not None and optimizer.built else None
    parts = {"Trainable": model.trainable_weights, "Non-trainable": model.non_trainable_weights}
    if slots is not None:
        parts["Optimizer"] = slots
    everything = [v for group in parts.values() for v in group]
    return [
        f" {title} params: {sum(v.size for v in group):,} ({_size(group)})"
        for title, group in {"Total": everything, **parts}.items()
    ]


def _size(variables: Sequence[Variable]) -> str:
    size: float = sum(v.size * np.dtype(v.dtype).itemsize for v in {id(v): v for v in variables}.values())
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


# --- the table


def column_widths(total: int, positions: Sequence[float]) -> list[int]:
    """Widths of the columns, one space on either side included, that fill a line together with their borders.

    Raises:
        ValueError: If a column is narrower than four characters.
    """
    ends = [int(p * total) for p in positions]
    widths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    if min(widths) < 4:
        raise ValueError(
            explain("summary: the table is too narrow.", got=f"line_length={total}", fix="summary(line_length=88)")
        )
    widths = [width + 2 for width in widths]
    excess = sum(widths) + len(widths) + 1 - total
    for i, width in enumerate(widths):  # take the same from each
        less = round(excess / (len(widths) - i))
        widths[i] = max(width - less, 3)
        excess -= less
    return widths


def table(header: list[str], rows: list[list[str]], widths: list[int], align: list[str]) -> list[str]:
    """The lines of a table with borders."""

    def rule(left: str, line: str, cross: str, right: str) -> str:
        return left + cross.join(line * w for w in widths) + right

    def lines(cells: list[str], bar: str, to_bottom: bool = False) -> list[str]:
        wrapped = [wrap(cell, w - 2) for cell, w in zip(cells, widths, strict=True)]
        height = max(map(len, wrapped))
        blank = [[""] * (height - len(cell)) for cell in wrapped]
        columns = [b + c if to_bottom else c + b for b, c in zip(blank, wrapped, strict=True)]
        return [
            bar + bar.join(f" {ALIGN[a](c, w - 2)} " for c, w, a in zip(row, widths, align, strict=True)) + bar
            for row in zip(*columns, strict=True)
        ]

    out = [rule("┏", "━", "┳", "┓"), *lines(header, "┃", to_bottom=True), rule("┡", "━", "╇", "┩")]
    for i, row in enumerate(rows):
        out += [rule("├", "─", "┼", "┤")] if i else []
        out += lines(row, "│")
    return [*out, rule("└", "─", "┴", "┘")]


def wrap(text: str, width: int) -> list[str]:
    """Break a text at its spaces into lines of at most this width; a longer word is cut and ends in `…`.

    Example:
        >>> wrap("hidden_layer (Dense)", 14)
        ['hidden_layer', '(Dense)']
    """
    lines = [""]
    for word in re.findall(r"\s*\S+\s*", text):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    lines = [line.rstrip() for line in lines]
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
