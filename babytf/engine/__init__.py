"""Arrays and graphs: everything is computed here, and nothing here knows of layers.

`README.md` beside this file gives the order to read it in.
"""

from babytf.engine import tree
from babytf.engine.autodiff import GradientTape
from babytf.engine.dtypes import float_dtype, promote, result_dtype, standardize
from babytf.engine.operators import NUMPY_FUNCTIONS, implements
from babytf.engine.primitive import PRIMITIVES, Primitive, Spec, primitive
from babytf.engine.program import Program
from babytf.engine.tensor import (
    Tensor,
    bind,
    convert,
    eager,
    is_tracing,
    scope,
    to_array,
)
from babytf.engine.trace import Compiled
from babytf.engine.variable import FlatGroup, Variable, blank, name_scope

__all__ = [
    "NUMPY_FUNCTIONS",
    "PRIMITIVES",
    "Compiled",
    "FlatGroup",
    "GradientTape",
    "Primitive",
    "Program",
    "Spec",
    "Tensor",
    "Variable",
    "bind",
    "blank",
    "convert",
    "eager",
    "float_dtype",
    "implements",
    "is_tracing",
    "name_scope",
    "primitive",
    "promote",
    "result_dtype",
    "scope",
    "standardize",
    "to_array",
    "tree",
]
