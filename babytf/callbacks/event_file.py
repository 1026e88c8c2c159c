"""`EventFile`: what TensorBoard reads. Record framing and message types are the package tensorboardX's."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from babytf.errors import explain

BINS = 30
_numbers = itertools.count()


def check_installed() -> None:
    """Refuse to begin without the package that writes events.

    Raises:
        ImportError: If it is not there.
    """
    import importlib.util

    if importlib.util.find_spec("tensorboardX") is None:
        raise ImportError(
            explain(
                "TensorBoard needs the package tensorboardX, which writes event files.",
                fix="pip install 'babytf[tensorboard]'",
            )
        )


class EventFile:
    """A file of events in a directory.

    Args:
        directory: Where; it is made if need be.
    """

    def __init__(self, directory: str) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2, summary_pb2

        os.makedirs(directory, exist_ok=True)
        self._events, self._summaries = event_pb2, summary_pb2
        # Processes and writers that begin in the same second have files of their own.
        suffix = f".{os.getpid()}.{next(_numbers)}"
        self._writer = EventsWriter(os.path.join(directory, "events"), suffix)

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A number of a curve."""
        self._add(step, tag=tag, simple_value=float(value))

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """How numbers are distributed; those that are not finite are left out."""
        flat = np.asarray(values, "float64").ravel()
        flat = flat[np.isfinite(flat)]
        if not flat.size:
            return
        counts, edges = np.histogram(flat, BINS)
        histogram = self._summaries.HistogramProto(
            min=flat.min(),
            max=flat.max(),
            num=flat.size,
            sum=flat.sum(),
            sum_squares=np.square(flat).sum(),
            bucket_limit=edges[1:].tolist(),
            bucket=counts.tolist(),
        )
        self._add(step, tag=tag, histo=histogram)

    def image(self, tag: str, pixels: np.ndarray, step: int) -> None:
        """A picture.

        Args:
            tag: Its name.
            pixels: Numbers from 0 to 1: `(H, W)`, or `(H, W, C)` with 1, 3 or 4 channels.
            step: The step.
        """
        pixels = np.atleast_3d(pixels)
        height, width, channels = pixels.shape
        image = self._summaries.Summary.Image(
            height=height, width=width, colorspace=channels, encoded_image_string=png(pixels)
        )
        self._add(step, tag=tag, image=image)

    def keras_model(self, text: str) -> None:
        """A model as JSON, which TensorBoard draws layer by layer.

        Args:
            text: What `to_json` returned.
        """
        from tensorboardX.proto import tensor_pb2, tensor_shape_pb2

        plugin = self._summaries.SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
        tensor = tensor_pb2.TensorProto(
            dtype="DT_STRING", string_val=[text.encode()], tensor_shape=tensor_shape_pb2.TensorShapeProto()
        )
        metadata = self._summaries.SummaryMetadata(plugin_data=plugin)
        self._add(0, tag="keras", tensor=tensor, metadata=metadata)

    def graph(self, nodes: Iterable[tuple[str, str, list[str], tuple[int, ...]]]) -> None:
        """A graph of operations.

        Args:
            nodes: Name, operation, names of the inputs, and shape of the result.
        """
        from tensorboardX.proto import attr_value_pb2, graph_pb2, node_def_pb2, tensor_shape_pb2, versions_pb2

        made = []
        for name, operation, inputs, shape in nodes:
            dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in shape]
            shapes = attr_value_pb2.AttrValue.ListValue(shape=[tensor_shape_pb2.TensorShapeProto(dim=dims)])
            attributes = {"_output_shapes": attr_value_pb2.AttrValue(list=shapes)}
            made.append(node_def_pb2.NodeDef(name=name, op=operation, input=inputs, attr=attributes))
        graph = graph_pb2.GraphDef(node=made, versions=versions_pb2.VersionDef(producer=22))
        self._write(self._events.Event(graph_def=graph.SerializeToString()))

    def _add(self, step: int, **value: Any) -> None:
        summary = self._summaries.Summary(value=[self._summaries.Summary.Value(**value)])
        self._write(self._events.Event(summary=summary, step=int(step)))

    def _write(self, event: Any) -> None:
        event.wall_time = time.time()
        self._writer.write_event(event)

    def flush(self) -> None:
        """Have everything in the file."""
        self._writer.flush()

    def close(self) -> None:
        """Nothing more comes."""
        self._writer.close()


def png(pixels: np.ndarray) -> bytes:
    """A PNG file.

    Args:
        pixels: `(H, W, C)` from 0 to 1, with 1, 3 or 4 channels.
    """
    import struct  # needed for pictures only
    import zlib

    height, width, channels = pixels.shape
    rows = np.clip(np.rint(np.nan_to_num(pixels) * 255.0), 0, 255).astype(np.uint8).reshape(height, -1)
    raw = np.insert(rows, 0, 0, axis=1).tobytes()  # each row says first that it is not filtered
    kind = {1: 0, 3: 2, 4: 6}[channels]

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
