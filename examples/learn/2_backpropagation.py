"""A hidden layer learns XOR, which no single neuron can: plain NumPy, the chain rule by hand.

The forward pass goes from the inputs to the error and keeps what it computed. The backward pass goes the
other way and carries one thing, the derivative of the error with respect to where it stands. That is all
backpropagation is. Step 3 lets the library do it.
"""

import numpy as np

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float64")  # (B, 2)
t = np.array([[0], [1], [1], [0]], dtype="float64")  # (B, 1)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def start(seed=1):
    """Return the weights and biases of both layers."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(2, 4)), np.zeros(4), rng.normal(size=(4, 1)), np.zeros(1)]


def forward(parameters):
    W, b, V, c = parameters
    h = np.tanh(x @ W + b)  # (B, 2) @ (2, 4) -> (B, 4)
    y = sigmoid(h @ V + c)  # (B, 4) @ (4, 1) -> (B, 1)
    return h, y, np.mean((y - t) ** 2)


def backward(parameters, h, y):
    """Return dE/dp for each parameter p; `g` is dE/d(what the line above it computed)."""
    V = parameters[2]
    g = 2 * (y - t) / y.size  # E = mean (y - t)^2
    g = g * y * (1 - y)  # y = sigmoid(z), and sigmoid' = y (1 - y)
    dV, dc = h.T @ g, g.sum(axis=0)  # z = h V + c
    g = g @ V.T
    g = g * (1 - h * h)  # h = tanh(a), and tanh' = 1 - h^2
    dW, db = x.T @ g, g.sum(axis=0)  # a = x W + b
    return [dW, db, dV, dc]


def central_difference(parameters, which, entry, step=1e-6):
    """Return dE/d(one entry) with no chain rule: move it both ways and look."""
    errors = []
    for sign in (+1, -1):
        moved = [p.copy() for p in parameters]
        moved[which][entry] += sign * step
        errors.append(forward(moved)[2])
    return (errors[0] - errors[1]) / (2 * step)


def main():
    parameters = start()
    h, y, _ = forward(parameters)
    gradients = backward(parameters, h, y)
    print("is the chain rule right?   by hand      by central difference")
    for which, entry, name in ((0, (0, 0), "dE/dW11"), (0, (1, 3), "dE/dW24"), (2, (2, 0), "dE/dV31")):
        print(f"  {name}        {gradients[which][entry]:+.9f}    {central_difference(parameters, which, entry):+.9f}")

    for step in range(2001):
        h, y, error = forward(parameters)
        if step % 400 == 0:
            print(f"step {step:4d}: E = {error:.6f}")
        parameters = [p - 1.0 * g for p, g in zip(parameters, backward(parameters, h, y), strict=True)]
    for inputs, output in zip(x, forward(parameters)[1], strict=True):
        print(f"{inputs[0]:.0f} xor {inputs[1]:.0f} = {output[0]:.3f}")


if __name__ == "__main__":
    main()
