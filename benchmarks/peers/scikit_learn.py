"""scikit-learn's MLPClassifier: no dropout, no other layer than dense ones."""

import pickle

import numpy as np
from sklearn.neural_network import MLPClassifier


class SklearnPeer:
    suffix = ".pickle"

    def __init__(self, case=None):
        self.case = case
        if case is None:
            return
        if case.model != "mlp" or case.dropout:
            raise NotImplementedError("MLPClassifier has dense layers only, and no dropout")
        self.model = MLPClassifier(case.sizes[1:-1], solver="adam", alpha=0.0, batch_size=case.batch)
        self.classes = np.arange(case.sizes[-1])
        if case.measure != "step":  # it has no weights before it has seen data
            self.model.batch_size = 1
            self.model.partial_fit(np.zeros((1, case.sizes[0]), "float32"), self.classes[:1], classes=self.classes)
            self.model.batch_size = case.batch

    def prepare(self, x):
        return x

    def epoch(self, x, y):
        self.model.partial_fit(x, y, classes=self.classes)

    def predict(self, x, batch=32):
        return self.model.predict_proba(x)  # all rows at once: it has no batches here

    def call(self, x):
        return self.model.predict_proba(x)

    def evaluate(self, x, y):
        probabilities = self.model.predict_proba(x)
        return -float(np.mean(np.log(probabilities[np.arange(len(y)), y])))

    def save(self, path):
        with open(path, "wb") as file:
            pickle.dump(self.model, file)

    def load(self, path):
        with open(path, "rb") as file:
            self.model = pickle.load(file)
