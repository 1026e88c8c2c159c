"""Objects to configurations and back."""

import copy

import numpy as np
import pytest

import babytf
from babytf import registry, serialization
from babytf.serialization import (
    Configurable,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    lookup,
    register_keras_serializable,
    serialize_keras_object,
    serialize_sharing,
    sharing,
)


@pytest.fixture(autouse=True)
def nothing_stays_registered():
    before = dict(get_custom_objects())
    yield
    get_custom_objects().clear()
    get_custom_objects().update(before)


class Thing(Configurable):
    """A class of a user's own, with a constructor and nothing else."""

    def __init__(self, size, shape=(1, 2), inner=None, name=None):
        self.doubled, self.shape, self.inner, self.name = 2 * size, shape, inner, name


def twofold(x):
    return 2 * x


# --- plain values


@pytest.mark.parametrize("value", [None, True, 3, 2.5, "name", [1, [2, "x"]], {"a": {"b": [1]}}, [None]])
def test_plain_values_are_themselves(value):
    assert serialize_keras_object(value) == value
    assert deserialize_keras_object(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array(2.0), 2.0),
        (np.dtype("float32"), "float32"),
    ],
)
def test_numpy_scalars_become_plain(value, expected):
    out = serialize_keras_object(value)
    assert out == expected
    assert type(out) is type(expected)


def test_the_forms_keras_gives_to_what_json_lacks():
    assert serialize_keras_object((1, (2,))) == (1, (2,))
    assert serialize_keras_object(np.array([1, 2], "int8")) == {
        "class_name": "__numpy__",
        "config": {"value": [1, 2], "dtype": "int8"},
    }
    assert serialize_keras_object(b"ab") == {"class_name": "__bytes__", "config": {"value": "ab"}}
    assert serialize_keras_object(slice(1, None)) == {
        "class_name": "__slice__",
        "config": {"start": 1, "stop": None, "step": None},
    }
    assert serialize_keras_object(...) == {"class_name": "__ellipsis__", "config": {}}
    assert serialize_keras_object(babytf.Tensor([1.0])) == {
        "class_name": "__tensor__",
        "config": {"value": [1.0], "dtype": "float32"},
    }


@pytest.mark.parametrize("value", [b"ab", slice(1, None, 2), ...])
def test_they_come_back(value):
    assert deserialize_keras_object(serialize_keras_object(value)) == value


def test_arrays_come_back():
    array = np.arange(6, dtype="int16").reshape(2, 3)
    again = deserialize_keras_object(serialize_keras_object(array))
    np.testing.assert_array_equal(again, array)
    assert again.dtype == array.dtype


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
        {"class_name": "__numpy__", "config": {"value": [[1], [1, 2]], "dtype": "int8"}},
        {"class_name": "__numpy__", "config": {"value": [1e30], "dtype": "V1000000000"}},
        {"class_name": "__numpy__", "config": {}},
        {"class_name": "__bytes__", "config": {"value": 3}},
        {"class_name": "__slice__", "config": {"start": "a", "stop": 1, "step": 1}},
    ],
)
def test_a_malformed_value_is_an_error(config):
    with pytest.raises(ValueError, match="could not be read"):
        deserialize_keras_object(config)


# --- objects


def test_the_form_of_a_registered_object():
    register_keras_serializable("mine")(Thing)
    assert serialize_keras_object(Thing(3, name="t")) == {
        "module": __name__,
        "class_name": "Thing",
        "config": {"size": 3, "name": "t"},
        "registered_name": "mine>Thing",
    }


def test_a_class_of_ones_own_needs_no_get_config():
    thing = Thing(np.int64(3), inner=Thing(4, [5]))
    with custom_object_scope({"Thing": Thing}):
        again = deserialize_keras_object(serialize_keras_object(thing))
    assert (again.doubled, again.shape, again.inner.doubled, again.inner.shape) == (6, (1, 2), 8, [5])


def test_a_get_config_that_extends_the_inherited_one():
    class Own(Thing):
        def __init__(self, extra, **kwargs):
            super().__init__(1, **kwargs)
            self.extra = extra

        def get_config(self):
            return {**super().get_config(), "extra": self.extra}

    own = Own(7)
    assert own.get_config() == {"extra": 7}
    assert Own.from_config(own.get_config()).extra == 7


