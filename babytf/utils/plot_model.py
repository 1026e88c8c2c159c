"""`plot_model`: a picture of a model, drawn with matplotlib."""

from __future__ import annotations

import itertools
import os
import sys
from typing import Any

from babytf import check
from babytf.errors import explain
from babytf.utils.dot import DIRECTIONS, SPLINES, refuse
from babytf.utils.drawing import Box, Drawing, draw
from babytf.utils.layout import Point, Size, arrange

TITLE, TEXT = 12.0, 10.0  # sizes of letters, in points
PAD = 8.0
MARGIN = 14.0
DARK, LINE = "#263238", "#546e7a"


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model: a box for each layer, arrows for what flows between them. Needs matplotlib, and no Graphviz.

    Args:
        model: A built model. One that is neither a `Sequential` nor functional is a single box.
        to_file: Path of the picture; its ending says of which kind: `.png`, `.svg`, `.pdf`, `.jpg`.
        show_shapes: Whether boxes say the shapes of input and output.
        show_dtype: Whether they say the dtype of the output.
        show_layer_names: Whether they say the layer's name, rather than its class alone.
        rankdir: Where arrows lead: `"TB"` down, `"LR"` right, `"BT"` up, `"RL"` left.
        expand_nested: Whether models inside the model are shown with their layers, in a dashed frame.
        dpi: Dots per inch.
        show_layer_activations: Whether boxes say the activation.
        show_trainable: Whether they say if the weights are trained.
        splines: How arrows run: `"ortho"` at right angles, `"curved"` or `"spline"` in curves, others straight.
        **kwargs: Nothing; what is unknown is refused.

    Returns:
        The picture for a notebook; `None` elsewhere.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the model is not built, or an argument is none of these.
    """
    refuse("plot_model", kwargs)
    check.one_of("plot_model", DIRECTIONS, rankdir=rankdir)
    check.one_of("plot_model", SPLINES, splines=splines)
    check.positive("plot_model", dpi=dpi)
    drawing = draw(
        "plot_model",
        model,
        expand_nested,
        shapes=show_shapes,
        dtype=show_dtype,
        names=show_layer_names,
        activations=show_layer_activations,
        trainable=show_trainable,
    )
    try:
        import matplotlib  # an extra
    except ImportError:
        raise ImportError(
            explain("plot_model needs matplotlib.", got="no matplotlib", fix="pip install 'babytf[plot]'")
        ) from None
    del matplotlib
    path = os.fspath(to_file)
    kind = os.path.splitext(path)[1][1:].lower() or "png"
    picture = _Picture(rankdir, splines)
    picture.save(drawing, path, kind, dpi)
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or kind in ("pdf", "svg"):
        return None
    return sys.modules["IPython"].display.Image(filename=path)


class _Picture:
    """Measures and draws; lengths are in points, 72 to the inch.

    The rows of the layout run down. For other directions, layout and picture swap their axes or turn around.
    """

    def __init__(self, rankdir: str, splines: str) -> None:
        from matplotlib.font_manager import FontProperties

        self.sideways = rankdir in ("LR", "RL")
        self.backwards = rankdir in ("BT", "RL")
        self.splines = splines
        self.bold, self.plain = FontProperties(weight="bold"), FontProperties()
        self.size: Size = (0.0, 0.0)

    def save(self, drawing: Drawing, path: str, kind: str, dpi: float) -> None:
        from matplotlib.figure import Figure

        sizes: dict[str, Size] = {}
        places: dict[str, Point] = {}
        lines: list[list[Point]] = []
        width, height = self._layout(drawing, (0.0, 0.0), sizes, places, lines)
        self.size = (width, height)
        wide, high = (height, width) if self.sideways else (width, height)
        figure = Figure(((wide + 2 * MARGIN) / 72, (high + 2 * MARGIN) / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(-MARGIN, wide + MARGIN)
        axes.set_ylim(high + MARGIN, -MARGIN)
        axes.axis("off")
        lanes = _lanes(lines)
        for points in lines:
            self._arrow(axes, points, lanes)
        self._boxes(axes, drawing, places, sizes)
        figure.savefig(path, dpi=dpi, format=kind, facecolor="white")

    # --- layout

    def _measure(self, text: str, size: float, font: Any) -> float:
        from matplotlib.textpath import TextPath

        return TextPath((0, 0), text or " ", size=size, prop=font).get_extents().width if text.strip() else 0.0

    def _box_size(self, box: Box) -> Size:
        """Width and height as they appear."""
        widths = [self._measure(box.title, TITLE, self.bold) + 2 * PAD]
        widths += [sum(self._measure(c, TEXT, self.plain) + 2 * PAD for c in cells) for cells in box.lines]
        return max(60.0, *widths), TITLE + 2 * PAD + len(box.lines) * (TEXT + 2 * PAD)

    def _layout(
        self, drawing: Drawing, at: Point, sizes: dict[str, Size], places: dict[str, Point], lines: list[list[Point]]
    ) -> Size:
        """Places for all boxes, those inside others too, and lines for all arrows; returns the size of the whole."""
        inner: dict[str, tuple[dict[str, Size], dict[str, Point], list[list[Point]]]] = {}
        own: dict[str, Size] = {}
        outermost: dict[str, str] = {}
        for box in drawing.boxes:
            if box.inside is None:
                seen = self._box_size(box)
            else:
                found: tuple[dict[str, Size], dict[str, Point], list[list[Point]]] = ({}, {}, [])
                w, h = self._layout(box.inside, (0.0, 0.0), *found)
                inner[box.key] = found
                label = self._measure(box.title, TEXT, self.plain) + 2 * PAD
                seen = (h, w) if self.sideways else (w, h)
                seen = (max(seen[0] + 4 * PAD, label), seen[1] + TEXT + 5 * PAD)
                outermost.update((key, box.key) for key in found[1])
            sizes[box.key] = seen
            own[box.key] = (seen[1], seen[0]) if self.sideways else seen
            outermost[box.key] = box.key
        arrows = [(outermost[a], outermost[b]) for a, b in drawing.arrows]
        centres, passing, total = arrange(own, list(dict.fromkeys(arrows)))
        bends = dict(zip(dict.fromkeys(arrows), passing, strict=True))
        for box in drawing.boxes:
            x, y = centres[box.key]
            places[box.key] = (at[0] + x, at[1] + y)
            if box.key in inner:
                self._put_inside(places[box.key], own[box.key], inner[box.key], sizes, places, lines)
        for (a, b), outer in zip(drawing.arrows, arrows, strict=True):
            middle = [(at[0] + x, at[1] + y) for x, y in bends[outer]]
            start, stop = self._edge(a, places, sizes, +1), self._edge(b, places, sizes, -1)
            middle[0], middle[-1] = (start[0], middle[0][1]), (stop[0], middle[-1][1])
            points = [start, *middle, stop]
            lines.append([p for i, p in enumerate(points) if i == 0 or abs(p[1] - points[i - 1][1]) > 0.1])
        return total

    def _put_inside(
        self, centre: Point, own: Size, found: Any, sizes: dict[str, Size], places: dict[str, Point], lines: Any
    ) -> None:
        inner_sizes, inner_places, inner_lines = found
        along = [p[0] + s * self._own(inner_sizes[k])[0] / 2 for k, p in inner_places.items() for s in (-1, 1)]
        down = [p[1] + s * self._own(inner_sizes[k])[1] / 2 for k, p in inner_places.items() for s in (-1, 1)]
        shift_x = centre[0] - (min(along) + max(along)) / 2
        shift_y = centre[1] - (min(down) + max(down)) / 2
        label = (TEXT + PAD) / 2  # the title stands at the top of the frame, on the page
        if self.sideways:
            shift_x += label
        else:
            shift_y += -label if self.backwards else label
        for key, (x, y) in inner_places.items():
            places[key] = (x + shift_x, y + shift_y)
        sizes.update(inner_sizes)
        lines += [[(x + shift_x, y + shift_y) for x, y in points] for points in inner_lines]

    def _own(self, seen: Size) -> Size:
        """A size in the layout's axes."""
        return (seen[1], seen[0]) if self.sideways else seen

    def _edge(self, key: str, places: dict[str, Point], sizes: dict[str, Size], side: int) -> Point:
        x, y = places[key]
        return x, y + side * self._own(sizes[key])[1] / 2

    def _seen(self, point: Point) -> Point:
        """A point of the layout on the page."""
        x, y = point
        if self.backwards:
            y = self.size[1] - y
        return (y, x) if self.sideways else (x, y)

    # --- drawing

    def _boxes(self, axes: Any, drawing: Drawing, places: dict[str, Point], sizes: dict[str, Size]) -> None:
        from matplotlib.patches import Rectangle

        for box in drawing.boxes:
            x, y = self._seen(places[box.key])
            w, h = sizes[box.key]
            left, top = x - w / 2, y - h / 2
            if box.inside is not None:
                axes.add_patch(Rectangle((left, top), w, h, fill=False, edgecolor=LINE, linestyle="--", zorder=1))
                axes.text(left + PAD, top + PAD, box.title, size=TEXT, color=DARK, va="top", ha="left")
                self._boxes(axes, box.inside, places, sizes)
                continue
            head = TITLE + 2 * PAD
            axes.add_patch(Rectangle((left, top), w, h, facecolor="white", edgecolor=DARK, zorder=3))
            axes.add_patch(Rectangle((left, top), w, head, facecolor=DARK, edgecolor=DARK, zorder=3))
            style = {"va": "center_baseline", "ha": "center", "zorder": 4}
            axes.text(x, top + head / 2, box.title, size=TITLE, color="white", weight="bold", **style)
            for i, cells in enumerate(box.lines):
                self._cells(axes, cells, left, top + head + i * (TEXT + 2 * PAD), w, style)

    def _cells(self, axes: Any, cells: list[str], left: float, top: float, width: float, style: dict[str, Any]) -> None:
        needed = [self._measure(cell, TEXT, self.plain) + 2 * PAD for cell in cells]
        spare = (width - sum(needed)) / len(cells)
        height = TEXT + 2 * PAD
        axes.plot([left, left + width], [top, top], color=DARK, linewidth=0.8, zorder=4)
        for i, (cell, need) in enumerate(zip(cells, needed, strict=True)):
            if i:
                axes.plot([left, left], [top, top + height], color=DARK, linewidth=0.8, zorder=4)
            axes.text(left + (need + spare) / 2, top + height / 2, cell, size=TEXT, color=DARK, **style)
            left += need + spare

    def _arrow(self, axes: Any, points: list[Point], lanes: dict[Any, float]) -> None:
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        vertices, codes = [self._seen(points[0])], [Path.MOVETO]
        for a, b in itertools.pairwise(points):
            middle = a[1] + (b[1] - a[1]) * (
                lanes.get((points[0], a[1], b[1]), 0.5) if self.splines == "ortho" else 0.5
            )
            if abs(a[0] - b[0]) < 0.5 or self.splines in ("polyline", "line", "false", "none"):
                through, code = [b], Path.LINETO
            elif self.splines == "ortho":
                through, code = [(a[0], middle), (b[0], middle), b], Path.LINETO
            else:
                through, code = [(a[0], middle), (b[0], middle), b], Path.CURVE4
            vertices += [self._seen(p) for p in through]
            codes += [code] * len(through)
        arrow = FancyArrowPatch(
            path=Path(vertices, codes), arrowstyle="-|>", mutation_scale=12, color=LINE, linewidth=1.4, zorder=2
        )
        axes.add_patch(arrow)


def _lanes(lines: list[list[Point]]) -> dict[Any, float]:
    """Where between two rows each arrow turns, as a fraction; those of one box turn together, others elsewhere."""
    turning: dict[Point, list[Point]] = {}
    for points in lines:
        for a, b in itertools.pairwise(points):
            starts = turning.setdefault((a[1], b[1]), [])
            if abs(a[0] - b[0]) >= 0.5 and points[0] not in starts:
                starts.append(points[0])
    return {
        (start, *gap): (i + 1) / (len(starts) + 1) for gap, starts in turning.items() for i, start in enumerate(starts)
    }
