"""What training a model needs beside the model: optimizer, loss, metrics, and the steps made ready to run.

It is kept in one plain object, so that none of it counts as the model's own variables and layers.
"""

from __future__ import annotations

from typing import Any


class TrainingState:
    """What `compile` set up, and what `fit`, `evaluate` and `predict` keep from one call to the next.

    Attributes:
        functions: Steps made ready, by kind: `"train"`, `"test"`, `"predict"`.
        programs: The program last used, by kind.
        fused: For each kind of program, whether elementwise chains become compiled loops: see `Program`.
        changes: The count of changes to layers when `functions` were made.
        outputs: Shapes and dtypes of the model's outputs for the first batch.
        run: The `fit` that is running; callbacks that make backups ask it.
        validation: Its validation.
    """

    def __init__(self) -> None:
        self.compiled = False
        self.config: dict[str, Any] = {}
        self.optimizer: Any = None
        self.loss: Any = None
        self.compile_loss: Any = None
        self.compile_metrics: Any = None
        self.loss_tracker: Any = None
        self.run_eagerly = False
        self.jit_compile = False
        self.fused: dict[str, Any] = {"train": "later"}
        self.steps_per_execution = 1
        self.stop_training = False
        self.stop_evaluating = False
        self.stop_predicting = False
        self.history: Any = None
        self.functions: dict[str, Any] = {}
        self.programs: dict[str, Any] = {}
        self.changes = -1
        self.outputs: Any = None
        self.run: Any = None
        self.validation: Any = None

    def forget_programs(self) -> None:
        """Make the steps anew when they are needed next."""
        self.functions.clear()
        self.programs.clear()

    def __getstate__(self) -> dict[str, Any]:
        """For copies: programs belong to the model they were recorded from."""
        return {**self.__dict__, "functions": {}, "programs": {}, "run": None, "validation": None}
