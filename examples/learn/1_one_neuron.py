"""One neuron learns to turn degrees Celsius into Fahrenheit: plain NumPy, no library.

A neuron multiplies its input by a weight and adds a bias, y = w x + b. How wrong it is on all examples is
one number, the mean squared error E. Learning is: find how E changes with w and with b, and move both a
little the other way.
"""

import numpy as np

celsius = np.array([-40.0, -10.0, 0.0, 8.0, 15.0, 22.0, 38.0])
fahrenheit = np.array([-40.0, 14.0, 32.0, 46.4, 59.0, 71.6, 100.4])

x = celsius / 100  # numbers near 1 make the error a round valley, not a ravine
t = fahrenheit / 100

w, b = 0.0, 0.0
epsilon = 0.5  # how far one step goes

for step in range(201):
    y = w * x + b
    error = np.mean((y - t) ** 2)
    if step % 40 == 0:
        print(f"step {step:3d}: E = {error:.8f}, w = {w:.4f}, b = {b:.4f}")

    # E = mean (y - t)^2, so dE/dy = 2 (y - t) / N; y = w x + b, so dy/dw = x and dy/db = 1.
    dE_dy = 2 * (y - t) / len(x)
    dE_dw = np.sum(dE_dy * x)
    dE_db = np.sum(dE_dy)
    w -= epsilon * dE_dw
    b -= epsilon * dE_db

print(f"learned: fahrenheit = {w:.3f} * celsius + {100 * b:.2f}   (the law: 1.8 * celsius + 32)")