def test_what_cannot_be_described_is_named():
    class Star(Configurable):
        def __init__(self, *sizes):
            self.sizes = sizes

    with pytest.raises(NotImplementedError, match=r"Star cannot be saved: its constructor takes \*args"):
        Star(1, 2).get_config()
    with pytest.raises(NotImplementedError, match=r"Thing cannot be saved: its argument 'inner' has no configuration"):
        Thing(1, inner=object()).get_config()


def test_an_object_without_get_config():
    with pytest.raises(TypeError, match=r"object cannot be saved: it has no get_config"):
        serialize_keras_object(object())


def test_a_get_config_that_returns_something_else():
    class Odd:
        def get_config(self):
            return [1]

    with pytest.raises(TypeError, match=r"Odd.get_config\(\) must return a dict"):
        serialize_keras_object(Odd())


def test_objects_that_occur_twice_stay_one():
    register_keras_serializable()(Thing)
    inner = Thing(1)
    config = serialize_sharing([Thing(2, inner=inner), Thing(3, inner=inner), Thing(4)])
    ids = [part["config"].get("inner", {}).get("shared_object_id") for part in config]
    assert ids[0] is not None
    assert ids == [ids[0], ids[0], None]
    assert [part.get("shared_object_id") for part in config] == [None] * 3
    with sharing():
        first, second, _ = deserialize_keras_object(config)
    assert first.inner is second.inner
    first, second, _ = deserialize_keras_object(config)
    assert first.inner is not second.inner


# --- functions


def test_a_registered_function():
    register_keras_serializable("mine")(twofold)
    config = serialize_keras_object(twofold)
    assert config == {
        "module": "builtins",
        "class_name": "function",
        "config": "mine>twofold",
        "registered_name": "function",
    }
    assert deserialize_keras_object(config) is twofold


def test_a_function_of_the_library_in_both_forms():
    config = serialize_keras_object(babytf.activations.relu)
    assert config["config"] == "relu"
    assert deserialize_keras_object(config) is babytf.activations.relu
    assert serialization.serialize_argument(babytf.activations.relu) == "relu"


def test_a_name_stored_without_its_package_is_found():
    register_keras_serializable("mine")(twofold)
    config = {"module": "builtins", "class_name": "function", "config": "twofold", "registered_name": "function"}
    assert deserialize_keras_object(config) is twofold


LAMBDA = {"class_name": "__lambda__", "config": {"code": "4wEAAA==", "defaults": None, "closure": None}}


def test_code_in_a_configuration_is_never_run():
    config = {"module": None, "class_name": "Thing", "config": {"size": 1, "inner": LAMBDA, "name": "n"}}
    objects = {"Thing": Thing}
    with pytest.raises(ValueError, match=r"n holds a Python lambda(.|\n)*custom_objects=\{'n': your_function\}"):
        deserialize_keras_object(config, objects)
    with pytest.raises(ValueError, match="never run"):
        deserialize_keras_object(config, objects, safe_mode=False)
    with pytest.raises(ValueError, match="safe_mode=False"):
        deserialize_keras_object(config, {**objects, "n": twofold})
    assert deserialize_keras_object(config, {**objects, "n": twofold}, safe_mode=False).inner is twofold


def test_a_lambda_is_written_without_its_code():
    with pytest.warns(UserWarning, match="a lambda is saved without its code"):
        config = serialize_keras_object(lambda x: x)
    assert config["config"]["code"] is None


# --- names


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("subprocess", "Popen"),
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.src.saving.saving_lib", "load_model"),
        ("babytf.saving", "load_model"),
        (None, "__import__"),
    ],
)
@pytest.mark.parametrize("kind", ["class", "function"])
def test_nothing_outside_the_table_can_be_reached(module, name, kind):
    config = {"module": module, "class_name": name, "config": {}, "registered_name": None}
    if kind == "function":
        config = {"module": module, "class_name": "function", "config": name, "registered_name": name}
    with pytest.raises(TypeError, match=f"unknown {kind} '{name}'"):
        deserialize_keras_object(config)


def test_an_unknown_name_says_the_nearest_and_how_to_supply_it():
    with pytest.raises(TypeError, match=r"did you mean 'Dense'") as caught:
        deserialize_keras_object({"module": "keras.layers", "class_name": "Dence", "config": {}})
    assert "custom_objects={'Dence': Dence}" in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": 3, "config": {}},
        {"class_name": "Dense", "config": "x"},
        {"class_name": "Dense", "config": {}, "module": 3},
        {"class_name": "Dense", "config": {}, "registered_name": ["x"]},
        {"class_name": "function", "config": {"x": 1}},
    ],
)
def test_a_malformed_configuration_is_a_type_error(config):
    with pytest.raises(TypeError, match=r"must be|stored by its name"):
        deserialize_keras_object(config)


