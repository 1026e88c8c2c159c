"""Data sets: `digits` comes with the package, `mnist` is downloaded once."""

from babytf.datasets import digits, mnist

__all__ = ["digits", "mnist"]
