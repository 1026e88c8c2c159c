"""What an optimizer remembers: its variables, their order, and how they are saved. `base.py` has the step itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from babytf import initializers
from babytf.engine import FlatGroup, Tensor, Variable, name_scope
from babytf.errors import ShapeError, explain
from babytf.serialization import Configurable


class Block:
    """What one update runs on: a whole group of variables as one vector, or a single variable."""

    __slots__ = ("accumulator", "average", "groups", "members", "slots", "variable")

    def __init__(self, members: list[Variable], group: FlatGroup | None = None) -> None:
        self.members = members
        self.groups = [] if group is None else [group]
        self.variable = members[0] if group is None else group.vector
        self.slots: dict[str, Variable] = {}
        self.average: Variable | None = None
        self.accumulator: Variable | None = None

    def add(self, name: str, state: FlatGroup | Variable) -> None:
        """Attach one state variable (a group of them, for a group)."""
        if isinstance(state, FlatGroup):
            self.groups.append(state)
            state = state.vector
            state.path = f"{state.path.rpartition('/')[0]}/{name}"  # what programs call it
        if name == "average":
            self.average = state
        elif name == "gradient_accumulator":
            self.accumulator = state
        else:
            self.slots[name] = state

    def join(self, tensors: list[Tensor]) -> Tensor:
        """Tensors shaped like the members, as one shaped like the block."""
        return self.groups[0].concat(tensors) if self.groups else tensors[0]

    def split(self, tensor: Tensor) -> list[Tensor]:
        """One tensor shaped like the block, as tensors shaped like the members."""
        return self.groups[0].split(tensor) if self.groups else [tensor]


class State(Configurable):
    """The variables of an optimizer, in the order in which Keras saves them.

    Iteration and learning rate come first; then, per weight, averages, gradient accumulators and slots.
    """

    slots: tuple[str | tuple[str, ...], ...] = ()
    """Names of the arrays `update` keeps per weight. Names in an inner tuple are saved weight by weight
    (momentum and velocity of the first, of the second, …), names side by side one after the other."""

    slot_values: Mapping[str, float] = {}
    """What a slot is filled with at first, where that is not 0."""

    name: str
    built: bool

    def _start(self) -> None:
        """Remember nothing yet."""
        self.built = False
        self._variables: list[Variable] = []
        self._own_variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._index: dict[Variable, int] = {}
        self._slot_variables: dict[str, list[Variable]] = {}
        self._blocks: list[Block] = []
        self._single_blocks: dict[int, Block] = {}

    def __repr__(self) -> str:
        return f"<{self._label}>"

    @property
    def _label(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    @property
    def variables(self) -> list[Variable]:
        """All state, in the order in which it is saved: iteration, learning rate, averages, accumulators, slots."""
        return self._variables[:]

    # --- made by `build`

    def _lay_out(self, variables: Iterable[Variable], as_vectors: bool) -> None:
        """Take the weights: as one vector per dtype, or each by itself."""
        self._trainable_variables = list(variables)
        self._index = {v: i for i, v in enumerate(self._trainable_variables)}
        if not as_vectors:
            self._blocks = [Block([v]) for v in self._index]
            self._single_blocks = dict(enumerate(self._blocks))
            return
        by_dtype: dict[str, list[Variable]] = {}
        for v in self._index:
            by_dtype.setdefault(v.dtype, []).append(v)
        self._blocks = [Block(members, FlatGroup(members, name="weights")) for members in by_dtype.values()]

    def _adopt(self) -> None:
        """Take the weights back, if another optimizer has them in a vector of its own."""
        for block in self._blocks:
            for group in block.groups:
                group.adopt()

    def _held(self) -> list[Variable]:
        """All that a step may change, the weights among it; vectors where there are any."""
        self._adopt()
        held = [*self._own_variables, self.variables[0]]
        for b in self._blocks:
            held += [v for v in (b.variable, *b.slots.values(), b.average, b.accumulator) if v is not None]
        return held

    def _make_slots(self) -> None:
        """The arrays named in `slots`; overridden where they differ from weight to weight."""
        for names in self.slots:
            self._add_slots(*((names,) if isinstance(names, str) else names))

    def _add_slot(self, block: Block, name: str, shape: Sequence[int] | None = None, label: str | None = None) -> None:
        """One slot of one weight, zeros at first, of the weight's shape unless another is given."""
        (v,) = block.members
        with name_scope(self.name):
            zeros = np.zeros(v.shape if shape is None else shape, v.dtype)
            state = Variable(zeros, trainable=False, name=label or _state_name(v, name))
        block.add(name, state)
        self._variables.append(state)

    def _add_slots(self, *names: str) -> None:
        """One variable per weight and name, listed weight by weight."""
        made: list[dict[Variable, Variable]] = [{} for _ in names]
        for name, by_weight in zip(names, made, strict=True):
            value = self.slot_values.get(name, 0.0)
            for block in self._blocks:
                labels = [_state_name(v, name) for v in block.members]
                with name_scope(self.name):
                    if block.groups:
                        group = block.groups[0].zeros_like(labels, value)
                        states = group.members
                        block.add(name, group)
                    else:
                        (v,) = block.members
                        states = [Variable(np.full(v.shape, value, v.dtype), trainable=False, name=labels[0])]
                        block.add(name, states[0])
                by_weight.update(zip(block.members, states, strict=True))
            self._slot_variables[name] = [by_weight[v] for v in self._index]
        self._variables += [by_weight[v] for v in self._index for by_weight in made]

    def _block_of(self, variable: Variable) -> Block:
        """The block of one variable by itself."""
        index = self._index[variable]
        if index not in self._single_blocks:
            block = Block([variable])
            for name, states in self._slot_variables.items():
                block.add(name, states[index])
            self._single_blocks[index] = block
        return self._single_blocks[index]

    # --- made by an optimizer of a user's own

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A state variable of a shape of your own, saved with the optimizer.

        Args:
            shape: Its shape.
            initializer: What it starts with.
            dtype: Its dtype; `floatx()` by default.
            aggregation: One of `"none"`, `"mean"`, `"sum"`, `"only_first_replica"`; recorded, as there is one replica.
            layout: Must be `None`: there is one device.
            name: Last part of its path.
        """
        if layout is not None:
            raise ValueError(
                explain(f"{self._label}: bad `layout`.", got=f"layout={layout!r}", expected="None: there is one device")
            )
        with name_scope(self.name):
            variable = Variable(
                initializers.get(initializer), shape, dtype, trainable=False, aggregation=aggregation, name=name
            )
        self._variables.append(variable)
        self._own_variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A state variable of the shape and dtype of a weight.

        Args:
            reference_variable: The weight.
            name: What it holds (`"momentum"`); its path becomes `<optimizer>/<path of the weight>_<name>`.
            initializer: What it starts with.
        """
        return self.add_variable(
            shape=reference_variable.shape,
            initializer=initializer,
            dtype=reference_variable.dtype,
            name=_state_name(reference_variable, name or "var"),
        )

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """A state variable per weight, for one name or for several.

        Args:
            trainable_variables: The weights.
            name: What they hold; several names give several lists, saved weight by weight.
            initializer: What they start with; one, or one per name.

        Returns:
            A list of variables, or a tuple of lists for several names.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(starts) != len(names):
            raise ValueError(
                explain(
                    f"{self._label}: names and initializers differ in number.",
                    got=f"{len(names)} names, {len(starts)} initializers",
                    expected="one initializer, or one per name",
                )
            )
        lists: tuple[list[Variable], ...] = tuple([] for _ in names)
        for v in trainable_variables:
            for states, label, start in zip(lists, names, starts, strict=True):
                states.append(self.add_variable_from_reference(v, label, start))
        return lists[0] if isinstance(name, str) else lists

    def _get_variable_index(self, variable: Variable) -> int:
        """Place of a variable among those built with; optimizers written for Keras ask for it."""
        return self._index[variable]

    def assign(self, variable: Variable, value: Any) -> None:
        """Set a variable; for use in `update_step`."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable; for use in `update_step`."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable; for use in `update_step`."""
        variable.assign_sub(value)

    # --- saving

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all state.

        Args:
            weights: An array per variable, in the order of `variables`.
        """
        if not self.built:
            raise ValueError(
                explain(f"{self._label} has no slots yet.", fix="optimizer.build(model.trainable_variables) first")
            )
        if len(weights) != len(self.variables):
            raise ValueError(
                explain(f"{self._label}: wrong number of arrays.", got=len(weights), expected=len(self.variables))
            )
        self._assign_all([np.asarray(w) for w in weights])

    def _assign_all(self, arrays: list[np.ndarray]) -> None:
        """All or nothing."""
        for variable, array in zip(self.variables, arrays, strict=True):
            if array.shape != variable.shape:
                raise ShapeError(
                    explain(
                        f"{self._label}: an array does not fit the variable {variable.path!r}.",
                        got=array.shape,
                        expected=variable.shape,
                    )
                )
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array)

    def save_own_variables(self, store: Any) -> None:
        """Put the state into a mapping, under `"0"`, `"1"`, ….

        Args:
            store: Anything with item assignment.
        """
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the state from a mapping. If it holds another number of arrays, warn and keep the state there is.

        Args:
            store: A mapping from `"0"`, `"1"`, … to arrays.
        """
        if len(store.keys()) != len(self.variables):
            hint = "" if self.built else " It was not built yet: build(model.trainable_variables) makes its slots."
            warnings.warn(
                f"Skipping variable loading for optimizer {self.name!r}: it has {len(self.variables)} variables, "
                f"the saved one {len(store.keys())}.{hint}",
                stacklevel=2,
            )
            return
        self._assign_all([np.asarray(store[str(i)]) for i in range(len(self.variables))])


def _state_name(variable: Variable, name: str) -> str:
    return f"{variable.path.replace('/', '_')}_{name}"
