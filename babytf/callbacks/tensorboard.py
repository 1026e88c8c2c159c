"""`TensorBoard`: curves, histograms and graphs for the viewer of that name. Read `event_file.py` for the files."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from babytf import check, config
from babytf.callbacks import learning_rates
from babytf.callbacks.callback import Callback
from babytf.callbacks.event_file import EventFile, check_installed
from babytf.callbacks.logs import batch_hook
from babytf.errors import explain


class TensorBoard(Callback):
    """Writes what `tensorboard --logdir logs` shows: results, learning rate, weights, the graph of the training step.

    Training is in the run `train`, validation in `validation`. Needs the extra `babytf[tensorboard]`.

    Args:
        log_dir: Directory for the files; not to be shared by two runs.
        histogram_freq: Every so many epochs, the distribution of each weight; 0: never.
        write_graph: Write the model, layer by layer, and the recorded training step, operation by operation.
        write_images: Write weights as pictures too, as often as histograms.
        write_steps_per_second: Write how fast training is.
        update_freq: `"epoch"`: results once per epoch. A number: those of training every so many batches as well;
            `"batch"`: every batch.
        profile_batch: Only 0: there is no profile to write.
        embeddings_freq: Every so many epochs, save the weights, and the embeddings for TensorBoard's projector.
        embeddings_metadata: A file of labels for the rows of an embedding, or a dict of them by the layer's name.

    Raises:
        ImportError: If the extra is not installed.
        ValueError: If an argument is out of its range, or `embeddings_metadata` names no embedding of the model.

    Example:
        >>> callback = TensorBoard("logs", histogram_freq=1)  # doctest: +SKIP
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | dict[str, str] | None = None,
    ) -> None:
        super().__init__()
        check_installed()
        if profile_batch:
            raise ValueError(
                explain(
                    "TensorBoard: `profile_batch` is not supported.",
                    got=f"profile_batch={profile_batch!r}",
                    expected="0",
                    fix="profile the program with cProfile; write_steps_per_second=True shows the pace",
                )
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = check.non_negative_int(self, histogram_freq=histogram_freq)
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: str | int = 1 if update_freq == "batch" else update_freq
        if self.update_freq != "epoch":
            check.positive_int(self, update_freq=self.update_freq)
        self.embeddings_freq = check.non_negative_int(self, embeddings_freq=embeddings_freq)
        self.embeddings_metadata = embeddings_metadata
        self._files: dict[str, EventFile] = {}
        self._batches = 0
        self._last = 0
        self._batch_time = 0.0
        self._epoch_time = 0.0
        self._epoch_iterations = 0
        self._in_fit = False

    @property
    def _by_batches(self) -> bool:
        return self.update_freq != "epoch"

    def get_state(self) -> dict[str, Any]:
        """How many batches there were."""
        return {"batches": self._batches, "last": self._last}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on counting."""
        self._batches, self._last = state["batches"], state["last"]

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.embeddings_freq:
            self._describe_embeddings()

    # --- files

    def _file(self, run: str) -> EventFile:
        """The events of `"train"` or `"validation"`; the file is begun when there is something to write."""
        if run not in self._files:
            self._files[run] = EventFile(os.path.join(self.log_dir, run))
        return self._files[run]

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    # --- moments

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._batches, self._in_fit = 0, True
        if self.write_graph:
            self._write_graph()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._in_fit = False
        self._close()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._last = 0
        self._epoch_time = self._batch_time = time.perf_counter()
        self._epoch_iterations = _iterations(self.model)

    @batch_hook(when="_by_batches")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        before = self._batches
        self._batches += batch + 1 - self._last
        self._last = batch + 1
        frequency = int(self.update_freq)
        if before // frequency == self._batches // frequency:
            return
        file = self._file("train")
        if self.write_steps_per_second:
            now = time.perf_counter()
            file.scalar("batch_steps_per_second", frequency / max(now - self._batch_time, 1e-9), self._batches)
            self._batch_time = now
        for name, value in _scalars(logs):
            file.scalar(f"batch_{name}", value, self._batches)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        file = self._file("validation")
        for name, value in _scalars(logs):
            file.scalar(f"evaluation_{name}_vs_iterations", value, _iterations(self.model))
        file.flush()
        if not self._in_fit:
            self._close()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        training = {name: value for name, value in (logs or {}).items() if not name.startswith("val_")}
        if self.model.optimizer is not None:
            learning_rates.report(self.model, training)
        if self.write_steps_per_second:
            seconds = max(time.perf_counter() - self._epoch_time, 1e-9)
            training["steps_per_second"] = (_iterations(self.model) - self._epoch_iterations) / seconds
        for name, value in _scalars(training):
            self._file("train").scalar(f"epoch_{name}", value, epoch)
        for name, value in _scalars(logs):
            if name.startswith("val_"):
                self._file("validation").scalar(f"epoch_{name[4:]}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings(epoch)
        for file in self._files.values():
            file.flush()

    # --- weights

    def _write_weights(self, epoch: int) -> None:
        file = self._file("train")
        for layer in self.model.layers:
            for weight in layer.weights:
                name, values = weight.path.replace(":", "_"), weight.numpy()
                file.histogram(f"{name}/histogram", values, epoch)
                if self.write_images:
                    for i, pixels in enumerate(pictures(values)):
                        file.image(f"{name}/image" + (f"/{i}" if i else ""), pixels, epoch)

    # --- graphs

    def _write_graph(self) -> None:
        file = self._file("train")
        try:
            text = self.model.to_json()
        except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
            warnings.warn(f"TensorBoard: the model is not drawn, as it has no JSON form: {error}", stacklevel=2)
        else:
            file.keras_model(text)
        program = self.model._training.programs.get("train")
        if program is not None and not self.model.run_eagerly:
            file.graph(operations(program.graph))
        file.flush()

    # --- embeddings

    def _embeddings(self) -> list[Any]:
        return [layer for layer in self.model._all_layers() if _is_embedding(layer)]

    def _describe_embeddings(self) -> None:
        """Tell the projector which files there will be."""
        labels, kinds = self.embeddings_metadata, self._embeddings()
        lines: list[str] = []
        if isinstance(labels, dict) and not labels.keys() <= {layer.name for layer in kinds}:
            raise ValueError(
                explain(
                    "TensorBoard: `embeddings_metadata` names layers that are no embeddings.",
                    got=", ".join(sorted(labels.keys() - {layer.name for layer in kinds})),
                    expected=", ".join(layer.name for layer in kinds) or "no names, as there are no embeddings",
                )
            )
        for layer in kinds:
            label = labels.get(layer.name) if isinstance(labels, dict) else labels
            lines += ["embeddings {", f'  tensor_name: "{layer.name}"', f'  tensor_path: "train/{layer.name}.tsv"']
            lines += [f'  metadata_path: "{label}"'] if label else []
            lines += ["}"]
        os.makedirs(self.log_dir, exist_ok=True)
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, ""]))

    def _write_embeddings(self, epoch: int) -> None:
        directory = os.path.join(self.log_dir, "train")
        os.makedirs(directory, exist_ok=True)
        self.model.save_weights(os.path.join(directory, f"keras_embedding.ckpt-{epoch}.weights.h5"))
        for layer in self._embeddings():
            np.savetxt(os.path.join(directory, f"{layer.name}.tsv"), np.asarray(layer.embeddings), delimiter="\t")


def _is_embedding(layer: Any) -> bool:
    return any(base.__name__ == "Embedding" for base in type(layer).__mro__)


def _iterations(model: Any) -> int:
    return int(getattr(model.optimizer, "iterations", 0))


def _scalars(logs: Mapping[str, Any] | None) -> Iterator[tuple[str, float]]:
    """The results that are single numbers."""
    for name, value in (logs or {}).items():
        if isinstance(value, (int, float, np.number)):
            yield name, float(value)


def pictures(weight: np.ndarray) -> Iterator[np.ndarray]:
    """A weight as pictures, scaled to 0 and 1: a vector as one row, a matrix lying, a stack of filters one by one.

    Args:
        weight: The weight; with more axes than three there is none, unless those are of length 1.
    """
    image = np.nan_to_num(np.squeeze(weight).astype("float64"), posinf=0.0, neginf=0.0)
    if image.ndim > 3 or not image.size:
        return
    if image.ndim == 2 and image.shape[0] > image.shape[1]:
        image = image.T
    if image.ndim == 3 and config.image_data_format() == "channels_last":
        image = np.moveaxis(image, 2, 0)
    low, high = image.min(), image.max()
    image = (image - low) / (high - low) if high > low else np.zeros_like(image)
    yield from image if image.ndim == 3 else [np.atleast_2d(image)]


def operations(graph: Any) -> Iterator[tuple[str, str, list[str], tuple[int, ...]]]:
    """The nodes of a recorded step: name (by layer), operation, inputs, shape.

    Args:
        graph: The graph of a program.
    """
    names: dict[int, str] = {}
    taken: dict[str, int] = {}

    def unique(name: str) -> str:
        taken[name] = taken.get(name, -1) + 1
        return f"{name}_{taken[name]}" if taken[name] else name

    def named(value: Any) -> Iterator[tuple[str, str, list[str], tuple[int, ...]]]:
        """What no node makes: data, variables, constants."""
        if id(value) not in names:
            label = value.payload.path if value.kind == "variable" else value.name or value.kind
            names[id(value)] = unique(label.replace(":", "_").replace(" ", "_") or value.kind)
            kind = {"input": "Placeholder", "variable": "Variable", "constant": "Const"}.get(value.kind, value.kind)
            yield names[id(value)], kind, [], value.spec.shape

    for value in graph.inputs:
        yield from named(value)
    for node in graph.nodes:
        for value in node.inputs:
            yield from named(value)
        scope = "/".join(label for label, _ in node.scopes)
        names[id(node.output)] = unique("/".join(part for part in (scope, node.row.name) if part))
        yield names[id(node.output)], node.row.name, [names[id(v)] for v in node.inputs], node.output.spec.shape
    for variable, value in graph.writes:
        yield from named(value)
        yield unique(f"{variable.path}/assign"), "Assign", [names[id(value)]], variable.shape
