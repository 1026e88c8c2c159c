"""What `fit` runs: the training step as straight-line NumPy, printed.

The first batch is traced: forward pass, loss, backward pass and optimizer are recorded as one graph, and the
graph is written out as a Python function. That function runs for every batch that follows. Read it next to
step 2: the same lines are there, with the names of the layers.
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
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=1.0), loss="mean_squared_error")
    model.fit(x, t, batch_size=4, epochs=1, verbose=0)
    print(model.program("train"))


if __name__ == "__main__":
    main()