def test_a_class_whose_arguments_do_not_fit_is_named():
    with pytest.raises((TypeError, ValueError), match="Dense") as caught:
        deserialize_keras_object({"module": "keras.layers", "class_name": "Dense", "config": {"unit": 3}})
    assert "unit" in str(caught.value)


def test_modules_inside_keras_are_resolved_by_class():
    adam = babytf.optimizers.Adam(0.01)
    config = serialize_keras_object(adam)
    assert config["module"] == "keras.optimizers"
    config["module"] = "keras.src.backend.torch.optimizers.torch_adam"
    assert type(deserialize_keras_object(config)) is babytf.optimizers.Adam
    assert registry.find_builtin("keras.src.losses.losses", "MeanSquaredError") is babytf.losses.MeanSquaredError
    assert registry.find_builtin("keras.src.metrics.regression", "MeanSquaredError") is babytf.metrics.MeanSquaredError
    assert registry.find_builtin("keras.src.layers", "MeanSquaredError") is None


def test_ones_own_class_does_not_replace_the_librarys_unless_registered_under_its_name():
    class Dense(babytf.layers.Dense):
        pass

    config = babytf.layers.serialize(babytf.layers.Dense(2))
    with custom_object_scope({"Dense": Dense}):
        assert type(deserialize_keras_object(config)) is babytf.layers.Dense
        assert type(deserialize_keras_object({**config, "registered_name": "Dense"})) is Dense


def test_newer_arguments_that_stand_at_none_are_passed_over():
    config = babytf.layers.Dense(2).get_config()
    assert babytf.layers.Dense.from_config({**config, "yet_unknown": None}).units == 2
    with pytest.raises((TypeError, ValueError), match="yet_unknown"):
        babytf.layers.Dense.from_config({**config, "yet_unknown": 1})


# --- registration


def test_registration():
    register_keras_serializable("mine", name="Other")(Thing)
    assert get_registered_name(Thing) == "mine>Other"
    assert get_registered_object("mine>Other") is Thing
    assert get_registered_object("Other") is None
    assert get_registered_object("x", {"x": 1}) == 1
    assert get_registered_object("x", None, {"x": 2}) == 2
    assert get_registered_name(twofold) in ("twofold", "mine>twofold")


def test_scopes_nest_and_end():
    with custom_object_scope({"a": 1}):
        with custom_object_scope({"b": 2}):
            assert (get_registered_object("a"), get_registered_object("b")) == (1, 2)
        assert get_registered_object("b") is None
    assert get_registered_object("a") is None


def test_registration_without_parentheses_and_of_a_class_without_get_config():
    with pytest.raises(ValueError, match="parentheses"):
        register_keras_serializable(Thing)(twofold)
    with pytest.raises(ValueError, match=r"no get_config"):
        register_keras_serializable()(int)


# --- lookup


def test_lookup():
    table = {"thing": Thing, "twofold": twofold, "none": type("Empty", (Configurable,), {})}
    assert lookup("thing", None, table, "keras.things") is None
    assert lookup("thing", "twofold", table, "keras.things") is twofold
    assert isinstance(lookup("thing", "none", table, "keras.things"), table["none"])
    assert lookup("thing", twofold, table, "keras.things") is twofold
    instance = Thing(1)
    assert lookup("thing", instance, table, "keras.things") is instance
    with custom_object_scope({"treble": Thing}), pytest.raises(ValueError, match="did you mean 'treble'"):
        lookup("thing", "trebel", table, "keras.things")
    for wrong in (3, 2.5, [1]):
        with pytest.raises(ValueError, match="unknown thing"):
            lookup("thing", wrong, table, "keras.things")


def test_lookup_of_a_legacy_configuration_looks_in_its_family_first():
    config = {"class_name": "MeanSquaredError", "config": {}}
    assert type(babytf.losses.get(copy.deepcopy(config))) is babytf.losses.MeanSquaredError
    assert type(babytf.metrics.get(copy.deepcopy(config))) is babytf.metrics.MeanSquaredError
