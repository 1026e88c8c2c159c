"""Program-wide settings."""

import numpy as np
import pytest

import babytf
from babytf import config


@pytest.fixture(autouse=True)
def restored():
    before = (config.floatx(), config.epsilon(), config.image_data_format())
    yield
    config.set_floatx(before[0])
    config.set_epsilon(before[1])
    config.set_image_data_format(before[2])
    config.set_dtype_policy(None)
    config.disable_check_numerics()
    config.enable_interactive_logging()
    config.set_max_epochs(None)
    config.set_max_steps_per_epoch(None)


def test_defaults_are_those_of_keras():
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float32", 1e-7, "channels_last")
    assert config.dtype_policy().name == "float32"
    assert config.is_interactive_logging_enabled()
    assert not config.check_numerics_enabled()


def test_what_is_set_is_read_back():
    config.set_floatx("float64")
    config.set_epsilon(1e-5)
    config.set_image_data_format("channels_first")
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float64", 1e-5, "channels_first")
    config.disable_interactive_logging()
    assert not config.is_interactive_logging_enabled()


def test_the_policy_follows_floatx_until_one_is_set():
    config.set_floatx("float64")
    assert config.dtype_policy().compute_dtype == "float64"
    config.set_dtype_policy("mixed_float16")
    assert config.dtype_policy().name == "mixed_float16"
    config.set_dtype_policy(None)
    assert config.dtype_policy().name == "float64"


def test_numerics_check_is_a_plain_flag_that_programs_read():
    config.enable_check_numerics()
    assert config.check_numerics is True
    config.disable_check_numerics()
    assert config.check_numerics is False


@pytest.mark.parametrize(
    ("name", "compute", "variable"),
    [("float32", "float32", "float32"), ("mixed_float16", "float16", "float32"), ("int32", "int32", "int32")],
)
def test_policy(name, compute, variable):
    policy = config.DTypePolicy(name)
    assert (policy.compute_dtype, policy.variable_dtype) == (compute, variable)
    assert config.DTypePolicy.from_config(policy.get_config()) == policy
    assert hash(config.DTypePolicy(name)) == hash(policy)
    assert policy != config.DTypePolicy("float64")
    assert repr(policy) == f'<DTypePolicy "{name}">'
    assert policy.quantization_mode is None


def test_a_policy_without_a_name_is_the_one_in_force():
    config.set_dtype_policy("float64")
    assert config.DTypePolicy() == config.dtype_policy()


@pytest.mark.parametrize(
    ("function", "value", "fix"),
    [
        (config.set_floatx, "float23", "float32"),
        (config.set_floatx, "int32", "float"),
        (config.set_image_data_format, "channel_last", "did you mean 'channels_last'"),
        (config.set_epsilon, 0, "1e-7"),
        (config.set_epsilon, -1.0, "1e-7"),
        (config.set_epsilon, True, "1e-7"),
        (config.set_dtype_policy, "bfloat16", "NumPy has no bfloat16"),
        (config.set_dtype_policy, "mixed_bfloat16", "NumPy has no bfloat16"),
        (config.set_dtype_policy, "flaot32", "did you mean 'float32'"),
    ],
)
def test_what_is_refused_says_what_to_use(function, value, fix):
    with pytest.raises(ValueError, match=r"got: (.|\n)*fix: ") as caught:
        function(value)
    assert repr(value) in str(caught.value)
    assert fix in str(caught.value)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (config.set_max_epochs, 0),
        (config.set_max_epochs, True),
        (config.set_max_steps_per_epoch, "2"),
        (config.set_backend, "tensorflow"),
    ],
)
def test_other_settings_are_refused(function, value):
    with pytest.raises(ValueError, match=r"bad `\w+`(.|\n)*got: (.|\n)*expected: "):
        function(value)


def test_training_stays_within_the_limits():
    model = babytf.Sequential([babytf.Input((2,)), babytf.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((12, 2)), np.ones((12, 1))
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(3)
    with pytest.warns(UserWarning, match="limited to") as caught:
        history = model.fit(x, y, epochs=5, batch_size=2, verbose=0)
    assert [str(w.message).split(" limited to ")[1][:8] for w in caught] == ["2 epochs", "3 steps "]
    assert (len(history.epoch), int(model.optimizer.iterations)) == (2, 6)
    with pytest.warns(UserWarning, match="3 steps"):
        assert model.predict(x, batch_size=2, verbose=0).shape == (6, 1)
    config.set_max_epochs(None)
    config.set_max_steps_per_epoch(6)
    model.fit(x, y, batch_size=2, verbose=0)  # as many as there are: nothing to say
    assert int(model.optimizer.iterations) == 12


def test_one_backend():
    config.set_backend("numpy")
    assert config.backend() == babytf.backend.backend() == "numpy"


def test_tracebacks_are_whole():
    config.disable_traceback_filtering()
    with pytest.warns(UserWarning, match="always shown whole"):
        config.enable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()


def test_no_switch_turns_the_guard_off():
    with pytest.raises(ValueError, match=r"(?s)no switch.*got:.*fix:.*safe_mode=False"):
        config.enable_unsafe_deserialization()
    stored = {"class_name": "__lambda__", "config": {"code": "x", "defaults": None, "closure": None}}
    with pytest.raises(ValueError, match="safe_mode=False"):
        babytf.utils.deserialize_keras_object(stored)
    with pytest.raises(ValueError, match="Stored code is never run"):
        babytf.utils.deserialize_keras_object(stored, safe_mode=False)
    own = babytf.utils.deserialize_keras_object(stored, safe_mode=False, custom_objects={"<lambda>": abs})
    assert own is abs
