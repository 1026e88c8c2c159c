"""`inspect`: what is in a model file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from babytf.saving.inspection import Report, inspect_file

_EXAMPLES = """\
examples:
  python -m babytf inspect model.keras
  python -m babytf inspect old.h5 --json | jq .safety
"""


def add_to(commands: Any) -> None:
    """Add the command to the parser.

    Args:
        commands: What `add_subparsers` returned.
    """
    parser = commands.add_parser(
        "inspect",
        help="architecture, sizes, training and safety of a model file",
        description="Show what is in a .keras, .h5 or .weights.h5 file, without making the model or reading weights.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", help="the file")
    parser.add_argument("--json", action="store_true", help="write JSON, for programs")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    report = inspect_file(options.file)
    text = json.dumps(report, indent=2) if options.json else "\n".join(lines(report))
    sys.stdout.write(text + "\n")


def lines(report: Report) -> Iterator[str]:
    """The report as lines of text.

    Args:
        report: What `inspect_file` returned.
    """
    facts = [
        report["format"],
        f"Keras {report['keras_version']}" if report.get("keras_version") else "",
        f"saved {report['date_saved']}" if report.get("date_saved") else "",
        _size(report["bytes"]),
    ]
    yield f"{report['file']}: {', '.join(filter(None, facts))}"
    if "model" in report:
        yield from _model_lines(report["model"])
    for group in report.get("weights", ()):
        arrays = ", ".join(f"{a['key']} {tuple(a['shape'])} {a['dtype']}" for a in group["arrays"])
        name = f" ({group['name']})" if group["name"] else ""
        yield f"  {group['group']}{name}: {arrays}"
    optimizer = report.get("optimizer_numbers")
    yield f"{report['parameters']:,} parameters" + (f", {optimizer:,} numbers of optimizer state" if optimizer else "")
    if report.get("training"):
        yield from _training_lines(report["training"])
    elif "model" in report:
        yield "Not compiled."
    yield f"Safety: {report['safety']['verdict']}."
    for finding in report["safety"]["findings"]:
        yield f"  {finding['level']}: {finding['where']}: {finding['what']}"


def _model_lines(model: Report) -> Iterator[str]:
    yield f"{model['class']} {model['name']!r}"
    rows = []
    for layer in model["layers"]:
        settings = ", ".join(f"{key}={_short(value)}" for key, value in layer["settings"].items())
        indent = "  " * (layer["depth"] + 1)
        frozen = "" if layer["trainable"] else "frozen"
        count = "" if layer["parameters"] is None else f"{layer['parameters']:,}"
        rows.append((f"{indent}{layer['name']}", layer["class"], count, frozen, settings))
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(4)]
    for name, kind, count, frozen, settings in rows:
        line = f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {count:>{widths[2]}}  {frozen:<{widths[3]}}  {settings}"
        yield line.rstrip()


def _training_lines(training: Any) -> Iterator[str]:
    if not isinstance(training, dict):
        return
    for name in ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"):
        if training.get(name):
            yield f"{name.replace('_', ' ').capitalize()}: {_short(training[name])}"


def _short(value: Any) -> str:
    """An object as `Class(a=1)`, with what is not `None`."""
    if isinstance(value, dict) and "class_name" in value:
        inner = value.get("config")
        if not isinstance(inner, dict):
            return str(inner)
        hidden = ("name", "dtype") if inner.get("use_ema") else ("name", "dtype", "ema_momentum")
        shown = {key: item for key, item in inner.items() if item not in (None, False) and key not in hidden}
        return f"{value['class_name']}({', '.join(f'{key}={_short(item)}' for key, item in shown.items())})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "(" + ", ".join(map(_short, value)) + ")"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _size(count: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}" if unit != "bytes" else f"{count} bytes"
        count = count / 1000  # type: ignore[assignment]
    return f"{count:.3g} GB"
