"""Train, save, load and predict for a long time, and see whether memory grows.

    python benchmarks/soak.py --minutes 10
    python benchmarks/soak.py --minutes 1 --output soak.json      # a smoke test

Each cycle fits a model with callbacks and changing batch sizes, evaluates and predicts, saves and loads it, and goes on
with the loaded one; every few cycles it starts a new model. After every cycle the resident memory (RSS) and the number
of live Python objects are noted. The first third of the time is warm-up. Through what comes after it a line is laid by
least squares. The exit status is 1 if memory grows by more than `--megabytes` an hour, or objects by more than
`--objects` a cycle, and the growth seen is larger than the noise about the line (and, of memory, than 5 MB: so a
run of one minute sees only what leaks fast).
"""

import argparse
import gc
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import machine
import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent))  # after PYTHONPATH: another copy may be meant

BATCHES = (16, 32, 50, 64, 100, 128)
WARM = 1 / 3  # of the time
NEW_MODEL = 5  # cycles
LEAST = 5.0  # MB: less is what the allocators of C take and keep, and no growth yet


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--megabytes", type=float, default=60.0, help="allowed growth in MB an hour (default: 60)")
    parser.add_argument("--objects", type=float, default=5.0, help="allowed growth in objects a cycle (default: 5)")
    parser.add_argument("--numba", action="store_true", help="with Numba's fused loops")
    parser.add_argument("--output", type=Path, help="write the samples to this JSON file")
    args = parser.parse_args()
    for option in ("minutes", "megabytes", "objects"):
        if getattr(args, option) <= 0:
            parser.error(f"--{option} must be above 0, got {getattr(args, option)}")
    return args


def resident():
    """Return the bytes this process holds in memory now."""
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def new_model(keras, cycle):
    """Return a compiled model; its optimizer and its dropout change from one to the next."""
    layers = keras.layers
    optimizers = keras.optimizers
    optimizer = (optimizers.Adam(0.001), optimizers.SGD(0.01, momentum=0.9), optimizers.RMSprop(0.001))[cycle % 3]
    model = keras.Sequential(
        [
            keras.Input(shape=(64,)),
            layers.Dense(96, activation="relu"),
            layers.Dropout((0.0, 0.3)[cycle % 2]),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def cycle_of(keras, model, x, y, folder, chance):
    """Do what users do with a model, once; return the model as it came back from its file."""
    path = folder / "best.keras"
    callbacks = [
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(path, save_best_only=False),
        keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1),
        keras.callbacks.CSVLogger(folder / "log.csv"),
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: logs["loss"]),
    ]
    batch = chance.choice(BATCHES)
    model.fit(
        x,
        y,
        batch_size=batch,
        epochs=2,
        validation_split=0.1,
        callbacks=callbacks,
        verbose=0,
        shuffle=chance.random() < 0.8,
    )
    model.evaluate(x, y, batch_size=chance.choice(BATCHES), verbose=0)
    model.predict(x[: chance.choice(BATCHES)], verbose=0)
    model(x[:1])
    model.train_on_batch(x[:batch], y[:batch])
    model.save_weights(folder / "w.weights.h5")
    model.load_weights(folder / "w.weights.h5")
    return keras.saving.load_model(path)


def line_through(x, y):
    """Return `(slope, noise)` of the line of least squares: noise is the standard deviation about it."""
    slope, start = statistics.linear_regression(x, y)
    return slope, statistics.pstdev([b - start - slope * a for a, b in zip(x, y, strict=True)])


def verdict(samples, args):
    """Return what the samples after the warm-up say; `growing` names what grows, if anything does."""
    after = [s for s in samples if s["seconds"] >= WARM * args.minutes * 60]
    if len(after) < 4:
        raise SystemExit(f"too short: {len(after)} cycles after the warm-up, and 4 are needed; give more --minutes")
    hours = [s["seconds"] / 3600 for s in after]
    cycles = [float(s["cycle"]) for s in after]
    memory, memory_noise = line_through(hours, [s["bytes"] / 1e6 for s in after])
    objects, objects_noise = line_through(cycles, [float(s["objects"]) for s in after])
    growing = []
    # a slope counts only if it lifts the end above the noise: in a minute, one page more is much an hour
    if memory > args.megabytes and memory * (hours[-1] - hours[0]) > max(3 * memory_noise, LEAST):
        growing.append("memory")
    if objects > args.objects and objects * (cycles[-1] - cycles[0]) > 3 * objects_noise:
        growing.append("objects")
    return {
        "cycles": len(samples),
        "cycles_after_warm_up": len(after),
        "megabytes_at_warm": round(after[0]["bytes"] / 1e6, 1),
        "megabytes_at_end": round(after[-1]["bytes"] / 1e6, 1),
        "megabytes_an_hour": round(memory, 2),
        "objects_a_cycle": round(objects, 2),
        "objects_at_end": after[-1]["objects"],
        "growing": growing,
    }


def run(args, folder):
    """Return one sample per cycle."""
    import babytf as keras

    chance, rng = random.Random(0), np.random.default_rng(0)
    x, y = rng.normal(size=(1000, 64)).astype("float32"), rng.integers(10, size=1000)
    samples, start, told = [], time.perf_counter(), 0.0
    model = None
    while (now := time.perf_counter() - start) < args.minutes * 60:
        if len(samples) % NEW_MODEL == 0:
            model = new_model(keras, len(samples) // NEW_MODEL)
        model = cycle_of(keras, model, x, y, folder, chance)
        gc.collect()
        now = time.perf_counter() - start
        samples.append({"cycle": len(samples), "seconds": now, "bytes": resident(), "objects": len(gc.get_objects())})
        if now - told > 10:
            told = now
            last = samples[-1]
            print(
                f"{now:6.0f} s  cycle {last['cycle']:5d}  {last['bytes'] / 1e6:7.1f} MB  {last['objects']:8d} objects"
            )
            sys.stdout.flush()
    return samples


def main():
    args = parse_arguments()
    if not args.numba:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        samples = run(args, Path(folder))
    found = verdict(samples, args)
    for key, value in found.items():
        print(f"{key.replace('_', ' '):22s} {value}")
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        report = {**machine.facts(dict(os.environ)), **found, "samples": samples}
        args.output.write_text(json.dumps(report, indent=1) + "\n")
    if found["growing"]:
        print(
            f"FAILED: {' and '.join(found['growing'])} grew by more than {args.megabytes:g} MB an hour or "
            f"{args.objects:g} objects a cycle"
        )
        raise SystemExit(1)
    print("passed")


if __name__ == "__main__":
    main()
