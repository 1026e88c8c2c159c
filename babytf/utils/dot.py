"""`model_to_dot`: a model in the language of Graphviz, as text."""

from __future__ import annotations

import html
from typing import Any

from babytf import check
from babytf.errors import explain
from babytf.utils.drawing import Box, Drawing, draw

DIRECTIONS = ("TB", "LR", "BT", "RL")
SPLINES = ("ortho", "curved", "polyline", "spline", "line", "true", "false", "none")


class Dot:
    """A graph in Graphviz's language: `dot -Tsvg model.dot` draws it.

    Args:
        text: The language.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def to_string(self) -> str:
        """The text."""
        return self._text

    def write(self, path: Any) -> None:
        """Write the text to a file.

        Args:
            path: Its path.
        """
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._text)

    def __str__(self) -> str:
        return self._text


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Dot:
    """A model in the language of Graphviz; nothing needs to be installed for it.

    Keras returns an object of pydot's; `pydot.graph_from_dot_data(dot.to_string())` makes one of this.

    Args:
        model: A built model.
        show_shapes: Whether boxes say the shapes of input and output.
        show_dtype: Whether they say the dtype of the output.
        show_layer_names: Whether they say the layer's name, rather than its class alone.
        rankdir: Where arrows lead: `"TB"` down, `"LR"` right, `"BT"` up, `"RL"` left.
        expand_nested: Whether models inside the model are shown with their layers.
        dpi: Dots per inch, for Graphviz.
        subgraph: Whether to give a cluster, to be put into another graph, rather than a graph.
        show_layer_activations: Whether boxes say the activation.
        show_trainable: Whether they say if the weights are trained.
        splines: How Graphviz draws arrows: `"ortho"`, `"curved"`, `"polyline"`, `"spline"` or `"line"`.
        **kwargs: Nothing; what is unknown is refused.

    Returns:
        The text, as a `Dot`: `str(dot)`, `dot.write(path)`.

    Raises:
        ValueError: If the model is not built, or an argument is none of these.

    Example:
        >>> print(model_to_dot(Sequential([Input((3,)), Dense(2, name="a")])).to_string().splitlines()[0])
        digraph "sequential" {
    """
    refuse("model_to_dot", kwargs)
    check.one_of("model_to_dot", DIRECTIONS, rankdir=rankdir)
    check.one_of("model_to_dot", SPLINES, splines=splines)
    check.positive("model_to_dot", dpi=dpi)
    drawing = draw(
        "model_to_dot",
        model,
        expand_nested,
        shapes=show_shapes,
        dtype=show_dtype,
        names=show_layer_names,
        activations=show_layer_activations,
        trainable=show_trainable,
    )
    if subgraph:
        lines = _cluster(model.name, model.name, drawing)
    else:
        lines = [
            f"digraph {_quoted(model.name)} {{",
            f'  graph [rankdir={rankdir}, splines={splines}, dpi={dpi}, fontname="Helvetica"];',
            '  node [shape=plain, fontname="Helvetica"];',
            "  edge [penwidth=2];",
            *_boxes(drawing),
            *(f"  {_quoted(a)} -> {_quoted(b)};" for a, b in drawing.all_arrows()),
            "}",
        ]
    return Dot("\n".join(lines) + "\n")


def refuse(who: str, kwargs: dict[str, Any]) -> None:
    """Refuse arguments that are not known.

    Args:
        who: Whose they are.
        kwargs: What is left.
    """
    if kwargs.pop("layer_range", None) is not None or kwargs:
        name = next(iter(kwargs), "layer_range")
        raise ValueError(
            explain(f"{who}: unknown argument.", got=name, expected="the arguments named in its documentation")
        )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _boxes(drawing: Drawing) -> list[str]:
    lines = []
    for box in drawing.boxes:
        if box.inside is not None:
            lines += _cluster(box.key, box.title, box.inside)
        else:
            lines.append(f"  {_quoted(box.key)} [label=<{_table(box)}>];")
    return lines


def _cluster(key: str, title: str, drawing: Drawing) -> list[str]:
    head = f"subgraph {_quoted('cluster_' + key)} {{"
    return [head, f"  label={_quoted(title)};", "  style=dashed;", "  labeljust=l;", *_boxes(drawing), "}"]


def _table(box: Box) -> str:
    span = max([1, *map(len, box.lines)])
    rows = [
        f'<tr><td colspan="{span}" bgcolor="black"><font color="white"><b>{html.escape(box.title)}</b></font></td></tr>'
    ]
    for cells in box.lines:
        wide = f' colspan="{span - len(cells) + 1}"'
        rows.append(
            "<tr>"
            + "".join(f"<td{wide if i == 0 else ''}>{html.escape(c)}</td>" for i, c in enumerate(cells))
            + "</tr>"
        )
    return '<table border="0" cellborder="1" cellspacing="0" cellpadding="8">' + "".join(rows) + "</table>"
