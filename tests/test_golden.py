"""Every case recorded from real Keras, held to the tolerance recorded with it.

`golden_not_yet.py` lists the cases that need what does not exist yet. A listed case that runs fails the test, so that
the list can only become shorter.
"""

import re

import pytest

from tests import golden
from tests.golden_not_yet import NOT_YET

ABSENT = re.compile(r"has no attribute|unknown (class|function|\w+) '|unknown argument|\.h5 are not read")

REASONS = {name: reason for reason, names in NOT_YET.items() for name in names.split()}
CASES = golden.tolerances()


def reason(name):
    """Why a sub-case is listed, itself or with its whole case; `None` if it is not."""
    return REASONS.get(name) or REASONS.get(name.rpartition(":")[0])


HELD = [name for name in CASES if not reason(name)]
LISTED = [name for name in CASES if reason(name)]


@pytest.mark.parametrize("name", HELD)
@pytest.mark.filterwarnings("ignore:.*fractions of its sample weights")
@pytest.mark.filterwarnings("ignore:The file does not say how the model was compiled")
def test_recorded(name):
    _, tolerance = CASES[name]
    errors = golden.replay(name)
    assert sorted(errors) == sorted(tolerance)
    assert {key: error for key, error in errors.items() if not error <= tolerance[key]} == {}, tolerance


@pytest.mark.parametrize("name", LISTED)
def test_not_yet(name):
    with pytest.raises(Exception, match=ABSENT) as caught:
        golden.replay(name)
    assert not isinstance(caught.value, golden.Misfit)


def test_the_list_names_nothing_twice_and_nothing_unknown():
    names = [name for names in NOT_YET.values() for name in names.split()]
    assert len(names) == len(set(names))
    assert set(names) <= {*CASES, *(case["id"] for case, _ in CASES.values())}


def test_every_array_recorded_is_used_by_a_case():
    used = {case["data"] for case, _ in CASES.values() if "data" in case}
    assert used == {str(path.relative_to(golden.ROOT)) for path in golden.ROOT.rglob("*.npz")}
