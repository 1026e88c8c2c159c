"""The network of step 2 without its backward pass: `GradientTape` records the forward one and walks it back.

What is recorded is ordinary NumPy. And since the walk back is made of the same operations, it can be
recorded too: that gives second derivatives.
"""

import numpy as np

import babytf

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float64")
t = np.array([[0], [1], [1], [0]], dtype="float64")


def error(W, b, V, c):
    h = np.tanh(x @ W + b)
    y = 1 / (1 + np.exp(-(h @ V + c)))
    return np.mean(np.square(y - t))


def main():
    rng = np.random.default_rng(1)  # the same start as in step 2
    start = [rng.normal(size=(2, 4)), np.zeros(4), rng.normal(size=(4, 1)), np.zeros(1)]
    parameters = [babytf.Variable(value, dtype="float64") for value in start]

    for step in range(2001):
        with babytf.GradientTape() as tape:
            E = error(*parameters)
        gradients = tape.gradient(E, parameters)
        if step % 400 == 0:
            print(f"step {step:4d}: E = {E.item():.6f}")  # the numbers of step 2
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.assign_sub(1.0 * gradient)

    print("\nA tape inside a tape: y = tanh(z), its slope and its curvature")
    for start in (-1.0, 0.0, 0.5):
        z = babytf.Variable(start, dtype="float64")
        with babytf.GradientTape() as outer:
            with babytf.GradientTape() as inner:
                y = np.tanh(z)
            slope = inner.gradient(y, z)
        curvature = outer.gradient(slope, z)
        y = np.tanh(start)
        print(
            f"z = {start:+.1f}: y' = {slope.item():.9f} (1 - y^2 = {1 - y * y:.9f}), "
            f"y'' = {curvature.item():+.9f} (-2 y (1 - y^2) = {-2 * y * (1 - y * y):+.9f})"
        )


if __name__ == "__main__":
    main()
