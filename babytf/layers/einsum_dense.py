"""`EinsumDense`, a `Dense` over any axes, described by letters. `multi_head_attention.py` is made of them."""

from __future__ import annotations

import re
from typing import Any

from babytf import activations, constraints, initializers, ops, regularizers
from babytf.errors import ShapeError, explain
from babytf.layers.layer import Layer

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(Layer):
    r"""Affine map over the axes that the letters name, then an activation.

    $$ y = \phi(\mathrm{einsum}(x, W) + b) $$

    Args:
        equation: Letters of input, kernel and output: `"ab,bc->ac"` is a `Dense`, `"abc,cde->abde"` has two axes of
            units.
            `...` in front, or at the end, stands for any further axes.
        output_shape: Sizes of the output without the batch (and without what `...` stands for); `None` for a size that
            is the input's. An integer is one size.
        activation: Name or callable for $\phi$. `None` means identity.
        bias_axes: Letters of the output that $b$ goes along; `None` for no bias.
        kernel_initializer: How $W$ starts.
        bias_initializer: How $b$ starts.
        kernel_regularizer: Penalty on $W$, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        kernel_constraint: Function that puts $W$ back into range after each training step.
        bias_constraint: The same for $b$.
        lora_rank: Must be `None`: low-rank adaptation is not available.
        lora_alpha: Must be `None`, likewise.
        gptq_unpacked_column_size: Must be `None`: quantized weights are not available.
        quantization_config: Must be `None`, likewise.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `activity_regularizer`, …

    Input shape:
        As the first letters say.

    Output shape:
        As the last letters say.

    Raises:
        ValueError: If the equation is of another form, or its letters do not fit each other.
        ShapeError: If the input does not fit the equation and `output_shape`.
        NotImplementedError: If an argument about low-rank adaptation or quantization is given.

    Source:
        Default initializer: Glorot & Bengio (2010), eq. 16.

    Example:
        >>> EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d")(np.zeros((2, 3, 5), "float32")).shape
        (2, 3, 4)
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._letters = self._read(equation, bias_axes)
        self.equation = equation
        self.output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._refuse("low-rank adaptation", lora_rank=lora_rank, lora_alpha=lora_alpha)
        self._refuse(
            "quantization",
            gptq_unpacked_column_size=gptq_unpacked_column_size,
            quantization_config=quantization_config,
        )
        self.lora_rank = self.lora_alpha = self.gptq_unpacked_column_size = self.quantization_config = None

    _left_out_when_none = ("activity_regularizer", "lora_rank", "lora_alpha", "gptq_unpacked_column_size")

    @property
    def partial_output_shape(self) -> tuple[int | None, ...]:
        """The sizes of the output that were given."""
        return self.output_shape

    def _refuse(self, what: str, **arguments: Any) -> None:
        for name, value in arguments.items():
            if value is not None:
                raise NotImplementedError(
                    explain(
                        f"EinsumDense '{self.name}': {what} is not available.",
                        got=f"{name}={value!r}",
                        expected=f"{name}=None",
                        fix=f"leave `{name}` out",
                    )
                )

    def _read(self, equation: Any, bias_axes: Any) -> tuple[str, str, str, bool, bool]:
        """Letters of input, kernel and output, and whether `...` stands on the left or on the right."""
        match = _FORM.fullmatch(equation.replace(" ", "")) if isinstance(equation, str) else None
        problem = "it is of another form"
        if match:
            left, inputs, right, kernel, left_out, output, right_out = match.groups()
            alike = left == left_out and right == right_out and not (left and right)
            lost = [c for c in output if c not in inputs + kernel] + [c for c in kernel if c not in inputs + output]
            lost += [c for c in bias_axes or "" if c not in output]
            if alike and not lost:
                return inputs, kernel, output, bool(left), bool(right)
            problem = f"nothing gives the size of {lost[0]!r}" if alike else "`...` differs between input and output"
        raise ValueError(
            explain(
                f"EinsumDense '{self.name}': bad `equation`: {problem}.",
                got=f"equation={equation!r}, bias_axes={bias_axes!r}",
                expected='"ab,bc->ac", "...b,bc->...c" or "ab...,bc->ac..."',
            )
        )

    def _sizes(self, input_shape: Any) -> tuple[dict[str, int | None], tuple[int | None, ...]]:
        """The size of each letter, and the whole shape of the output."""
        inputs, _, output, left, right = self._letters
        hidden = len(input_shape) - len(inputs)
        given: list[int | None] = [input_shape[0], *self.output_shape]
        if hidden > 0 and left:
            given[1:1] = input_shape[1:hidden]
        elif hidden > 0 and right:
            given += input_shape[len(inputs) :]
        of_input = input_shape[hidden:] if left else input_shape[: len(inputs)]
        of_output = given[hidden:] if left else given[: len(output)]
        if hidden < 0 or (hidden and not (left or right)) or len(given) != len(output) + hidden:
            self._misfit(input_shape, "as many axes as there are letters")
        sizes = dict(zip(output, of_output, strict=True))
        for letter, size in zip(inputs, of_input, strict=True):
            if sizes.get(letter) is not None and size is not None and sizes[letter] != size:
                self._misfit(input_shape, f"size {sizes[letter]} on axis {letter!r}")
            sizes[letter] = sizes.get(letter) if size is None else size
        whole = [sizes[c] for c in output]
        shape = [*input_shape[:hidden], *whole] if left else [*whole, *input_shape[len(inputs) :]]
        return sizes, tuple(shape)

    def _misfit(self, input_shape: Any, expected: str) -> None:
        raise ShapeError(
            explain(
                f"EinsumDense '{self.name}': the input does not fit the equation.",
                got=f"input {tuple(input_shape)}, equation {self.equation!r}, output_shape {self.output_shape}",
                expected=expected,
            )
        )

    def build(self, input_shape: Any) -> None:
        inputs, kernel, output, _, right = self._letters
        sizes, _ = self._sizes(input_shape)
        start = self.kernel_initializer
        if isinstance(start, initializers.VarianceScaling):  # what it draws depends on which axes are inputs
            config = start.get_config()
            config["input_axes"] = [i for i, c in enumerate(kernel) if c not in output]
            config["output_axes"] = [i for i, c in enumerate(kernel) if c in output]
            config["seed"] = start.seed
            start = type(start).from_config(config)
        self.kernel = self.add_weight(
            name="kernel",
            shape=tuple(sizes[c] for c in kernel),
            initializer=start,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.bias_axes is not None:
            first = min(output.index(c) for c in self.bias_axes)
            shape = [sizes[c] if c in self.bias_axes else 1 for c in output[first:]]
            self.bias = self.add_weight(
                name="bias",
                shape=(*shape, *(1,) * (len(input_shape) - len(inputs) if right else 0)),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Any) -> Any:
        y = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            y = y + self.bias
        return self.activation(y)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._sizes(input_shape)[1]
