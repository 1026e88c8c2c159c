r"""The smallest network worth drawing, with every derivative by name.

Three inputs, two hidden and two output neurons, all sigmoid, no biases:

    h_j = sigmoid(sum_i x_i w_ij)         i = 1..3, j = 1..2
    y_k = sigmoid(sum_j h_j v_jk)         k = 1..2
    E   = sum_k (t_k - y_k)^2             the sum of squared errors, with no factor 1/2

So dE/dv_jk = -2 (t_k - y_k) y_k (1 - y_k) h_j, and one more turn of the chain rule gives dE/dw_ij.
The program prints both gradient matrices beside central differences, then makes one step of descent,
W <- W - epsilon dE/dW, and prints the error before and after it.

    python examples/three_layers.py
"""

import numpy as np

import babytf as keras
from babytf import ops

EPSILON = 0.1  # the step of descent
STEP = 1e-5  # the step of the central differences

x = np.array([[0.9, 0.1, 0.8]])
t = np.array([[0.99, 0.01]])
W = np.array([[0.9, 0.2], [0.3, 0.8], [0.4, 0.5]])  # w_ij: from input i to hidden neuron j
V = np.array([[0.3, 0.7], [0.6, 0.5]])  # v_jk: from hidden neuron j to output k


def squared_error_sum(y_true, y_pred):
    """E for each sample: (B, K), (B, K) -> (B,)."""
    return ops.sum(ops.square(y_true - y_pred), axis=-1)


def error(model):
    return float(squared_error_sum(t, model(x))[0])


def central_differences(model, variable):
    """Return dE/dw for each entry of one weight matrix, by moving that entry alone."""
    start = variable.numpy()
    slopes = np.empty_like(start)
    for entry in np.ndindex(*start.shape):
        errors = []
        for sign in (+1, -1):
            moved = start.copy()
            moved[entry] += sign * STEP
            variable.assign(moved)
            errors.append(error(model))
        slopes[entry] = (errors[0] - errors[1]) / (2 * STEP)
    variable.assign(start)
    return slopes


def print_gradient(letter, gradient, differences):
    print(f"\ndE/d{letter.upper()}, shape {gradient.shape}: by backpropagation, and by central differences")
    for i, j in np.ndindex(*gradient.shape):
        name = f"dE/d{letter}{i + 1}{j + 1}"
        print(f"  {name} = {gradient[i, j]:+.9f}    {differences[i, j]:+.9f}")
    print(f"  largest difference: {np.abs(gradient - differences).max():.1e}")


def main():
    keras.config.set_floatx("float64")  # so that the differences can be compared to nine digits
    model = keras.Sequential(
        [
            keras.Input(shape=(3,)),
            keras.layers.Dense(2, activation="sigmoid", use_bias=False, name="hidden"),
            keras.layers.Dense(2, activation="sigmoid", use_bias=False, name="output"),
        ]
    )
    model.set_weights([W, V])
    print(f"inputs  x = {x[0]}\ntargets t = {t[0]}\noutputs y = {np.round(model(x).numpy()[0], 6)}")
    before = error(model)
    print(f"error   E = {before:.9f}")

    with keras.GradientTape() as tape:
        E = ops.sum(squared_error_sum(t, model(x)))
    w, v = model.trainable_variables
    dW, dV = (gradient.numpy() for gradient in tape.gradient(E, [w, v]))
    print_gradient("w", dW, central_differences(model, w))
    print_gradient("v", dV, central_differences(model, v))

    optimizer = keras.optimizers.SGD(learning_rate=EPSILON)
    optimizer.apply_gradients([(dW, w), (dV, v)])
    print(f"\none update, W <- W - {EPSILON} dE/dW and V <- V - {EPSILON} dE/dV")
    for letter, old, gradient, variable in (("w", W, dW, w), ("v", V, dV, v)):
        new = variable.numpy()
        for i, j in np.ndindex(*new.shape):
            step = f"{old[i, j]:.1f} - {EPSILON} * ({gradient[i, j]:+.6f})"
            print(f"  {letter}{i + 1}{j + 1} = {step} = {new[i, j]:.9f}")
    print(f"error   E = {error(model):.9f}  (it was {before:.9f})")


if __name__ == "__main__":
    main()
