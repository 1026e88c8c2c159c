"""Nests: what is refused, and how it says so. What the functions do is held against Keras in test_vocabulary.py."""

from __future__ import annotations

from collections import OrderedDict, defaultdict

import pytest

from babytf import tree


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: tree.map_structure(3, [1]), TypeError, "`func` cannot be called"),
        (lambda: tree.map_structure(len), ValueError, "there is no structure"),
        (lambda: tree.map_structure_up_to([0], len), ValueError, "there is no structure"),
        (lambda: tree.traverse(3, [1]), TypeError, "`func` cannot be called"),
        (lambda: tree.map_shape_structure(3, [1]), TypeError, "`func` cannot be called"),
        (lambda: tree.flatten({1: 0, "a": 2}), TypeError, r"cannot be put in order(?s:.)*OrderedDict"),
        (lambda: tree.pack_sequence_as([1, 2], [1]), ValueError, r"got: +1 leaves\n +expected: 2"),
        (
            lambda: tree.assert_same_structure([{"a": (1, 2)}], [{"a": [1, 2]}]),
            ValueError,
            r"differ at \[0\]\['a'\](?s:.)*got: +a list of 2 parts\n +expected: a tuple of 2 parts",
        ),
        (lambda: tree.assert_same_paths([1], [1, 2]), ValueError, r"only in b: \[\(1,\)\]"),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_dicts_of_all_kinds_keep_their_kind_and_order():
    nest = {"b": OrderedDict([("z", 1), ("y", 2)]), "a": defaultdict(list, {"k": 3})}
    assert tree.flatten(nest) == [3, 1, 2]
    again = tree.pack_sequence_as(nest, [30, 10, 20])
    assert list(again) == ["b", "a"]
    assert again["b"] == OrderedDict([("z", 10), ("y", 20)])
    assert again["a"].default_factory is list


def test_a_shallow_nest_of_none():
    # as the documentation of Keras has it
    assert tree.map_structure_up_to([None, [None, None]], str, [[1, 1], [2, 2]]) == ["[1, 1]", ["2", "2"]]


def test_check_types_says_that_it_has_no_effect():
    with pytest.warns(DeprecationWarning, match="assert_same_paths"):
        tree.assert_same_structure([1], [2], check_types=True)
