"""The network of steps 2 and 3 as a Keras program: layers hold the weights, `fit` does the loop.

Give it the same start and plain descent over the whole batch, and `fit` walks the same path as the loop
that was written by hand.
"""

import numpy as np

import babytf as keras

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
t = np.array([[0], [1], [1], [0]], dtype="float32")


def main():
    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            keras.layers.Dense(4, activation="tanh", name="hidden"),
            keras.layers.Dense(1, activation="sigmoid", name="output"),
        ],
        name="xor",
    )
    model.summary()

    rng = np.random.default_rng(1)  # the same start as in step 2
    model.set_weights([rng.normal(size=(2, 4)), np.zeros(4), rng.normal(size=(4, 1)), np.zeros(1)])

    model.compile(optimizer=keras.optimizers.SGD(learning_rate=1.0), loss="mean_squared_error")
    history = model.fit(x, t, batch_size=4, epochs=2001, verbose=0)
    for step in range(0, 2001, 400):
        print(f"step {step:4d}: E = {history.history['loss'][step]:.6f}")  # the numbers of step 2

    for inputs, output in zip(x, model.predict(x, verbose=0), strict=True):
        print(f"{inputs[0]:.0f} xor {inputs[1]:.0f} = {output[0]:.3f}")


if __name__ == "__main__":
    main()
