"""Settings of the whole program: default dtype, epsilon, data format, checks.

Plain module state, read by everything above; this module knows nothing of tensors or layers.
"""

from __future__ import annotations

import os
from typing import Any

from babytf.errors import did_you_mean, explain

FLOAT_TYPES = ("float16", "float32", "float64")
INTEGER_TYPES = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
DTYPES = (*FLOAT_TYPES, *INTEGER_TYPES, "bool")

check_numerics = False
"""Whether a program stops at the first operation that makes a NaN or an infinity."""

_floatx = "float32"
_epsilon = 1e-7
_image_data_format = "channels_last"
_dtype_policy: DTypePolicy | None = None
_interactive_logging = True
_max_epochs: int | None = None
_max_steps_per_epoch: int | None = None


def cache_home() -> str:
    """Where files are kept from one run to the next: `$BABYTF_HOME`, or `~/.babytf`."""
    return os.environ.get("BABYTF_HOME") or os.path.join(os.path.expanduser("~"), ".babytf")


__all__ = [
    "DTypePolicy",
    "backend",
    "check_numerics_enabled",
    "disable_check_numerics",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_check_numerics",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
]


class DTypePolicy:
    """Which dtype a layer computes in, and which its variables have.

    Args:
        name: A dtype such as `"float32"` (both), or `"mixed_float16"`: float16 arithmetic on float32
            variables. `None` means the policy set by `set_dtype_policy`.

    Raises:
        ValueError: If the name is no dtype NumPy has (`bfloat16` among them) and no mixed policy.

    Example:
        >>> DTypePolicy("mixed_float16").compute_dtype, DTypePolicy("mixed_float16").variable_dtype
        ('float16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if not isinstance(name, str):
            name = str(getattr(name, "name", getattr(name, "__name__", name)))
        if name == "mixed_float16":
            self._compute_dtype, self._variable_dtype = "float16", "float32"
        elif name in DTYPES:
            self._compute_dtype = self._variable_dtype = name
        else:
            raise ValueError(
                explain(
                    f"unknown dtype policy {name!r}.",
                    got=repr(name),
                    expected="float16, float32, float64, mixed_float16, an integer dtype or bool",
                    fix="use 'float32': NumPy has no bfloat16"
                    if "bfloat16" in name
                    else did_you_mean(name, (*DTYPES, "mixed_float16")) or "use 'float32'",
                )
            )
        self._name = name

    @property
    def name(self) -> str:
        """The name it was made from."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype inputs are cast to."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of new variables."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> None:
        """Always `None`: no layer is quantized."""
        return None

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Make the policy that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def floatx() -> str:
    """The dtype that Python floats become, and that variables have: `"float32"` unless set."""
    return _floatx


def set_floatx(value: str) -> None:
    """Set the default float dtype.

    Args:
        value: `"float16"`, `"float32"` or `"float64"`.

    Raises:
        ValueError: If it is another name.
    """
    global _floatx
    _floatx = _one_of("floatx", value, FLOAT_TYPES)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite: `1e-07` unless set."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set the small number used against division by zero.

    Args:
        value: A number above 0.

    Raises:
        ValueError: If it is not positive.
    """
    global _epsilon
    if isinstance(value, (bool, str, bytes)) or not 0 < float(value) < float("inf"):
        raise ValueError(explain("bad `epsilon`.", got=repr(value), expected="a number above 0", fix="use 1e-7"))
    _epsilon = float(value)


def image_data_format() -> str:
    """Where images carry their channels: `"channels_last"` unless set."""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set where images carry their channels.

    Args:
        data_format: `"channels_last"`, `(B, H, W, C)`, or `"channels_first"`, `(B, C, H, W)`.

    Raises:
        ValueError: If it is another name.
    """
    global _image_data_format
    _image_data_format = _one_of("image_data_format", data_format, ("channels_last", "channels_first"))


