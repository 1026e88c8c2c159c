"""Lets Griffe read the sections of babytf's docstrings: used by `mkdocs.yml`."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

PLAIN = re.compile(r"^(Input shape|Output shape|Source):\n((?:[ ]{4}.*\n|\n)+)", re.MULTILINE)


class Sections(griffe.Extension):
    """Code under `Example` becomes a code block; shapes and sources become plain paragraphs."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring is None:
            return
        text = obj.docstring.value + "\n"
        text = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
        text = re.sub(r"^(Returns:\n {4})`([^`\n]+)`:", r"\1\2:", text, flags=re.MULTILINE)
        obj.docstring.value = PLAIN.sub(lambda m: f"**{m[1]}:** {textwrap.dedent(m[2]).strip()}\n\n", text).rstrip()
