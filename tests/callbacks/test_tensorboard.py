"""TensorBoard: what its own reader finds in the files."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import zlib

import numpy as np
import pytest

import babytf as keras
from babytf.callbacks import CallbackList, TensorBoard
from babytf.callbacks.event_file import png
from babytf.callbacks.tensorboard import pictures

pytest.importorskip("tensorboardX")
reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Embedding(keras.layers.Layer):
    def build(self, input_shape):
        self.embeddings = self.add_weight(shape=(5, 3), initializer="ones", name="embeddings")

    def call(self, x):
        return keras.ops.take(self.embeddings, keras.ops.cast(x, "int32"), axis=0)


def make(embedding=False):
    first = [Embedding(name="words"), keras.layers.Flatten()] if embedding else []
    model = keras.Sequential(
        [keras.layers.Input((2,)), *first, keras.layers.Dense(3, name="hidden"), keras.layers.Dense(1, name="out")]
    )
    model.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return model


def fit(directory, model=None, epochs=3, validate=True, **arguments):
    x = np.ones((10, 2), "float32")
    model = model or make()
    validation = {"validation_data": (x, x[:, :1])} if validate else {}
    callback = TensorBoard(directory, **arguments)
    history = model.fit(x, x[:, :1], batch_size=4, epochs=epochs, verbose=0, callbacks=[callback], **validation)
    return model, history.history


def events(directory, run="train"):
    found = reader.EventAccumulator(str(directory / run), size_guidance={"images": 0, "histograms": 0, "scalars": 0})
    found.Reload()
    return found


def curve(found, tag):
    return [(event.step, event.value) for event in found.Scalars(tag)]


def test_results_of_epochs(tmp_path):
    _, history = fit(tmp_path)
    train, validation = events(tmp_path), events(tmp_path, "validation")
    assert set(train.Tags()["scalars"]) == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}
    for found, prefix in ((train, ""), (validation, "val_")):
        for name in ("loss", "mae"):
            expected = [(i, np.float32(v)) for i, v in enumerate(history[prefix + name])]
            assert curve(found, f"epoch_{name}") == expected
    assert curve(train, "epoch_learning_rate") == [(i, np.float32(0.01)) for i in range(3)]
    steps = [3, 6, 9]  # 3 batches an epoch
    assert curve(validation, "evaluation_loss_vs_iterations") == list(
        zip(steps, np.float32(history["val_loss"]), strict=True)
    )


def test_nothing_else_unless_asked_for(tmp_path):
    fit(tmp_path, validate=False, write_graph=False)
    assert os.listdir(tmp_path) == ["train"]
    tags = events(tmp_path).Tags()
    assert not tags["graph"]
    assert not tags["tensors"]
    assert not tags["histograms"]
    assert not tags["images"]


@pytest.mark.parametrize(
    ("update_freq", "steps"), [("epoch", []), ("batch", list(range(1, 10))), (1, list(range(1, 10))), (4, [4, 8])]
)
def test_update_freq(update_freq, steps, tmp_path):
    fit(tmp_path, update_freq=update_freq)
    found = events(tmp_path)
    assert ("batch_loss" in found.Tags()["scalars"]) == bool(steps)
    if steps:
        assert [step for step, _ in curve(found, "batch_loss")] == steps
        assert [step for step, _ in curve(found, "batch_mae")] == steps


def test_a_step_is_looked_at_only_when_it_is_written():
    assert not CallbackList([TensorBoard()]).listens("train_batch_end")
    callbacks = CallbackList([TensorBoard(update_freq=100)])
    callbacks.on_train_batch_end(0, keras.callbacks.logs.Logs(lambda: pytest.fail("the numbers were read")))


def test_steps_per_second(tmp_path):
    fit(tmp_path, write_steps_per_second=True, update_freq=2)
    found = events(tmp_path)
    assert [step for step, _ in curve(found, "batch_steps_per_second")] == [2, 4, 6, 8]
    assert [step for step, _ in curve(found, "epoch_steps_per_second")] == [0, 1, 2]
    assert all(value > 0 for tag in ("batch", "epoch") for _, value in curve(found, f"{tag}_steps_per_second"))


def test_histograms(tmp_path):
    model, _ = fit(tmp_path, histogram_freq=2)
    found = events(tmp_path)
    names = [weight.path for weight in model.weights]
    assert found.Tags()["histograms"] == [f"{name}/histogram" for name in names]
    written = found.Histograms(f"{names[0]}/histogram")
    assert [event.step for event in written] == [0, 2]
    last, values = written[-1].histogram_value, model.weights[0].numpy()
    assert (last.num, last.min, last.max) == (6, values.min(), values.max())
    assert last.sum == pytest.approx(values.sum(dtype="float64"))
    assert last.sum_squares == pytest.approx(np.square(values, dtype="float64").sum())
    assert sum(last.bucket) == 6
    assert last.bucket_limit[-1] == pytest.approx(values.max())


def test_weights_that_are_not_finite(tmp_path):
    model = make()
    model.set_weights([np.full(w.shape, np.nan) for w in model.get_weights()])
    fit(tmp_path, model, 1, histogram_freq=1, write_images=True)
    assert events(tmp_path).Tags()["histograms"] == []


def test_images(tmp_path):
    model, _ = fit(tmp_path, epochs=1, histogram_freq=1, write_images=True)
    found = events(tmp_path)
    assert found.Tags()["images"] == [f"{weight.path}/image" for weight in model.weights]
    (kernel,) = found.Images(f"{model.weights[0].path}/image")
    assert (kernel.width, kernel.height) == (3, 2)
    assert kernel.encoded_image_string.startswith(b"\x89PNG")


def test_pictures_of_weights():
    assert [p.shape for p in pictures(np.ones(4))] == [(1, 4)]
    assert [p.shape for p in pictures(np.ones((5, 2)))] == [(2, 5)]
    assert [p.shape for p in pictures(np.ones((3, 4, 1, 2)))] == [(3, 4), (3, 4)]
    assert list(pictures(np.ones((2, 2, 2, 2)))) == []
    assert next(pictures(np.array([1.0, 2.0, 3.0]))).tolist() == [[0.0, 0.5, 1.0]]


def test_png_by_hand():
    data = png(np.array([[[0.0], [1.0]], [[0.5], [2.0]]]))
    assert data[16:24] == b"\0\0\0\2\0\0\0\2"
    rows = zlib.decompress(data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8])
    assert rows == bytes([0, 0, 255, 0, 128, 255])


def test_the_graph(tmp_path):
    fit(tmp_path)
    found = events(tmp_path)
    nodes = {node.name: node for node in found.Graph().node}
    assert all(name.partition(":")[0] in nodes for node in nodes.values() for name in node.input)
    assert nodes["x"].op == "Placeholder"
    products = [node for node in nodes.values() if node.op == "matmul" and "hidden" in node.name]
    assert products
    assert "x" in products[0].input
    assert any(node.op == "Assign" for node in nodes.values())
    # the model layer by layer, by TensorBoard's own reading
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def

    (tensor,) = found.Tensors("keras")
    layers = keras_model_to_graph_def(json.loads(tensor.tensor_proto.string_val[0])).node
    assert [layer.name.rpartition("/")[2] for layer in layers][-2:] == ["hidden", "out"]
    assert layers[-1].input[0].endswith("hidden")


def test_a_model_without_json_and_without_programs(tmp_path):
    class Net(keras.Model):
        def __init__(self, secret):
            super().__init__()
            self.out = keras.layers.Dense(1)

        def to_json(self, **kwargs):
            raise NotImplementedError("no config")

        def call(self, x):
            return self.out(x)

    net = Net(secret=object())
    net.compile("sgd", "mse", run_eagerly=True)
    with pytest.warns(UserWarning, match="not drawn, as it has no JSON form: no config"):
        fit(tmp_path, net, 1)
    assert not events(tmp_path).Tags()["graph"]


def test_evaluate_alone(tmp_path):
    x = np.ones((4, 2), "float32")
    model = make()
    callback = TensorBoard(tmp_path)
    loss = model.evaluate(x, x[:, :1], verbose=0, callbacks=[callback], return_dict=True)["loss"]
    assert curve(events(tmp_path, "validation"), "evaluation_loss_vs_iterations") == [(0, np.float32(loss))]
    assert callback._files == {}


def test_embeddings(tmp_path):
    model, _ = fit(tmp_path, make(embedding=True), embeddings_freq=2, embeddings_metadata={"words": "words.tsv"})
    text = (tmp_path / "projector_config.pbtxt").read_text()
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    (config,) = text_format.Parse(text, ProjectorConfig()).embeddings
    assert (config.tensor_name, config.metadata_path) == ("words", "words.tsv")
    table = np.loadtxt(tmp_path / config.tensor_path, delimiter="\t")
    np.testing.assert_allclose(table, model.get_layer("words").embeddings.numpy(), rtol=1e-6)
    saved = sorted(name for name in os.listdir(tmp_path / "train") if name.endswith(".h5"))
    assert saved == ["keras_embedding.ckpt-0.weights.h5", "keras_embedding.ckpt-2.weights.h5"]
    fit(tmp_path / "all", make(embedding=True), 1, embeddings_freq=1, embeddings_metadata="all.tsv")
    assert 'metadata_path: "all.tsv"' in (tmp_path / "all" / "projector_config.pbtxt").read_text()
    with pytest.raises(ValueError, match=r"names layers that are no embeddings(.|\n)*wordz(.|\n)*words"):
        fit(tmp_path / "bad", make(embedding=True), embeddings_freq=1, embeddings_metadata={"wordz": "x"})


def test_two_fits_in_one_second_keep_both(tmp_path):
    fit(tmp_path, epochs=1)
    fit(tmp_path, epochs=1)
    assert len(os.listdir(tmp_path / "train")) == 2


def test_bad_arguments():
    with pytest.raises(ValueError, match="profile_batch=5"):
        TensorBoard(profile_batch=5)
    for bad in ({"histogram_freq": -1}, {"update_freq": 0}, {"update_freq": "epochs"}, {"embeddings_freq": 0.5}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            TensorBoard(**bad)


def test_without_the_extra(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboardX" else real(name))
    with pytest.raises(ImportError, match=r"pip install 'babytf\[tensorboard\]'"):
        TensorBoard()


def test_it_is_imported_when_used():
    assert "tensorboardX" in sys.modules  # by importorskip above; the library itself asks only in EventFile
    source = importlib.util.find_spec("babytf.callbacks.event_file").loader.get_source("babytf.callbacks.event_file")
    assert "\nfrom tensorboardX" not in source
    assert "\nimport tensorboardX" not in source
