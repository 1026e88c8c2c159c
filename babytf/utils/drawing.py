"""A model as boxes and arrows: what `plot_model` draws and `model_to_dot` writes down.

`plot_model.py` draws it with matplotlib, `dot.py` says it in Graphviz's language.
"""

from __future__ import annotations

from typing import Any

from babytf.engine import tree
from babytf.errors import explain
from babytf.models import Sequential
from babytf.models.summary import output_shape_text


class Box:
    """A layer, or a nested model with boxes inside.

    Args:
        key: The names that lead to it: `"net/encoder/dense"`.
        title: The first line.
        lines: Further lines, each of one or several cells.
        inside: What a nested model is made of; `None` for a layer.
    """

    def __init__(self, key: str, title: str, lines: list[list[str]], inside: Drawing | None = None) -> None:
        self.key = key
        self.title = title
        self.lines = lines
        self.inside = inside


class Drawing:
    """Boxes, and arrows between them.

    Attributes:
        boxes: The boxes, in the order in which the layers are called.
        arrows: Pairs of keys of boxes, which may lie inside other boxes.
    """

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.arrows: list[tuple[str, str]] = []

    def all_arrows(self) -> list[tuple[str, str]]:
        """The arrows, those inside boxes too."""
        return self.arrows + [a for box in self.boxes if box.inside for a in box.inside.all_arrows()]


def draw(who: str, model: Any, expand_nested: bool, path: str = "", **shown: bool) -> Drawing:
    """The boxes and arrows of a model.

    Args:
        who: Who asks, for messages.
        model: A built model. One that is neither a `Sequential` nor functional is a single box.
        expand_nested: Whether models inside it are shown with their layers.
        path: The names that lead to the model.
        **shown: `shapes`, `dtype`, `names`, `activations`, `trainable`: what boxes say.

    Raises:
        ValueError: If the model is not built.
    """
    if not getattr(model, "built", False):
        raise ValueError(
            explain(
                f"{who}: the model '{model.name}' is not built yet.",
                got="layers without shapes",
                expected="a model that knows the shape of its input",
                fix="begin it with Input(shape), or call it on data first",
            )
        )
    drawing = Drawing()
    path += model.name
    operations = _parts(model)
    if operations is None:
        drawing.boxes.append(_box(path, model, shown))
        return drawing
    path += "/"
    for operation in operations:
        nested = expand_nested and _parts(operation) is not None
        inside = draw(who, operation, True, path, **shown) if nested else None
        drawing.boxes.append(_box(path + operation.name, operation, shown, inside))
    for source, output, target, position in _calls(model):
        start, stop = path + source.name, path + target.name
        arrow = (_end(start, source, output), _beginning(stop, target, position)) if expand_nested else (start, stop)
        if arrow not in drawing.arrows:
            drawing.arrows.append(arrow)
    return drawing


def _parts(model: Any) -> list[Any] | None:
    """The layers of a model, if it is known how they are called."""
    if isinstance(model, Sequential):
        return list(model.layers)
    graph = getattr(model, "__dict__", {}).get("_graph")
    return None if graph is None else list(graph.operations)


def _calls(model: Any) -> list[tuple[Any, int, Any, int]]:
    """What flows: from a layer, its output of that number, to a layer, its input of that number."""
    if isinstance(model, Sequential):
        return [(a, 0, b, 0) for a, b in zip(model.layers, model.layers[1:], strict=False)]
    graph = model.__dict__["_graph"]
    found = []
    for operation in graph.operations:
        for node in graph.nodes_of(operation):
            for position, x in enumerate(node.input_tensors):
                source, _, output = x._keras_history
                found.append((source, output, operation, position))
    return found


def _end(path: str, operation: Any, output: int) -> str:
    """The key of the layer that makes an output, however deep it lies in nested models."""
    parts = _parts(operation)
    if not parts:
        return path
    if isinstance(operation, Sequential):
        return _end(f"{path}/{parts[-1].name}", parts[-1], output)
    source, _, inner = operation.outputs[output]._keras_history
    return _end(f"{path}/{source.name}", source, inner)


def _beginning(path: str, operation: Any, position: int) -> str:
    """The key of the layer that takes an input, however deep it lies in nested models."""
    parts = _parts(operation)
    if not parts:
        return path
    if isinstance(operation, Sequential):
        return _beginning(f"{path}/{parts[0].name}", parts[0], position)
    return f"{path}/{operation.inputs[position]._keras_history[0].name}"


def _box(key: str, operation: Any, shown: dict[str, bool], inside: Drawing | None = None) -> Box:
    if inside is not None:
        return Box(key, operation.name, [], inside)
    kind = type(operation).__name__
    title = f"{operation.name} ({kind})" if shown["names"] else kind
    lines = []
    activation = getattr(operation, "activation", None)
    if shown["activations"] and activation is not None:
        lines.append([f"activation: {getattr(activation, 'name', getattr(activation, '__name__', activation))}"])
    cells = []
    if shown["shapes"]:
        if kind != "InputLayer":
            cells.append(f"input: {_input_shape(operation)}")
        cells.append(f"output: {output_shape_text(operation)}")
    if shown["dtype"]:
        cells.append(f"dtype: {_dtype(operation)}")
    if shown["trainable"] and getattr(operation, "weights", None):
        cells.append("trainable" if operation.trainable else "frozen")
    if cells:
        lines.append(cells)
    return Box(key, title, lines)


def _input_shape(operation: Any) -> str:
    if operation._inbound_nodes:
        shapes = [x.shape for x in operation._inbound_nodes[-1].input_tensors]
    else:
        given = getattr(operation, "_build_shapes", None) or {}
        shapes = [shape for shape in given.values() if isinstance(shape, tuple)]
    return ", ".join(f"({', '.join(map(str, shape))})" for shape in shapes) or "?"


def _dtype(operation: Any) -> str:
    if operation._inbound_nodes:
        found = [str(x.dtype) for x in tree.flatten(operation._inbound_nodes[-1].outputs)]
        return ", ".join(dict.fromkeys(found))
    return str(getattr(operation, "compute_dtype", "?"))
