"""Where boxes stand and arrows run, in rows from the inputs to the outputs.

Sugiyama, Tagawa & Toda (1981): a box stands one row below the last of those that lead to it; arrows across several
rows get an empty place in each; rows are put in order by the mean of the neighbours; then places are straightened.
"""

from __future__ import annotations

import itertools
from typing import Any

Size = tuple[float, float]
Point = tuple[float, float]

GAP, ROW_GAP = 28.0, 44.0
SWEEPS = 8


class Place:
    """A box in its row, or where an arrow passes through.

    Args:
        key: The box; `None` for an arrow that passes.
        size: Width and height.
        row: The row, from the top.
    """

    def __init__(self, key: str | None, size: Size, row: int) -> None:
        self.key = key
        self.width, self.height = size
        self.row = row
        self.x = self.y = 0.0
        self.above: list[Place] = []
        self.below: list[Place] = []


def arrange(sizes: dict[str, Size], arrows: list[tuple[str, str]]) -> tuple[dict[str, Point], list[Any], Size]:
    """Places for boxes and arrows.

    Args:
        sizes: Width and height of each box, by key, in the order in which they are called.
        arrows: Pairs of keys, without rings.

    Returns:
        The centre of each box; for each arrow the points where it leaves a row and enters the next; the size of all.
    """
    row = _rows(sizes, arrows)
    places = {key: Place(key, size, row[key]) for key, size in sizes.items()}
    rows: list[list[Place]] = [[] for _ in range(max(row.values(), default=-1) + 1)]
    for place in places.values():
        rows[place.row].append(place)
    passing: list[list[Place]] = []
    for start, stop in arrows:
        chain = [places[start]]
        for between in range(row[start] + 1, row[stop]):
            chain.append(Place(None, (GAP / 2, 0.0), between))
            rows[between].append(chain[-1])
        chain.append(places[stop])
        for upper, lower in itertools.pairwise(chain):
            upper.below.append(lower)
            lower.above.append(upper)
        passing.append(chain)
    _order(rows)
    _straighten(rows)
    y = 0.0
    ends: list[tuple[float, float]] = []  # the top and the bottom of each row
    for line in rows:
        height = max(place.height for place in line)
        for place in line:
            place.y = y + height / 2
        ends.append((y, y + height))
        y += height + ROW_GAP
    everything = [place for line in rows for place in line]
    left = min((p.x - p.width / 2 for p in everything), default=0.0)
    right = max((p.x + p.width / 2 for p in everything), default=0.0)
    for place in everything:
        place.x -= left
    centres = {key: (place.x, place.y) for key, place in places.items()}
    between_rows = [[(p.x, end) for p in chain for end in ends[p.row]][1:-1] for chain in passing]
    return centres, between_rows, (right - left, max(0.0, y - ROW_GAP))


def _rows(sizes: dict[str, Size], arrows: list[tuple[str, str]]) -> dict[str, int]:
    row = dict.fromkeys(sizes, 0)
    for _ in sizes:
        moved = False
        for start, stop in arrows:
            if row[stop] <= row[start] and start != stop:
                row[stop], moved = row[start] + 1, True
        if not moved:
            break
    below: dict[str, list[int]] = {}
    for start, stop in arrows:
        below.setdefault(start, []).append(row[stop])
    fed = {stop for _, stop in arrows}
    for key in sizes:  # inputs stand just above what takes them
        if key not in fed and key in below:
            row[key] = min(below[key]) - 1
    return row


def _order(rows: list[list[Place]]) -> None:
    def mean(places: list[Place], line: dict[int, int], otherwise: int) -> float:
        found = [line[id(p)] for p in places]
        return sum(found) / len(found) if found else otherwise

    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for line, other in zip(rows[1:] if down else rows[-2::-1], rows if down else rows[::-1], strict=False):
            at = {id(p): i for i, p in enumerate(other)}
            key = {id(p): mean(p.above if down else p.below, at, i) for i, p in enumerate(line)}
            line.sort(key=lambda p: key[id(p)])


def _straighten(rows: list[list[Place]]) -> None:
    for line in rows:
        x = 0.0
        for place in line:
            place.x = x + place.width / 2
            x += place.width + GAP
        for place in line:
            place.x -= (x - GAP) / 2
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        for line in rows if down else reversed(rows):
            wanted = []
            for place in line:
                near = (place.above if down else place.below) or (place.below if down else place.above)
                wanted.append(sum(p.x for p in near) / len(near) if near else place.x)
            _settle(line, wanted)


def _settle(line: list[Place], wanted: list[float]) -> None:
    """The places of one row as near to where they want to be as their widths allow: groups that touch share a mean."""
    groups: list[tuple[list[int], float]] = []  # members; where the first one's centre wants to be, on average
    shift = [0.0]
    for a, b in itertools.pairwise(line):
        shift.append(shift[-1] + (a.width + b.width) / 2 + GAP)
    for i in range(len(line)):
        members, at = [i], wanted[i] - shift[i]
        while groups and groups[-1][1] > at:
            before, their = groups.pop()
            at = (at * len(members) + their * len(before)) / (len(members) + len(before))
            members = before + members
        groups.append((members, at))
    for members, at in groups:
        for i in members:
            line[i].x = at + shift[i]