def dtype_policy() -> DTypePolicy:
    """The policy of layers that were given no `dtype`; follows `floatx()` until one is set."""
    return _dtype_policy if _dtype_policy is not None else DTypePolicy(_floatx)


def set_dtype_policy(policy: str | DTypePolicy | None) -> None:
    """Set the policy of layers made from now on.

    Args:
        policy: A `DTypePolicy` or its name; `None` returns to `floatx()`.

    Raises:
        ValueError: If the name is unknown.
    """
    global _dtype_policy
    _dtype_policy = policy if policy is None or isinstance(policy, DTypePolicy) else DTypePolicy(policy)


def enable_check_numerics() -> None:
    """Stop at the first operation that makes a NaN or an infinity, and say which it was."""
    global check_numerics
    check_numerics = True


def disable_check_numerics() -> None:
    """Let NaN and infinity pass, as usual."""
    global check_numerics
    check_numerics = False


def check_numerics_enabled() -> bool:
    """Whether programs stop at the first NaN or infinity."""
    return check_numerics


def enable_interactive_logging() -> None:
    """Show progress as bars that are redrawn in place."""
    global _interactive_logging
    _interactive_logging = True


def disable_interactive_logging() -> None:
    """Show progress as one line per epoch, for log files."""
    global _interactive_logging
    _interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Whether `verbose="auto"` shows bars."""
    return _interactive_logging


def backend() -> str:
    """What computes: `"numpy"`."""
    return "numpy"


def set_backend(backend: str) -> None:
    """Choose what computes, of one thing to choose from.

    Args:
        backend: `"numpy"`.

    Raises:
        ValueError: If it is another name.
    """
    _one_of("backend", backend, ("numpy",))


def max_epochs() -> int | None:
    """The most epochs that a `fit` takes, whatever it is told; `None` for no limit."""
    return _max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every `fit`, to try a long program quickly.

    Args:
        max_epochs: The most epochs; `None` for no limit.

    Raises:
        ValueError: If it is neither a positive integer nor `None`.
    """
    global _max_epochs
    _max_epochs = _limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most batches that an epoch, an `evaluate` or a `predict` takes; `None` for no limit."""
    return _max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the batches of every epoch, `evaluate` and `predict`, to try a long program quickly.

    Args:
        max_steps_per_epoch: The most batches; `None` for no limit.

    Raises:
        ValueError: If it is neither a positive integer nor `None`.
    """
    global _max_steps_per_epoch
    _max_steps_per_epoch = _limit("max_steps_per_epoch", max_steps_per_epoch)


def enable_unsafe_deserialization() -> None:
    """Keras's switch for all loads at once. There is none here: each load says for itself what it allows.

    Raises:
        ValueError: Always, with what to write instead.
    """
    raise ValueError(
        explain(
            "no switch turns the guard off for all files at once.",
            got="enable_unsafe_deserialization()",
            expected="a decision for each file",
            fix="load_model(path, safe_mode=False, custom_objects={…}) for a file that you trust",
        )
    )


def disable_traceback_filtering() -> None:
    """Show whole tracebacks, which is always so here."""


def enable_traceback_filtering() -> None:
    """Refuse, with a warning: tracebacks are always shown whole, since every line of them can be read."""
    import warnings  # seldom needed

    warnings.warn("tracebacks are always shown whole: enable_traceback_filtering() has no effect", stacklevel=2)


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave lines out: never."""
    return False


def _limit(name: str, value: int | None) -> int | None:
    if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__") or value < 1):
        raise ValueError(explain(f"bad `{name}`.", got=repr(value), expected="a positive integer, or None"))
    return None if value is None else int(value)


def _one_of(name: str, value: str, options: tuple[str, ...]) -> str:
    if value not in options:
        raise ValueError(
            explain(
                f"bad `{name}`.",
                got=repr(value),
                expected="one of " + ", ".join(repr(o) for o in options),
                fix=did_you_mean(str(value), options) or f"use {options[0]!r}",
            )
        )
    return value
