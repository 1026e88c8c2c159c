"""Calls of layers with windows: Keras's results are recorded, babytf's are held against them.

`python tests/record/windows.py` records; `test_windows.py` compares.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FIRST = {"data_format": "channels_first"}
SIZES = {1: (11,), 2: (9, 7), 3: (7, 6, 5)}

# class, arguments, channels of the input
CALLS: list[tuple[str, dict[str, Any], int]] = []


def add(cls: str, channels: int, **arguments: Any) -> None:
    CALLS.append((cls, arguments, channels))


for n in (1, 2, 3):
    conv, transposed = f"Conv{n}D", f"Conv{n}DTranspose"
    for padding in ("valid", "same"):
        add(conv, 3, filters=4, kernel_size=3, padding=padding)
        add(conv, 3, filters=4, kernel_size=2, strides=2, padding=padding, use_bias=False)
        add(conv, 3, filters=4, kernel_size=3, dilation_rate=2, padding=padding)
        add(conv, 20, filters=4, kernel_size=4, strides=3, padding=padding, activation="relu")
        for strides in (1, 2, 3):
            add(transposed, 3, filters=4, kernel_size=3, strides=strides, padding=padding)
            add(transposed, 18, filters=17, kernel_size=2, strides=strides, padding=padding, use_bias=False)
        add(transposed, 3, filters=2, kernel_size=3, strides=2, padding=padding, output_padding=1)
        add(transposed, 3, filters=2, kernel_size=1, strides=2, padding=padding, activation="tanh")
        add(transposed, 3, filters=2, kernel_size=3, dilation_rate=2, padding=padding)
        for kind in ("Max", "Average"):
            add(f"{kind}Pooling{n}D", 3, pool_size=2, padding=padding)
            add(f"{kind}Pooling{n}D", 3, pool_size=3, strides=2, padding=padding)
            add(f"{kind}Pooling{n}D", 3, pool_size=2, strides=3, padding=padding)
    add(conv, 6, filters=4, kernel_size=3, groups=2)
    add(conv, 5, filters=4, kernel_size=1)
    add(conv, 40, filters=4, kernel_size=1, padding="same")
    for kind in ("Max", "Average"):
        add(f"Global{kind}Pooling{n}D", 3)
        add(f"Global{kind}Pooling{n}D", 3, keepdims=True)
        add(f"Adaptive{kind}Pooling{n}D", 3, output_size=3)
    add(f"ZeroPadding{n}D", 2, padding=2)
    add(f"Cropping{n}D", 2, cropping=1)
    add(f"UpSampling{n}D", 2, size=2)
for n in (1, 2):
    for padding in ("valid", "same"):
        add(f"DepthwiseConv{n}D", 3, kernel_size=3, padding=padding)
        add(f"DepthwiseConv{n}D", 3, kernel_size=2, strides=2, padding=padding, depth_multiplier=2)
        add(f"SeparableConv{n}D", 3, filters=4, kernel_size=3, padding=padding, depth_multiplier=2)
    add(f"DepthwiseConv{n}D", 3, kernel_size=2, dilation_rate=2)
    add(f"SeparableConv{n}D", 3, filters=4, kernel_size=3, strides=2, activation="relu")
add("Conv1D", 3, filters=4, kernel_size=3, padding="causal", dilation_rate=2)
add("Conv1D", 3, filters=4, kernel_size=3, padding="causal", strides=2)
add("Conv2D", 3, filters=4, kernel_size=(3, 1), strides=(1, 2), padding="same")
add("Conv2DTranspose", 3, filters=4, kernel_size=(3, 2), strides=(1, 2), padding="same", output_padding=(0, 1))
add("ZeroPadding1D", 2, padding=(1, 3))
add("ZeroPadding2D", 2, padding=(1, 3))
add("ZeroPadding2D", 2, padding=((1, 2), (0, 3)))
add("ZeroPadding3D", 2, padding=(1, 0, 2))
add("Cropping1D", 2, cropping=(0, 3))
add("Cropping2D", 2, cropping=((1, 2), (0, 3)))
add("Cropping3D", 2, cropping=(1, 0, 2))
for interpolation in ("bilinear", "bicubic", "lanczos3", "lanczos5"):
    add("UpSampling2D", 2, size=(2, 3), interpolation=interpolation)
for cls, arguments, channels in list(CALLS):  # some of them again, with the channels first
    same = arguments.get("padding") == "same" and arguments.get("kernel_size", 3) == 3
    fits = same or cls.startswith(("Global", "Adaptive", "Zero", "UpSampling2D", "Cropping2D"))
    if fits and cls not in ("Cropping1D", "UpSampling1D") and arguments.get("strides", 1) < 3:
        add(cls, channels, **arguments, **FIRST)


def label(call: tuple[str, dict[str, Any], int]) -> str:
    cls, arguments, channels = call
    return f"{cls}({', '.join(f'{k}={v}' for k, v in arguments.items())}) of {channels}"


def run(layers: Any, call: tuple[str, dict[str, Any], int]) -> tuple[Any, Any, np.ndarray]:
    """The layer, its output for drawn input, and the input."""
    cls, arguments, channels = call
    rank = next(int(c) for c in cls if c.isdigit())
    size = SIZES[rank]
    shape = (2, channels, *size) if arguments.get("data_format") == "channels_first" else (2, *size, channels)
    rng = np.random.default_rng(len(label(call)))
    x = rng.normal(size=shape).astype("float32")
    layer = getattr(layers, cls)(**arguments)
    layer.build(shape)
    layer.set_weights([rng.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    return layer, layer(x), x


def digest(y: Any) -> np.ndarray:
    """Enough of an array to tell it by: its shape, some of its elements, and a sum in which each counts its own."""
    y = np.asarray(y, "float64")
    step = -(-y.size // 100)
    told = (y * np.sin(np.arange(y.size)).reshape(y.shape)).sum()
    return np.float32([*y.shape, told, *y.reshape(-1)[::step]])
