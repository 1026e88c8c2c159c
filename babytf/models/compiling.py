"""`Compiling`: what `compile` sets up, and how steps become programs when the first data comes.

Read `steps.py` before, `trainer.py` after.
"""

from __future__ import annotations

import warnings
from typing import Any

from babytf import check, optimizers, serialization
from babytf.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from babytf.data.arrays import ArraySource
from babytf.data.checks import number_of_samples
from babytf.data.convert import to_arrays
from babytf.data.source import Source
from babytf.engine import Compiled, Program, convert, tree
from babytf.errors import TracingError, explain, unknown_name
from babytf.layers.state import changes
from babytf.layers.symbolic import KerasTensor, infer_specs
from babytf.layers.tracking import not_tracking
from babytf.metrics import Mean
from babytf.models.compiled import CompileLoss, CompileMetrics
from babytf.models.execution import ArrayRunner, DataRunner, EagerStep, GatheringRunner
from babytf.models.steps import Steps

KINDS = ("train", "test", "predict", "call")


class Compiling(Steps):
    """A model's optimizer, loss and metrics, and its programs."""

    # --- compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is to be trained.

        After changing a layer's `trainable`, compile again: the optimizer learns here which weights there are.

        Args:
            optimizer: Name or `Optimizer`.
            loss: Name, function `f(y_true, y_pred)` or `Loss`; a list or dict of them for several outputs.
            loss_weights: Factors of the outputs' losses in their sum; a list or dict.
            metrics: Names, functions or `Metric`s, as a list; for several outputs a list of lists, or a dict.
                `"accuracy"` and `"crossentropy"` become the kind that fits the output and the targets.
            weighted_metrics: The same, but weighted by `sample_weight` and `class_weight`.
            run_eagerly: Run every step line by line rather than as a program: slower, for a debugger.
            steps_per_execution: Batches between two calls of callbacks.
            jit_compile: Whether elementwise chains of the recorded NumPy program become compiled loops, if Numba is
                installed (`pip install babytf[fast]`): True in all programs, at once; `"auto"` in training, after about
                a second of it; False never. Loops give the same bits, but for recurrent layers and embeddings, whose
                results differ by rounding; these are compiled at once.
            auto_scale_loss: Whether to put a `LossScaleOptimizer` around the optimizer if the model's policy is
                `mixed_float16`, so that small gradients do not vanish.

        Raises:
            ValueError: If a name is unknown, or an argument is out of its range.

        Example:
            >>> model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
            >>> model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        """
        who = f"compile of '{self.name}'"
        run_eagerly = check.boolean(who, run_eagerly=run_eagerly)
        steps_per_execution = check.positive_int(who, steps_per_execution=steps_per_execution)
        auto_scale_loss = check.boolean(who, auto_scale_loss=auto_scale_loss)
        check.one_of(who, ("auto", True, False), jit_compile=jit_compile)
        if run_eagerly and jit_compile is True:
            warnings.warn("`jit_compile=True` does nothing when `run_eagerly=True`.", UserWarning, stacklevel=2)
        names = getattr(self, "output_names", None)
        optimizer = optimizers.get(optimizer)
        with not_tracking():
            compile_loss = None if loss is None else CompileLoss(loss, loss_weights, output_names=names)
            compile_metrics = None
            if metrics is not None or weighted_metrics is not None:
                compile_metrics = CompileMetrics(metrics, weighted_metrics, output_names=names)
            loss_tracker = Mean(name="loss")
        state = self._training  # nothing is changed unless all of the above went well
        state.optimizer = self._scaled(optimizer) if auto_scale_loss else optimizer
        state.loss = loss
        state.compile_loss = compile_loss
        state.compile_metrics = compile_metrics
        state.loss_tracker = loss_tracker
        state.run_eagerly = run_eagerly
        state.jit_compile = jit_compile is True and not run_eagerly
        state.fused = {"train": "later"} if jit_compile == "auto" else dict.fromkeys(KINDS, jit_compile)
        state.steps_per_execution = steps_per_execution
        state.stop_training = False
        state.compiled = True
        state.forget_programs()
        state.config = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }

    def _scaled(self, optimizer: Any) -> Any:
        """The optimizer, in a `LossScaleOptimizer` if the policy asks for one and it has none."""
        if optimizer is None or isinstance(optimizer, optimizers.LossScaleOptimizer):
            return optimizer
        if self.dtype_policy.name != "mixed_float16":  # type: ignore[attr-defined]
            return optimizer
        return optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._training.compiled

    @compiled.setter
    def compiled(self, value: bool) -> None:
        self._training.compiled = value

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run line by line."""
        return self._training.run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._training.run_eagerly = check.boolean(self, run_eagerly=value)
        self._training.forget_programs()

    @property
    def jit_compile(self) -> bool:
        """What `compile` was told; `"auto"` counts as False."""
        return self._training.jit_compile

    @jit_compile.setter
    def jit_compile(self, value: bool) -> None:
        self._training.jit_compile = check.boolean(self, jit_compile=value)
        self._training.fused = dict.fromkeys(KINDS, value)
        self._training.forget_programs()

    @property
    def steps_per_execution(self) -> int:
        """Batches between two calls of callbacks."""
        return self._training.steps_per_execution

    @steps_per_execution.setter
    def steps_per_execution(self, value: int) -> None:
        self._training.steps_per_execution = check.positive_int(self, steps_per_execution=value)

    @property
    def stop_training(self) -> bool:
        """Set it to True, in a callback for example, and `fit` ends after the running batch."""
        return self._training.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self._training.stop_training = value

    @property
    def stop_evaluating(self) -> bool:
        """The same for `evaluate`."""
        return self._training.stop_evaluating

    @stop_evaluating.setter
    def stop_evaluating(self, value: bool) -> None:
        self._training.stop_evaluating = value

    @property
    def stop_predicting(self) -> bool:
        """The same for `predict`."""
        return self._training.stop_predicting

    @stop_predicting.setter
    def stop_predicting(self, value: bool) -> None:
        self._training.stop_predicting = value

    @property
    def history(self) -> Any:
        """The `History` of the last `fit`, or `None`."""
        return self._training.history

    @history.setter
    def history(self, value: Any) -> None:
        self._training.history = value

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as plain data; empty before `compile`."""
        return serialization.serialize_keras_object(self._training.config) if self.compiled else {}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` said.

        Args:
            config: What it returned.
        """
        if type(self).compile is not Compiling.compile:
            warnings.warn(
                f"{type(self).__name__} has a compile() of its own, so it was not compiled. Call compile(), or "
                "override get_compile_config() and compile_from_config().",
                UserWarning,
                stacklevel=2,
            )
            return
        self.compile(**serialization.deserialize_keras_object(config))
        if self.optimizer is not None and getattr(self, "built", False):
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]

    # --- programs

    def program(self, kind: str = "train", x: Any = None, y: Any = None, sample_weight: Any = None) -> Program:
        """The NumPy program of a step: `print(model.program("train"))` shows every line that is run.

        Args:
            kind: `"train"`, `"test"` (what `evaluate` runs), `"predict"`, or `"call"` (what `model(x)` runs).
            x: Inputs of the shape you want the program for. `None`: the program last used.
            y: Targets, with `x`.
            sample_weight: Weights, with `x`.

        Returns:
            The program; `str()` of it is its source.

        Raises:
            ValueError: If no such program has been made yet, or there is none because of `run_eagerly`.
        """
        if kind not in KINDS:
            raise unknown_name("program", kind, KINDS, got=f"program({kind!r})")
        if self.run_eagerly and kind != "call":
            raise ValueError(
                explain(
                    f"'{self.name}' runs eagerly, so it has no programs.",
                    got="compile(run_eagerly=True)",
                    expected="recorded steps",
                    fix="compile with run_eagerly=False",
                )
            )
        if x is not None and kind != "call":
            x, y, sample_weight = to_arrays(x, "x"), to_arrays(y, "y"), to_arrays(sample_weight, "sample_weight")
            number_of_samples(x, y, sample_weight)
            data = pack_x_y_sample_weight(x, y, sample_weight)
            if kind == "predict":
                self._build(data)
            else:
                self._assert_compiled("program")
                self._prepare(data)
            self._record(kind, self._function(kind, data), data)
        found = self._training.programs.get(kind)
        function = self._training.functions.get(kind)
        if found is None and isinstance(function, Compiled) and function.programs:
            found = list(function.programs.values())[-1]
        if found is None:
            call = {"train": "fit(x, y)", "test": "evaluate(x, y)", "predict": "predict(x)", "call": "model(x)"}[kind]
            raise ValueError(
                explain(
                    f"'{self.name}' has made no program {kind!r} yet.",
                    got=f"program({kind!r})",
                    expected="a program that has been run",
                    fix=f"call {call} first; the shapes come from the data",
                )
            )
        return found

    def make_train_function(self, force: bool = False) -> Any:
        """The function `f(data)` that runs `train_step`: a `Compiled`, or plain calls if `run_eagerly`.

        Args:
            force: Whether to record anew.
        """
        return self._function("train", force=force)

    def make_test_function(self, force: bool = False) -> Any:
        """The function `f(data)` that runs `test_step`.

        Args:
            force: Whether to record anew.
        """
        return self._function("test", force=force)

    def make_predict_function(self, force: bool = False) -> Any:
        """The function `f(data)` that runs `predict_step`.

        Args:
            force: Whether to record anew.
        """
        return self._function("predict", force=force)

    def _function(self, kind: str, data: Any = None, force: bool = False) -> Any:
        state = self._training
        if state.changes != changes[0]:
            state.functions.clear()  # a layer may not be what it was; the programs last run stay in sight
            state.changes = changes[0]
        function = None if force else state.functions.get(kind)
        if function is None:
            step = getattr(self, kind + "_step")
            function = (
                EagerStep(step)
                if state.run_eagerly
                else Compiled(step, kind, input_names(data), fuse=state.fused.get(kind, False))
            )
            state.functions[kind] = function
        return function

    def _record(self, kind: str, function: Compiled, data: Any) -> None:
        """Have the program for this data, made now if need be, as the one last used."""
        state = self._training
        state.programs[kind] = function.program(data)
        state.changes = changes[0]  # what the recording itself assigned is no change

    def _runner(self, kind: str, source: Source) -> Any:
        first = source.peek()
        function = self._function(kind, first)
        if isinstance(function, Compiled):
            self._record(kind, function, first)
            if isinstance(source, ArraySource):
                return ArrayRunner(function, source)
        return GatheringRunner(function, source) if isinstance(source, ArraySource) else DataRunner(function)

    # --- readiness

    def _assert_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(
                explain(
                    f"'{self.name}' is not compiled.",
                    got=f"{method}() before compile()",
                    expected="an optimizer and a loss",
                    fix="model.compile(optimizer='adam', loss='mse') first",
                )
            )

    def _build(self, data: Any) -> Any:
        """Build layers that are not built yet; returns the outputs' specs if it had to."""
        layers = self._all_layers()  # type: ignore[attr-defined]
        return None if all(layer.built for layer in layers) else self._outline(data)

    def _outline(self, data: Any) -> Any:
        """The outputs' shapes and dtypes, found without computing; builds what is not built."""
        x, _, _ = unpack_x_y_sample_weight(data)
        specs = tree.map_structure(lambda a: None if a is None else KerasTensor(a.shape, a.dtype, name="x"), x)
        try:
            return infer_specs(lambda inputs: self._forward(inputs, training=False), specs)
        except TracingError:
            if not self.run_eagerly:
                raise
            return self._forward(tree.map_structure(lambda a: None if a is None else convert(a), x), training=False)

    def _prepare(self, data: Any) -> None:
        """Build the layers, the loss, the metrics and the optimizer, as far as they are not built."""
        state = self._training
        parts = [p for p in (state.compile_loss, state.compile_metrics) if p is not None and not p.built]
        try:
            outputs = self._outline(data) if parts else self._build(data)
        except NotImplementedError:
            if type(self).train_step is Steps.train_step:
                raise
            return  # a model that is only a train_step of its own builds itself there
        _, y, _ = unpack_x_y_sample_weight(data)
        with not_tracking():
            for part in parts:
                part.build(y, outputs)
        if parts:
            state.outputs = outputs
        if state.optimizer is not None and not state.optimizer.built:
            state.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]

    def _check_targets(self, y: Any) -> None:
        """Let the losses look at the values of all targets."""
        state = self._training
        if y is not None and state.compile_loss is not None and state.outputs is not None:
            state.compile_loss.check_targets(y, state.outputs)


def input_names(data: Any) -> list[str]:
    """What to call the arrays of a batch in a program: `x, y, sample_weight`; several inputs by key or number."""
    names: list[str] = []
    for part, nest in zip(("x", "y", "sample_weight"), unpack_x_y_sample_weight(data), strict=True):
        if isinstance(nest, dict):
            keys = [f"{part}_{key}" for key in sorted(nest)]
        else:
            keys = [part] if not isinstance(nest, (tuple, list)) else [f"{part}_{i}" for i in range(len(nest))]
        leaves = tree.flatten(nest)
        if len(keys) != len(leaves):
            keys = [f"{part}_{i}" for i in range(len(leaves))]
        names += [key for key, leaf in zip(keys, leaves, strict=True) if leaf is not None]
    return ["".join(c if c.isalnum() else "_" for c in name) for name in names] or ["x"]
