"""The losses and metrics of `compile`, matched to a model's outputs.

A model may return one tensor, a list, a dict, or a nest of these, and `loss`, `loss_weights`, `metrics`, targets and
sample weights may each be given in several forms. `CompileLoss` and `CompileMetrics` bring them to one: an entry per
output, addressed by its path in what the model returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from babytf import losses, metrics
from babytf.engine import Tensor, convert, scope, tree
from babytf.errors import explain
from babytf.losses import Loss
from babytf.losses.weighting import present
from babytf.metrics import Mean, MeanMetricWrapper, Metric

Path = tuple[Any, ...]


# ------------------------------------------------------------------------------------------ nests of outputs


def is_nest(x: Any) -> bool:
    """Whether this is a list, tuple or dict, not one thing."""
    return isinstance(x, (list, tuple, dict))


def leaf_paths(nest: Any) -> list[Path]:
    """Where each leaf is, in the order of `tree.flatten`.

    Example:
        >>> leaf_paths({"b": 0, "a": [0, 0]})
        [('a', 0), ('a', 1), ('b',)]
    """
    if isinstance(nest, dict):
        return [(key, *path) for key in sorted(nest) for path in leaf_paths(nest[key])]
    if isinstance(nest, (list, tuple)):
        return [(i, *path) for i, item in enumerate(nest) for path in leaf_paths(item)]
    return [()]


def at(nest: Any, path: Path) -> Any:
    """What is at a path.

    Raises:
        TypeError: If the path goes on below a leaf.
    """
    for key in path:
        if not is_nest(nest):
            raise TypeError(f"nothing below a leaf: {key!r}")
        nest = nest[key]
    return nest


def align(what: str, given: Any, y_pred: Any, names: Sequence[str] | None, used: Sequence[int] | None = None) -> list:
    """One entry per output, from targets or weights given in any form.

    Args:
        what: What is given, for messages.
        given: As the outputs are nested; a flat list of as many; a dict by output name; for one output, the bare
            thing; for the outputs in `used` alone, a list of these.
        y_pred: What the model returned.
        names: Names of the outputs, in the order of `tree.flatten(y_pred)`.
        used: Numbers of the outputs that need an entry; the others get `None`.

    Raises:
        ValueError: If it is none of these.
    """
    paths = leaf_paths(y_pred)
    if given is None:
        return [None] * len(paths)
    if not is_nest(given):
        given = [given]
    leaves = tree.flatten(given)
    if len(leaves) == len(paths):
        try:
            found = [at(given, path) for path in paths]
        except (KeyError, IndexError, TypeError):
            found = []
        if found and not any(is_nest(leaf) for leaf in found):
            return found
    if isinstance(given, dict):
        keyed = _by_key(given, paths, names, used)
        if keyed is not None:
            return keyed
    elif not any(isinstance(item, dict) for item in given):
        if len(leaves) == len(paths):
            return leaves
        if used is not None and len(leaves) == len(used):
            entries = [None] * len(paths)
            for i, leaf in zip(used, leaves, strict=True):
                entries[i] = leaf
            return entries
    return _misfit(what, given, y_pred, names)


def _by_key(given: dict, paths: list[Path], names: Sequence[str] | None, used: Sequence[int] | None) -> list | None:
    """Entries of a dict that holds an entry per output, or at least one per output that is used."""
    keys = [path[0] if len(path) == 1 and isinstance(path[0], str) else None for path in paths]
    if None in keys:
        keys = list(names) if names is not None and len(names) == len(paths) else []
    needed = set(keys) if used is None else {keys[i] for i in used if i < len(keys)}
    if not keys or not needed <= set(given) <= set(keys) or any(map(is_nest, given.values())):
        return None
    return [given.get(key) for key in keys]


def _misfit(what: str, given: Any, y_pred: Any, names: Sequence[str] | None) -> NoReturn:
    raise ValueError(
        explain(
            f"{what} does not have the structure of the model's outputs.",
            got=_sketch(given),
            expected=_sketch(y_pred) + (f", outputs {list(names)}" if names else ""),
            fix="pass one entry per output: a list in the order of the outputs, or a dict by output name",
        )
    )


def _sketch(nest: Any) -> str:
    """The structure of a nest, each leaf as `*`."""
    if not is_nest(nest):
        return "*"
    return str(tree.map_structure(lambda _: 0, nest)).replace("0", "*")


def _kind_of_target(y_true: Any, y_pred: Any) -> str:
    """Whether an output is `"binary"`, `"sparse"` (labels for rows of classes) or `"categorical"` (one-hot rows)."""
    true_shape, pred_shape = tuple(y_true.shape), tuple(y_pred.shape)
    if len(pred_shape) < 2 or pred_shape[-1] == 1:
        return "binary"
    if len(true_shape) < len(pred_shape) or true_shape[-1] == 1:
        return "sparse"
    return "categorical"


# ------------------------------------------------------------------------------------------------------ losses


class _Weighted:
    """One loss as the user gave it, with its weight."""

    __slots__ = ("loss", "weight")

    def __init__(self, loss: Any, weight: Any) -> None:
        self.loss = loss
        self.weight = weight


class _Entry:
    """A loss of one output."""

    __slots__ = ("loss", "name", "path", "weight")

    def __init__(self, path: Path, loss: Loss, weight: float | None, name: str) -> None:
        self.path = path
        self.loss = loss
        self.weight = weight
        self.name = name


def get_loss(identifier: Any, y_true: Any, y_pred: Any) -> Loss | None:
    """The loss that one entry of `compile(loss=…)` means.

    Args:
        identifier: As for `losses.get`; `"crossentropy"` or `"ce"` is the one that fits the shapes.
        y_true: Targets of the output.
        y_pred: The output.
    """
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        kind = _kind_of_target(present(f"loss {identifier!r}", y_true), y_pred)
        fitting = {
            "binary": "binary_crossentropy",
            "sparse": "sparse_categorical_crossentropy",
            "categorical": "categorical_crossentropy",
        }[kind]
        return losses.CLASS_OF[fitting](name=identifier)
    return losses.as_loss(identifier)


class CompileLoss(Loss):
    r"""The weighted sum of the losses of a model's outputs.

    $$ L = \sum_o w_o L_o $$

    Args:
        loss: One loss, used for every output; or a list, dict or nest of them. `None` in it leaves an output out; a
            list in the place of one output sums several.
        loss_weights: Weights $w_o$ in the form of `loss`, a flat list of as many, or a dict by output name; a number
            where there is one loss.
        reduction: Kept for Keras's signature; each loss has its own.
        output_names: Names of the outputs, in the order of `tree.flatten(y_pred)`.

    Raises:
        ValueError: If the parts do not fit one another. Structures are compared at the first call.
    """

    def __init__(
        self,
        loss: Any,
        loss_weights: Any = None,
        reduction: str | None = "sum_over_batch_size",
        output_names: Sequence[str] | None = None,
    ) -> None:
        numbers = tree.flatten(loss_weights) if is_nest(loss_weights) else [loss_weights]
        if not all(w is None or hasattr(w, "__float__") for w in numbers):
            raise ValueError(
                explain(
                    "compile: bad `loss_weights`.",
                    got=f"loss_weights={loss_weights!r}",
                    expected="a number, or a list or dict of one number per output",
                    fix="loss_weights=[1.0, 0.5]; metrics are compile's fourth argument: metrics=[…]",
                )
            )
        super().__init__(name="compile_loss", reduction=reduction)
        self.output_names = list(output_names) if output_names is not None else None
        self.built = False
        self._user_loss = loss
        self._user_loss_weights = loss_weights
        self._entries: list[_Entry] = []
        self._metrics: list[Metric] = []
        self._used: list[int] = []
        for one in tree.flatten(loss):
            if isinstance(one, str) and one.lower() not in ("crossentropy", "ce"):
                losses.get(one)  # an unknown name is known to be unknown already

    @property
    def metrics(self) -> list[Metric]:
        """A `Mean` of each output's loss, where there are several; named `<output>_loss`."""
        return self._metrics

    @property
    def variables(self) -> list[Any]:
        """The state of these."""
        return [variable for metric in self._metrics for variable in metric.variables]

    # --- matching losses to outputs

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Match the losses to the outputs.

        Args:
            y_true: Targets, or anything with their shapes.
            y_pred: Outputs, likewise.

        Raises:
            ValueError: If losses, weights, targets and outputs do not fit one another.
        """
        loss = self._weighted()
        if isinstance(loss, dict) and not isinstance(y_pred, dict):
            loss = self._by_name(loss)
        if not is_nest(loss):
            loss = tree.map_structure(lambda _: loss, y_pred)
        paths = leaf_paths(y_pred)
        found: list[tuple[Path, _Weighted]] = []
        self._assign(loss, y_pred, (), found)
        losses_of_one = [path for path, _ in found if path == ()]
        if len(losses_of_one) > 1:
            raise ValueError(
                explain(
                    "compile: more losses than outputs.",
                    got=f"{len(losses_of_one)} losses for a model of one output",
                    expected="one loss",
                    fix="write a function that returns the sum of both",
                )
            )
        self._used = [i for i, path in enumerate(paths) if any(path[: len(p)] == p for p, _ in found)]
        y_true = self._pack_targets(y_true, y_pred)
        for path, weighted in found:
            target, output = at(y_true, path), at(y_pred, path)
            resolved = get_loss(weighted.loss, target, output)
            assert resolved is not None
            name = self._name_of(path, paths, resolved)
            self._entries.append(_Entry(path, resolved, weighted.weight, name))
        if len(self._entries) > 1:
            self._metrics = [Mean(name=f"{entry.name}_loss") for entry in self._entries]
        self.built = True

    def _weighted(self) -> Any:
        """The user's losses, each with its weight."""
        loss, weights = self._user_loss, self._user_loss_weights
        count = len(tree.flatten(loss))
        if isinstance(weights, dict) and not isinstance(loss, dict) and set(weights) == set(self.output_names or ()):
            flat = [weights[name] for name in self.output_names or ()]
        elif isinstance(weights, dict) and isinstance(loss, dict) and set(weights) != set(loss):
            flat = []
        else:
            flat = [None] * count if weights is None else tree.flatten(weights)
        if len(flat) != count:
            raise ValueError(
                explain(
                    "compile: `loss_weights` do not match the losses.",
                    got=f"loss_weights={weights!r}",
                    expected=f"{count} weight{'s' * (count != 1)}, for loss={self._shown()}",
                    fix="give each loss one weight, in the same structure",
                )
            )
        pairs = [_Weighted(one, weight) for one, weight in zip(tree.flatten(loss), flat, strict=True)]
        return tree.unflatten(loss, pairs)

    def _by_name(self, loss: dict) -> list:
        """A dict of losses by output name, as a list in the order of the outputs."""
        if set(loss) != set(self.output_names or ()):
            raise ValueError(
                explain(
                    "compile: the keys of `loss` are not the model's outputs.",
                    got=f"loss with keys {list(loss)}",
                    expected=f"keys {self.output_names}" if self.output_names else "a list: the outputs have no names",
                    fix="one entry per output; None leaves one out" if self.output_names else "loss=[…]",
                )
            )
        return [loss[name] for name in self.output_names or ()]

    def _assign(self, loss: Any, y_pred: Any, path: Path, found: list[tuple[Path, _Weighted]]) -> None:
        """Collect the losses of the outputs below a path."""
        if not is_nest(loss):
            if loss.loss is not None:
                found.append((path, loss))
        elif isinstance(loss, dict):
            for key, one in loss.items():
                if not isinstance(y_pred, dict) or key not in y_pred:
                    self._no_such_output((*path, key), y_pred)
                self._assign(one, y_pred[key], (*path, key), found)
        elif not any(map(is_nest, loss)) and len(loss) == len(leaf_paths(y_pred)):
            for below, one in zip(leaf_paths(y_pred), loss, strict=True):
                self._assign(one, at(y_pred, below), path + below, found)
        elif not isinstance(y_pred, (list, tuple)):
            for one in loss:
                self._assign(one, y_pred, path, found)
        else:
            for i, one in enumerate(loss):
                if i >= len(y_pred):
                    self._no_such_output((*path, i), y_pred)
                self._assign(one, y_pred[i], (*path, i), found)

    def _no_such_output(self, path: Path, y_pred: Any) -> NoReturn:
        raise ValueError(
            explain(
                "compile: `loss` has an entry that is no output of the model.",
                got=f"an entry at {'/'.join(map(str, path))!r} in loss={self._shown()}",
                expected=f"the structure of the outputs, {_sketch(y_pred)}"
                + (f", outputs {self.output_names}" if self.output_names else ""),
                fix="one entry per output; None leaves one out",
            )
        )

    def _shown(self) -> str:
        return str(
            tree.map_structure(lambda one: one if isinstance(one, str) else losses.object_name(one), self._user_loss)
        )

    def _name_of(self, path: Path, paths: list[Path], loss: Loss) -> str:
        """Output name, below the keys of the dicts it is in; without a name, that of the loss."""
        if path in paths:
            i = paths.index(path)
            names = self.output_names
            own = names[i] if names is not None and i < len(names) and len(names) == len(paths) else loss.name
            if not path:
                return own
            if isinstance(path[-1], int):
                path = (*path[:-1], own)
        return "/".join(map(str, path)) or "_".join(self.output_names or [loss.name])

    # --- computing

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss of a batch.

        Args:
            y_true: Targets: nested as the outputs, a flat list, or a dict by output name. Outputs without a loss may be
                left out.
            y_pred: What the model returned.
            sample_weight: Weights in one of these forms, or one array for all outputs.

        Returns:
            A scalar; `None` if no output has a loss.

        Raises:
            ValueError: If the structures do not fit.
        """
        if not self.built:
            self.build(y_true, y_pred)
        y_true = self._pack_targets(y_true, y_pred)
        if is_nest(sample_weight):
            sample_weight = self._pack_weights(sample_weight, y_pred)
        total: Any = None
        for i, entry in enumerate(self._entries):
            output = at(y_pred, entry.path)
            weight = at(sample_weight, entry.path) if is_nest(sample_weight) else sample_weight
            value: Tensor = convert(entry.loss(at(y_true, entry.path), output, weight), self.dtype)
            if self._metrics:
                self._metrics[i].update_state(value, sample_weight=float(tree.flatten(output)[0].shape[0]))
            if entry.weight is not None:
                value = value * entry.weight
            total = value if total is None else total + value
        return total

    def _pack_targets(self, y_true: Any, y_pred: Any) -> Any:
        return tree.unflatten(y_pred, align("y", y_true, y_pred, self.output_names, self._used))

    def _pack_weights(self, sample_weight: Any, y_pred: Any) -> Any:
        packed = align("sample_weight", sample_weight, y_pred, self.output_names, [])
        return tree.unflatten(y_pred, packed)

    def check_targets(self, y_true: Any, output_shape: Any) -> None:
        """Look at the values of targets once, before training.

        Args:
            y_true: Targets, as arrays.
            output_shape: Shape of the output, or a nest of shapes (or of things that have one) for several.

        Raises:
            ValueError: If a value cannot be a target of its loss.
        """
        y_pred = _shapes(output_shape)
        if not self.built:
            self.build(y_true, y_pred)
        y_true = self._pack_targets(y_true, y_pred)
        for entry in self._entries:
            target, output = at(y_true, entry.path), at(y_pred, entry.path)
            if target is not None and not is_nest(output):
                entry.loss.check_targets(target, output.shape)


class _Shape:
    __slots__ = ("shape",)

    def __init__(self, shape: tuple[int | None, ...]) -> None:
        self.shape = shape


def _shapes(nest: Any) -> Any:
    if isinstance(nest, dict):
        return {key: _shapes(value) for key, value in nest.items()}
    if isinstance(nest, (list, tuple)):
        if all(size is None or isinstance(size, int) for size in nest):
            return _Shape(tuple(nest))
        return [_shapes(item) for item in nest]
    return _Shape(tuple(nest.shape))


# ----------------------------------------------------------------------------------------------------- metrics


def get_metric(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """The metric that one entry of `compile(metrics=…)` means.

    Args:
        identifier: As for `metrics.get`; `"accuracy"` or `"acc"` is the one that fits the shapes.
        y_true: Targets of the output.
        y_pred: The output.

    Raises:
        ValueError: If it is no metric.
    """
    if identifier is None:
        raise ValueError(
            explain(
                "compile: a metric is missing.",
                got="None in a list of metrics",
                expected="names, functions or Metric objects",
                fix="take the None out",
            )
        )
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        kind = _kind_of_target(present(f"metric {identifier!r}", y_true), y_pred)
        accuracies: dict[str, Any] = {
            "binary": metrics.BinaryAccuracy,
            "sparse": metrics.SparseCategoricalAccuracy,
            "categorical": metrics.CategoricalAccuracy,
        }
        return accuracies[kind](name=identifier)
    found = metrics.get(identifier)
    name = identifier if isinstance(identifier, str) else losses.object_name(found)
    if not isinstance(found, Metric):
        return MeanMetricWrapper(found, name=name)
    found.name = name
    return found


class _Output:
    """The metrics of one output."""

    __slots__ = ("metrics", "name", "weighted")

    def __init__(self, name: str | None, metrics: list[Metric], weighted: list[Metric]) -> None:
        self.name = name
        self.metrics = metrics
        self.weighted = weighted


class CompileMetrics(Metric):
    """The metrics of a model's outputs, under the names they have in logs.

    With several outputs a result is named `<output>_<metric>`. A name that occurs again gets `_1`, `_2`, …; one of
    `weighted_metrics` that `metrics` has too gets `weighted_` in front.

    Args:
        metrics: A list of metrics for the one output; for several outputs a list, or dict by name, of one entry (a
            metric, a list of them, or `None`) per output, or a nest shaped as the outputs.
        weighted_metrics: The same, for metrics that sample weights go into.
        name: Kept for Keras's signature.
        output_names: Names of the outputs, in the order of `tree.flatten(y_pred)`.

    Raises:
        ValueError: If the structure does not fit the outputs. It is compared at the first update.
    """

    def __init__(
        self,
        metrics: Any,
        weighted_metrics: Any,
        name: str = "compile_metrics",
        output_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(name=name)
        for argument, value in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if value and not is_nest(value):
                raise ValueError(
                    explain(
                        f"compile: bad `{argument}`.",
                        got=f"{argument}={value!r}",
                        expected="a list of metrics, or a dict of them by output name",
                        fix=f"{argument}=[{value!r}]",
                    )
                )
            for one in tree.flatten(value):
                if isinstance(one, str) and one.lower() not in ("accuracy", "acc"):
                    _known_metric(one)
        self.output_names = list(output_names) if output_names is not None else None
        self.built = False
        self._user_metrics = metrics
        self._user_weighted_metrics = weighted_metrics
        self._outputs: list[_Output] = []
        self._paths: list[Path] = []

    @property
    def metrics(self) -> list[Metric]:
        """All metrics: those of `metrics` by output, then those of `weighted_metrics`."""
        plain = [metric for output in self._outputs for metric in output.metrics]
        return plain + [metric for output in self._outputs for metric in output.weighted]

    @property
    def variables(self) -> list[Any]:
        """The state of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Match the metrics to the outputs.

        Args:
            y_true: Targets, or anything with their shapes.
            y_pred: Outputs, likewise.

        Raises:
            ValueError: If metrics and outputs do not fit.
        """
        paths = leaf_paths(y_pred)
        names: list[str | None] = [None] * len(paths)
        if len(paths) > 1:
            if isinstance(y_pred, dict) and all(len(path) == 1 for path in paths):
                names = [path[0] for path in paths]
                if set(names) == set(self.output_names or ()):
                    names = list(self.output_names or ())
                    paths = [(name,) for name in names]
            elif self.output_names and len(self.output_names) == len(paths):
                names = list(self.output_names)
        plain = self._per_output("metrics", self._user_metrics, y_pred, paths, names)
        weighted = self._per_output("weighted_metrics", self._user_weighted_metrics, y_pred, paths, names)
        self._paths = paths
        used = [i for i, (a, b) in enumerate(zip(plain, weighted, strict=True)) if a or b]
        targets = self._targets(y_true, y_pred, used)
        for name, path, target, *both in zip(names, paths, targets, plain, weighted, strict=True):
            output = at(y_pred, path)
            self._outputs.append(_Output(name, *([get_metric(m, target, output) for m in one] for one in both)))
        self.built = True

    def _per_output(
        self, argument: str, given: Any, y_pred: Any, paths: list[Path], names: list[str | None]
    ) -> list[list[Any]]:
        """The identifiers of each output."""
        if not given:
            return [[] for _ in paths]
        if len(paths) == 1:
            return [tree.flatten(given)]
        if all(len(path) == 1 for path in paths):
            if isinstance(given, (list, tuple)) and len(given) == len(paths):
                return [_as_list(entry) for entry in given]
            if isinstance(given, dict) and None not in names and set(given) <= set(names):
                return [_as_list(given.get(name)) for name in names]
        found: dict[Path, list[Any]] = {}
        if not self._follow(given, y_pred, (), found):
            raise ValueError(
                explain(
                    f"compile: `{argument}` does not match the model's outputs.",
                    got=f"{argument}={given!r}",
                    expected=f"one entry per output, {_sketch(y_pred)}" + (f", outputs {names}" if names[0] else ""),
                    fix=f"{argument}={[tree.flatten(given), *([] for _ in paths[1:])]}: a list for each output"
                    if all(len(path) == 1 for path in paths)
                    else "nest them as the outputs are",
                )
            )
        return [found[path] for path in paths]

    def _follow(self, given: Any, y_pred: Any, path: Path, found: dict[Path, list[Any]]) -> bool:
        """Walk metrics and outputs together; False where they part."""
        if isinstance(y_pred, dict):
            return (
                isinstance(given, dict)
                and set(given) == set(y_pred)
                and all(self._follow(given[key], y_pred[key], (*path, key), found) for key in y_pred)
            )
        if isinstance(y_pred, (list, tuple)):
            return (
                isinstance(given, (list, tuple))
                and len(given) == len(y_pred)
                and all(self._follow(given[i], y_pred[i], (*path, i), found) for i in range(len(y_pred)))
            )
        found[path] = _as_list(given)
        return True

    def _targets(self, y_true: Any, y_pred: Any, used: list[int]) -> list[Any]:
        return self._in_order("y", y_true, y_pred, used)

    def _in_order(self, what: str, given: Any, y_pred: Any, used: list[int]) -> list[Any]:
        """Entries in the order of `self._paths`."""
        order = leaf_paths(y_pred)
        entries = align(what, given, y_pred, self.output_names, [order.index(self._paths[i]) for i in used])
        return [entries[order.index(path)] for path in self._paths]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets: nested as the outputs, a flat list, or a dict by output name.
            y_pred: What the model returned.
            sample_weight: Weights in one of these forms, or one array for all outputs.

        Raises:
            ValueError: If the structures do not fit.
        """
        if not self.built:
            self.build(y_true, y_pred)
        targets = self._targets(y_true, y_pred, [i for i, o in enumerate(self._outputs) if o.metrics or o.weighted])
        if is_nest(sample_weight):
            weights = self._in_order("sample_weight", sample_weight, y_pred, [])
        else:
            weights = [sample_weight] * len(targets)
        for output, path, target, weight in zip(self._outputs, self._paths, targets, weights, strict=True):
            for metric in output.metrics:
                with scope(metric.name, type(metric).__name__):
                    metric.update_state(target, at(y_pred, path))
            for metric in output.weighted:
                with scope(metric.name, type(metric).__name__):
                    metric.update_state(target, at(y_pred, path), weight)

    def reset_state(self) -> None:
        """Start again."""
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """The value of each metric, by its name in logs.

        Raises:
            ValueError: Before the first update.
        """
        if not self.built:
            raise ValueError(
                explain(
                    "the metrics of `compile` have no result yet.",
                    got="result() before any batch was seen",
                    fix="call fit or evaluate first",
                )
            )
        results: dict[str, Any] = {}
        seen: dict[str, int] = {}

        def enter(name: str, metric: Metric) -> None:
            count = seen[name] = seen.get(name, 0) + 1
            results[f"{name}_{count - 1}" if count > 1 else name] = metric.result()

        for output in self._outputs:
            for metric in output.metrics:
                enter(_join(output.name, metric.name), metric)
        for output in self._outputs:
            for metric in output.weighted:
                name = _join(output.name, metric.name)
                enter(_join(output.name, f"weighted_{metric.name}") if name in seen else name, metric)
        return results


def _join(output: str | None, metric: str) -> str:
    return f"{output}_{metric}" if output else metric


def _as_list(entry: Any) -> list[Any]:
    if entry is None:
        return []
    return list(entry) if isinstance(entry, (list, tuple)) else [entry]


def _known_metric(name: str) -> None:
    """Raise now, not at the first batch, if a name is unknown."""
    if name not in metrics.TABLE:
        metrics.get(name)
