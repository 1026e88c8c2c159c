"""What every test may use, and how hypothesis draws."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,  # a busy machine must not fail a test
    derandomize=True,  # the same examples in every run
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture
def rng():
    """A generator that starts the same in every test."""
    return np.random.default_rng(20240229)
