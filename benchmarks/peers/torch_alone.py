"""PyTorch as its users write it: `torch.nn`, fused Adam, a plain loop."""

import itertools

import numpy as np
import torch
from cases import EMBEDDING, HEADS, VOCABULARY, outputs
from torch import nn


class Last(nn.Module):
    """The last hidden state of an LSTM over `(B, T, F)`."""

    def __init__(self, features, units):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[1][0][0]


class Transformer(nn.Module):
    """Embedding, one block of attention and feed-forward, mean over time, logits."""

    def __init__(self, width, classes):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY["transformer"], width)
        self.attention = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.forward_1, self.forward_2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.logits = nn.Linear(width, classes)

    def forward(self, x):
        x = self.embedding(x)
        x = self.norm_1(x + self.attention(x, x, x, need_weights=False)[0])
        x = self.norm_2(x + self.forward_2(torch.relu(self.forward_1(x))))
        return self.logits(x.mean(dim=1))


def model_of(case):
    if case.model == "mlp":
        layers = []
        for a, b in itertools.pairwise(case.sizes):
            layers += [nn.Linear(a, b), nn.ReLU()] + ([nn.Dropout(case.dropout)] if case.dropout else [])
        return nn.Sequential(*layers[: -2 if case.dropout else -1])
    if case.model == "convnet":  # channels first
        return nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, outputs(case))),
        )
    if case.model == "lstm":
        words = nn.Embedding(VOCABULARY["lstm"], EMBEDDING)
        return nn.Sequential(words, Last(EMBEDDING, case.width), nn.Linear(case.width, 1))
    return Transformer(case.width, outputs(case))


class TorchPeer:
    suffix = ".pt"

    def __init__(self, case=None):
        self.case = case
        if case is not None:
            self._set(model_of(case))

    def _set(self, model):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
        self.loss = nn.BCEWithLogitsLoss() if self.case.model == "lstm" else nn.CrossEntropyLoss()

    def prepare(self, x):
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x

    def epoch(self, x, y):
        self.model.train()
        x, y = self._tensors(x, y)
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for rows in order.split(self.case.batch):
            self.optimizer.zero_grad()
            loss = self.loss(self.model(x[rows]), y[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return float(total)

    def _tensors(self, x, y):
        y = torch.from_numpy(y)
        return torch.from_numpy(x), y if y.is_floating_point() else y.long()

    def predict(self, x, batch=32):
        self.model.eval()
        with torch.inference_mode():
            return torch.cat([self.model(rows) for rows in torch.from_numpy(x).split(batch)]).numpy()

    def call(self, x):
        self.model.eval()
        with torch.inference_mode():
            return self.model(torch.from_numpy(x))

    def evaluate(self, x, y):
        self.model.eval()
        x, y = self._tensors(x, y)
        total = torch.zeros(())
        with torch.inference_mode():
            for a, b in zip(x.split(32), y.split(32), strict=True):
                total += self.loss(self.model(a), b) * len(a)
        return float(total) / len(x)

    def save(self, path):
        torch.save({"case": self.case.sizes, "weights": self.model.state_dict()}, path)

    def load(self, path):
        stored = torch.load(path, weights_only=True)
        sizes = stored["case"]
        layers = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
        self.model = nn.Sequential(*layers[:-1])
        self.model.load_state_dict(stored["weights"])
