"""Train a digit classifier on the full MNIST, then look at what it gets wrong.

Change the import to `import keras` and the same program runs on Keras.

    python examples/mnist.py
    python examples/mnist.py --epochs 2 --output somewhere
"""

import argparse
import time
from pathlib import Path

import numpy as np

import babytf as keras

HERE = Path(__file__).resolve().parent


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=positive, default=12, help="passes over the training images (default: 12)")
    parser.add_argument("--batch-size", type=positive, default=128, help="images per step (default: 128)")
    parser.add_argument("--data", type=Path, default=HERE / "data" / "mnist.npz", help="an npz file in Keras's layout")
    parser.add_argument("--seed", type=int, default=0, help="one seed gives one result (default: 0)")
    parser.add_argument("--output", type=Path, default=Path("."), help="folder for the model and the pictures")
    return parser.parse_args()


def load_data(path):
    """Return (x_train, y_train), (x_test, y_test): images as uint8 (N, 28, 28), labels 0 to 9."""
    if not path.is_file():
        raise SystemExit(
            f"{path}: no such file. Pass --data with MNIST as an npz file (x_train, y_train, x_test, y_test)."
        )
    with np.load(path) as data:
        missing = {"x_train", "y_train", "x_test", "y_test"} - set(data.files)
        if missing:
            raise SystemExit(f"{path}: no array named {', '.join(sorted(missing))}; it has {', '.join(data.files)}.")
        return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])


def build_model():
    """Return two hidden layers of 512 units; the last layer gives ten logits."""
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28)),
            keras.layers.Flatten(),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ],
        name="mnist",
    )


def print_confusions(labels, guesses):
    """Print, digit by digit, how many were misread and as what."""
    print("\n digit  images  misread  recall   mistaken for")
    for digit in range(10):
        is_digit = labels == digit
        wrong = guesses[is_digit & (guesses != digit)]
        counts = np.bincount(wrong, minlength=10)
        worst = [f"{other} ({counts[other]}x)" for other in np.argsort(-counts, kind="stable") if counts[other]]
        images = np.count_nonzero(is_digit)
        recall = f"{1 - len(wrong) / images:7.2%}" if images else "      -"
        print(f"{digit:6d} {images:7d} {len(wrong):8d} {recall}   {', '.join(worst[:4])}")


def draw_misread(images, labels, guesses, confidence, path):
    """Write a picture of up to 30 misread digits, the most confident mistakes first."""
    from matplotlib.figure import Figure

    wrong = np.flatnonzero(guesses != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:30]
    figure = Figure(figsize=(10, 7), layout="constrained")
    figure.suptitle(f"Misread digits: true → read ({len(wrong)} of {np.count_nonzero(guesses != labels)})")
    for place, i in enumerate(wrong):
        axes = figure.add_subplot(5, 6, place + 1)
        axes.imshow(images[i], cmap="gray_r")
        axes.set_title(f"{labels[i]} → {guesses[i]}  {confidence[i]:.0%}", fontsize=9)
        axes.set_axis_off()
    figure.savefig(path, dpi=120)


def draw_curves(history, path):
    """Write the learning curves: loss and accuracy by epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    for place, key in enumerate(("loss", "accuracy")):
        axes = figure.add_subplot(1, 2, place + 1)
        epochs = np.arange(1, len(history[key]) + 1)
        axes.plot(epochs, history[key], marker=".", label="training (with dropout)")
        axes.plot(epochs, history["val_" + key], marker=".", label="validation")
        axes.set_xlabel("epoch")
        axes.set_ylabel(key)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)


def main():
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(args.seed)
    (x_train, y_train), (x_test, y_test) = load_data(args.data)

    model = build_model()
    model.summary()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def decay(epoch, logs=None):
        """Lower the learning rate along half a cosine: big steps first, fine ones last."""
        model.optimizer.learning_rate = 1e-3 * 0.5 * (1 + np.cos(np.pi * epoch / args.epochs))

    start = time.perf_counter()
    history = model.fit(
        x_train,
        y_train,
        batch_size=args.batch_size,
        epochs=args.epochs,
        validation_split=0.1,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=decay)],
    )
    print(f"trained {args.epochs} epochs in {time.perf_counter() - start:.1f} s")

    loss, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)
    print(f"test loss {loss:.4f}, test accuracy {accuracy:.2%}")

    path = args.output / "mnist.keras"
    model.save(path)
    reloaded = keras.models.load_model(path)
    logits = reloaded.predict(x_test, batch_size=500, verbose=0)
    same = np.array_equal(logits, model.predict(x_test, batch_size=500, verbose=0))
    print(f"saved {path} and loaded it again: predictions {'identical' if same else 'DIFFER'}")

    guesses = np.argmax(logits, axis=-1)
    print_confusions(y_test, guesses)

    try:
        import matplotlib  # noqa: F401
    except ImportError:
        print("\n(matplotlib is not installed: no pictures)")
        return
    probabilities = np.exp(logits - logits.max(axis=-1, keepdims=True))
    confidence = probabilities.max(axis=-1) / probabilities.sum(axis=-1)
    draw_misread(x_test, y_test, guesses, confidence, args.output / "mnist_misread.png")
    draw_curves(history.history, args.output / "mnist_curves.png")
    print(f"\npictures: {args.output / 'mnist_misread.png'}, {args.output / 'mnist_curves.png'}")


if __name__ == "__main__":
    main()
