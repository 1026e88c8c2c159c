"""CSVLogger beyond what is recorded."""

from __future__ import annotations

import numpy as np
import pytest

from babytf.callbacks import CSVLogger


def test_rows_are_there_after_each_epoch(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path, separator="\t")
    logger.on_train_begin()
    logger.on_epoch_end(0, {"b": 2.0, "a": 0.5})
    assert path.read_text() == "epoch\ta\tb\tval_a\tval_b\n0\t0.5\t2.0\tNA\tNA\n"
    logger.on_epoch_end(1, {"a": 0.25, "val_a": 1.5, "new": 3})
    assert path.read_text().splitlines()[2:] == ["1\t0.25\tNA\t1.5\tNA"]
    logger.on_train_begin()
    logger.on_epoch_end(0, {"a": 1.0, "val_a": 2.0})
    assert path.read_text() == "epoch\ta\tval_a\n0\t1.0\t2.0\n"


@pytest.mark.parametrize(
    ("value", "cell"),
    [("text", "text"), (np.array(2.5), "2.5"), (np.array([1, 2]), '"""[1, 2]"""'), ([0.5], '"""[0.5]"""')],
)
def test_values_of_other_kinds(value, cell, tmp_path):
    logger = CSVLogger(str(tmp_path / "log.csv"))
    logger.on_train_begin()
    logger.on_epoch_end(3, {"val_a": value})
    assert (tmp_path / "log.csv").read_text() == f"epoch,val_a\n3,{cell}\n"


def test_no_epoch_leaves_an_empty_file_or_the_one_that_is_there(tmp_path):
    path = tmp_path / "log.csv"
    for append, text in ((True, "mine\n"), (False, "")):
        path.write_text("mine\n")
        logger = CSVLogger(path, append=append)
        logger.on_train_begin()
        logger.on_train_end()
        assert path.read_text() == text


def test_append_after_another_fit_writes_no_second_header(tmp_path):
    path = tmp_path / "log.csv"
    for epoch in (0, 1):
        logger = CSVLogger(path, append=True)
        logger.on_train_begin()
        logger.on_epoch_end(epoch, {"val_a": 1})
    assert path.read_text() == "epoch,val_a\n0,1\n1,1\n"
