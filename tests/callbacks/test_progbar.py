"""What is shown, where: a terminal, a file, nowhere."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time

import pytest

from babytf.callbacks import CallbackList, ProgbarLogger, progbar
from babytf.callbacks.progbar import Progbar


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def make_terminal(monkeypatch):
    """From here on, the output is a terminal. (pytest puts its own stdout in place after fixtures have run.)"""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    return screen


def epoch(logger, steps=3, epochs=1, verbose=1, known=True):
    callbacks = CallbackList([logger], verbose=verbose, epochs=epochs, steps=steps if known else None)
    callbacks.on_train_begin()
    for e in range(epochs):
        callbacks.on_epoch_begin(e)
        for step in range(steps):
            callbacks.on_train_batch_end(step, {"loss": 1.0 / (step + 1), "accuracy": 0.5})
        callbacks.on_epoch_end(e, {"loss": 0.25, "accuracy": 0.75, "val_loss": 0.0001})
    callbacks.on_train_end()
    callbacks.close()


def test_a_bar_in_a_terminal(monkeypatch):
    terminal = make_terminal(monkeypatch)
    epoch(ProgbarLogger(), epochs=2)
    shown = terminal.getvalue()
    assert shown.startswith("Epoch 1/2\n")
    assert "\r" in shown
    last = re.split(r"[\r\n]", shown.strip())[-1]
    assert "3/3" in last
    assert "accuracy=0.7500, loss=0.2500, val_loss=1.0000e-04" in last
    assert shown.endswith("\n")


def test_whole_lines_in_a_file(capsys):
    epoch(ProgbarLogger(), epochs=2)
    out, err = capsys.readouterr()
    assert "\r" not in out
    assert err == ""
    lines = out.splitlines()
    assert len(lines) == 4
    assert lines[0] == "Epoch 1/2"
    assert re.fullmatch(
        r"3/3 - 0s - \d+[mu]s/step - accuracy: 0\.7500 - loss: 0\.2500 - val_loss: 1\.0000e-04", lines[1]
    )


@pytest.mark.parametrize("where", ["terminal", "file"])
def test_verbose_2_is_one_line_per_epoch(where, monkeypatch, capsys):
    screen = make_terminal(monkeypatch) if where == "terminal" else None
    epoch(ProgbarLogger(), verbose=2)
    out = screen.getvalue() if screen else capsys.readouterr().out
    assert re.fullmatch(r"3/3 - 0s - .*/step - accuracy: 0\.7500 - loss: 0\.2500 - val_loss: 1\.0000e-04\n", out)


def test_verbose_0_is_silent(capsys):
    epoch(ProgbarLogger(), verbose=0)
    assert capsys.readouterr() == ("", "")


def test_an_unknown_number_of_steps(monkeypatch):
    terminal = make_terminal(monkeypatch)
    logger = ProgbarLogger()
    epoch(logger, known=False)
    assert logger.target == 3  # the first epoch has counted them
    assert "3/3" not in terminal.getvalue().split("\r")[1]


def test_a_long_epoch_in_a_file_says_where_it_is(capsys, monkeypatch):
    monkeypatch.setattr(progbar, "SECONDS_BETWEEN_LINES", 0.0)
    bar = Progbar(10)
    bar.update(4, [("loss", 0.5)])
    assert re.fullmatch(r"4/10 - 0s - .*/step - loss: 0\.5000\n", capsys.readouterr().out)


def test_validation_within_fit_is_silent(capsys):
    logger = ProgbarLogger()
    callbacks = CallbackList([logger], verbose=2, epochs=1, steps=1)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_test_begin()
    callbacks.on_test_batch_end(0, {"loss": 5.0})
    callbacks.on_test_end({"loss": 5.0})
    assert capsys.readouterr().out == ""
    callbacks.on_epoch_end(0, {"loss": 1.0})
    callbacks.on_train_end()
    assert "loss: 1.0000" in capsys.readouterr().out


def test_evaluate_and_predict_show_themselves(capsys):
    callbacks = CallbackList([ProgbarLogger()], verbose=2, epochs=1, steps=2)
    callbacks.on_test_begin()
    callbacks.on_test_batch_end(1, {"loss": 5.0})
    callbacks.on_test_end({"loss": 5.0})
    assert re.match(r"2/2 - .* - loss: 5\.0000\n", capsys.readouterr().out)
    callbacks.on_predict_begin()
    callbacks.on_predict_batch_end(1, {"outputs": None})
    callbacks.on_predict_end()
    assert re.fullmatch(r"2/2 - 0s - .*/step\n", capsys.readouterr().out)


def test_drawing_is_rare(monkeypatch):
    terminal = make_terminal(monkeypatch)
    logger = ProgbarLogger()
    callbacks = CallbackList([logger], verbose=1, epochs=1, steps=100000)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    start = time.perf_counter()
    for step in range(20000):
        callbacks.on_train_batch_end(step, {"loss": 1.0})
    seconds = time.perf_counter() - start
    assert terminal.getvalue().count("\r") <= 10 * seconds + 5
    callbacks.close()
    assert terminal.getvalue().endswith("\n")


def test_progbar_averages_over_steps(capsys):
    bar = Progbar(4, verbose=2)
    bar.update(1, [("loss", 1.0)])
    bar.update(3, [("loss", 4.0)])  # counts for two steps
    bar.add(1, [("loss", 3.0)])
    assert "loss: 3.0000" in capsys.readouterr().out  # (1 + 4 + 4 + 3) / 4
    bar = Progbar(2, verbose=2, stateful_metrics=["lr"])
    bar.update(1, [("lr", 1.0)])
    bar.update(2, [("lr", 0.5)])
    assert "lr: 0.5000" in capsys.readouterr().out
    with pytest.raises(ValueError, match="`stateful_metrics` or `stateless_metrics`"):
        Progbar(1, stateful_metrics=[], stateless_metrics=[])


def test_a_long_last_line_is_whole(monkeypatch):
    terminal = make_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "50")
    callbacks = CallbackList([ProgbarLogger()], verbose=1, epochs=1, steps=1)
    callbacks.on_epoch_begin(0)
    callbacks.on_train_batch_end(0, {f"metric_{i}": 0.5 for i in range(9)})
    shown = terminal.getvalue()
    assert max(map(len, shown.split("\r"))) <= 50
    callbacks.on_epoch_end(0, {f"metric_{i}": 0.5 for i in range(9)})
    assert "metric_8=0.5000" in terminal.getvalue()


def test_notebooks_are_recognized(monkeypatch):
    import types

    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert progbar._in_notebook()
    del shell.kernel  # IPython in a terminal
    assert not progbar._in_notebook()


def test_no_thread_is_left_behind(monkeypatch):
    import threading

    make_terminal(monkeypatch)
    before = threading.active_count()
    epoch(ProgbarLogger())
    assert threading.active_count() == before


def test_tqdm_is_imported_when_first_shown():
    code = (
        "import sys, io, babytf.callbacks as c\n"
        "assert 'tqdm' not in sys.modules\n"
        "b = c.CallbackList([c.ProgbarLogger()], verbose=2, epochs=1, steps=1)\n"
        "b.on_test_begin(); b.on_test_end({'loss': 1.0})\n"
        "assert 'tqdm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
