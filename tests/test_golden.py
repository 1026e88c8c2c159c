"""Every case recorded from real Keras, held to the tolerance recorded with it."""

import pytest

from tests import golden

CASES = golden.tolerances()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:.*fractions of its sample weights")
@pytest.mark.filterwarnings("ignore:The file does not say how the model was compiled")
def test_recorded(name):
    _, tolerance = CASES[name]
    errors = golden.replay(name)
    assert sorted(errors) == sorted(tolerance)
    assert {key: error for key, error in errors.items() if not error <= tolerance[key]} == {}, tolerance


def test_every_array_recorded_is_used_by_a_case():
    used = {case["data"] for case, _ in CASES.values() if "data" in case}
    assert used == {str(path.relative_to(golden.ROOT)) for path in golden.ROOT.rglob("*.npz")}
