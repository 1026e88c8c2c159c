"""What all layers share: building, calling, naming, weights, losses, masks, configuration."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import babytf
from babytf import ops
from babytf.engine import Compiled, GradientTape, Tensor, Variable, name_scope
from babytf.errors import DTypeError, ShapeError, TracingError
from babytf.layers import Activation, Dense, Dropout, Identity, Input, InputSpec, Lambda, Layer, get
from babytf.layers.symbolic import KerasTensor
from babytf.metrics import Mean
from babytf.naming import reset_names


@pytest.fixture(autouse=True)
def _names_start_again():
    reset_names()


class Scale(Layer):
    """Multiplies by one weight per feature."""

    def __init__(self, start="ones", **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer=self.start, name="factor")

    def call(self, x):
        return x * self.factor


class Says(Layer):
    """Keeps what it was called with."""

    def call(self, x, training=None, mask=None):
        self.__dict__["heard"] = (training, mask)
        return x


class Around(Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


class TestBuild:
    def test_the_first_call_builds_with_the_shape_of_the_input(self):
        layer = Scale()
        assert not layer.built
        assert layer.weights == []
        layer(np.ones((2, 3)))
        assert layer.built
        assert layer.factor.shape == (3,)
        assert layer.get_build_config() == {"input_shape": (2, 3)}

    def test_paths_hold_the_names_of_the_layers_around(self):
        layer = Around(Around(Scale(name="s"), name="b"), name="a")
        layer(np.ones((2, 3)))
        assert [w.path for w in layer.weights] == ["a/b/s/factor"]
        assert [layer.path, layer.inner.path, layer.inner.inner.path] == ["a", "a/b", "a/b/s"]

    def test_a_name_scope_of_the_user_comes_first(self):
        with name_scope("mine"):
            layer = Scale(name="s")
            layer.build((None, 3))
        assert layer.factor.path == "mine/s/factor"

    def test_build_that_calls_the_build_of_its_base(self):
        class Shifted(Scale):
            def build(self, input_shape):
                super().build(input_shape)
                self.shift = self.add_weight(shape=(), name="shift")

            def call(self, x):
                return super().call(x) + self.shift

        layer = Shifted(name="s")
        layer(np.ones((2, 3)))
        assert [w.path for w in layer.weights] == ["s/factor", "s/shift"]

    def test_build_with_one_parameter_per_argument(self):
        class Two(Layer):
            def build(self, right_shape, left_shape):
                self.seen = (left_shape, right_shape)

            def call(self, left, right):
                return left @ right

        layer = Two()
        layer(np.ones((2, 3)), np.ones((3, 4)))
        assert layer.seen == ((2, 3), (3, 4))
        assert layer.get_build_config() == {"shapes_dict": {"left_shape": (2, 3), "right_shape": (3, 4)}}

    def test_build_whose_parameter_is_no_argument_of_call(self):
        class Wrong(Layer):
            def build(self, a_shape, c_shape):
                pass

            def call(self, a, b):
                return a + b

        with pytest.raises(ValueError, match=r"no argument of call\(\) belongs to `c_shape`"):
            Wrong()(np.ones(2), np.ones(2))

    def test_without_build_the_call_builds_the_sublayers_also_on_a_shape_alone(self):
        layer = Around(Dense(4))
        layer.build((None, 3))
        assert layer.count_params() == 16
        assert layer.inner.get_build_config() == {"input_shape": (None, 3)}

    def test_without_build_and_with_a_call_that_needs_values(self):
        class Peeks(Around):
            def call(self, x):
                return self.inner(x) if float(x[0, 0]) > 0 else x

        with pytest.warns(UserWarning, match="Its sublayers are not built"):
            Peeks(Dense(4)).build((None, 3))

    def test_build_inside_of_a_recording(self):
        layer = Around(Dense(4))
        y = Compiled(lambda x: layer(x), "f")(np.ones((2, 3), "float32"))
        assert_allclose(y.numpy(), np.ones((2, 3)) @ layer.inner.kernel.numpy(), rtol=1e-6)

    def test_no_state_after_build(self):
        layer = Scale()
        layer(np.ones((2, 3)))
        with pytest.raises(ValueError, match=r"Scale 'scale' is built already"):
            layer.late = Dense(2)
        with pytest.raises(ValueError, match=r"built already"):
            layer.add_weight(shape=(2,))
        layer.note = "anything else may still change"

    def test_build_from_config_takes_lists_for_shapes(self):
        layer = Scale()
        layer.build_from_config({"input_shape": [None, 5]})
        assert layer.factor.shape == (5,)

    def test_weights_given_in_the_older_way(self):
        layer = Scale(weights=[np.array([2.0, 3.0])])
        assert_array_equal(layer(np.ones((1, 2))).numpy(), [[2.0, 3.0]])


class TestAddWeight:
    def test_defaults_by_dtype(self):
        layer = Layer()
        a, b = layer.add_weight((2, 2)), layer.add_weight(shape=(2,), dtype="int32")
        assert (a.dtype, b.dtype) == ("float32", "int32")
        assert np.abs(a.numpy()).sum() > 0
        assert_array_equal(b.numpy(), [0, 0])
        assert layer.add_weight(name="w", initializer="ones").shape == ()

    def test_what_it_is_given_is_kept(self):
        regularizer, constraint = babytf.regularizers.L2(0.5), babytf.constraints.NonNeg()
        w = Layer(name="n").add_weight(
            shape=(2,),
            initializer="ones",
            trainable=False,
            autocast=False,
            regularizer=regularizer,
            constraint=constraint,
            aggregation="mean",
            overwrite_with_gradient=True,
            name="w",
        )
        assert (w.trainable, w.autocast, w.aggregation, w.overwrite_with_gradient) == (False, False, "mean", True)
        assert (w.regularizer, w.constraint, w.path) == (regularizer, constraint, "n/w")

    def test_a_name_by_position(self):
        with pytest.raises(ValueError, match=r"add_weight\(shape=…, name='kernel'\)"):
            Layer().add_weight("kernel", (2, 2))

    def test_a_size_that_is_not_known(self):
        with pytest.raises(ValueError, match=r"the weight 'kernel' needs a size that is not known"):
            Dense(3).build((None, None))


class TestTracking:
    def test_the_order_is_that_of_assignment_also_in_containers(self):
        layer = Layer()
        layer.blocks = []
        layer.head = Dense(1, name="head")
        layer.blocks.append(Dense(1, name="b0"))
        layer.more = {"x": (Dense(1, name="t"), [Dense(1, name="u")])}
        layer.more["y"] = Dense(1, name="y")
        layer.blocks += [Dense(1, name="b1")]
        assert [sub.name for sub in layer._layers] == ["head", "b0", "t", "u", "y", "b1"]

    def test_what_is_taken_out_of_a_container_is_forgotten(self):
        layer = Layer()
        layer.blocks = [Dense(1, name="a"), Dense(1, name="b"), Dense(1, name="c")]
        layer.by_name = {"d": Dense(1, name="d")}
        layer.blocks.pop()
        del layer.blocks[0]
        layer.by_name.clear()
        assert [sub.name for sub in layer._layers] == ["b"]

    def test_variables_and_metrics_assigned_as_attributes(self):
        layer = Layer()
        layer.w, layer.count = Variable(1.0, name="w"), Variable(2.0, trainable=False, name="count")
        layer.average = Mean(name="average")
        layer.inner = Layer()
        layer.inner.average = Mean(name="inner_average")
        assert layer.trainable_weights == [layer.w]
        assert layer.non_trainable_weights == [layer.count]
        assert [m.name for m in layer.metrics] == ["average", "inner_average"]

    def test_one_layer_at_two_places_counts_once(self):
        layer = Layer()
        layer.a = layer.b = Dense(2)
        layer.c = [layer.a]
        layer.a.build((None, 3))
        assert len(layer._layers) == 1
        assert len(layer.weights) == 2

    def test_attributes_before_the_constructor_of_the_base(self):
        class Early(Layer):
            def __init__(self):
                self.first = Dense(2, name="first")
                super().__init__()
                self.second = Dense(2, name="second")

            def call(self, x):
                return self.second(self.first(x))

        layer = Early()
        layer(np.ones((1, 2)))
        assert [sub.name for sub in layer._layers] == ["first", "second"]

    def test_a_deleted_variable_is_forgotten(self):
        layer = Layer()
        layer.w = Variable(1.0)
        del layer.w
        assert layer.weights == []

    def test_the_constructor_of_the_base_was_not_called(self):
        class Forgetful(Layer):
            def __init__(self):
                self.x = 1

        for attempt in (lambda: Forgetful()(np.ones((1, 2))), lambda: Forgetful().add_weight((1,))):
            with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\*\*kwargs\)"):
                attempt()

    def test_trainable_goes_down(self):
        layer = Around(Dense(2))
        layer(np.ones((1, 3)))
        layer.trainable = False
        assert not layer.inner.trainable
        assert layer.trainable_weights == []
        assert len(layer.non_trainable_weights) == 2
        layer.trainable = True
        assert len(layer.trainable_weights) == 2

    def test_frozen_before_it_is_built(self):
        layer = Dense(2, trainable=False)
        layer.build((None, 3))
        assert [v.trainable for v in layer.weights] == [False, False]

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_copies_are_independent_and_go_on_tracking(self, duplicate):
        layer = Around(Dense(2, name="d"))
        layer.others = [Dense(3)]
        layer(np.ones((1, 3)))
        twin = duplicate(layer)
        twin.inner.kernel.assign(np.zeros((3, 2)))
        assert layer.inner.kernel.numpy().any()
        assert [sub.name for sub in twin._layers] == [sub.name for sub in layer._layers]
        with pytest.raises(ValueError, match="built already"):
            twin.others.append(Dense(1))


class TestCall:
    def test_arrays_lists_and_tensors(self):
        layer = Scale()
        for x in (np.ones((1, 2)), [[1.0, 1.0]], ((1, 1),), Tensor([[1.0, 1.0]]), Variable([[1.0, 1.0]])):
            y = layer(x)
            assert isinstance(y, Tensor)
            assert (y.shape, y.dtype.name) == ((1, 2), "float32")

    @pytest.mark.parametrize(
        ("x", "autocast", "dtype"),
        [
            (np.ones((1, 2), "float64"), True, "float32"),
            (np.ones((1, 2), "float16"), True, "float32"),
            (np.ones((1, 2), "float64"), False, "float64"),
            (np.ones((1, 2), "int64"), True, "int64"),
            (np.ones((1, 2), "uint8"), True, "uint8"),
            (np.ones((1, 2), bool), True, "bool"),
            (np.ones((1, 2), ">f4"), True, "float32"),
            (np.ones((2, 1), "float32").T[:, ::-1], True, "float32"),
        ],
    )
    def test_floats_are_cast_and_integers_are_not(self, x, autocast, dtype):
        assert Identity(autocast=autocast)(x).dtype.name == dtype

    def test_integers_become_floats_where_weights_are(self):
        assert Dense(2)(np.ones((1, 3), "int64")).dtype.name == "float32"
        assert Dense(2, dtype="float64")(np.ones((1, 3), "uint8")).dtype.name == "float64"

    def test_nests_and_keywords(self):
        class Add(Layer):
            def call(self, pair, *, extra):
                return pair["a"] + pair["b"][0] + extra

        y = Add()({"a": np.ones(2), "b": [np.ones(2)]}, extra=np.ones(2))
        assert_array_equal(y.numpy(), [3.0, 3.0])
        assert y.dtype.name == "float32"

    @pytest.mark.parametrize("thing", ["text", True, object(), [["a"]]])
    def test_only_tensors_by_position(self, thing):
        with pytest.raises((ValueError, DTypeError)):
            Identity()(thing)
        with pytest.raises(ValueError, match="takes tensors by position"):
            Says()(np.ones((1, 2)), True)

    @pytest.mark.parametrize("x", [np.array([["a", "b"]]), np.array([[None, 1]]), np.ones((1, 2), complex)])
    def test_what_is_no_number(self, x):
        with pytest.raises(DTypeError, match="dtype"):
            Dense(2)(x)

    def test_rows_of_different_length(self):
        with pytest.raises(DTypeError, match="rows differ in length"):
            Dense(2)([[1.0, 2.0], [3.0]])

    def test_input_of_another_size_than_the_layer_was_built_for(self):
        layer = Dense(3, name="hidden")
        layer.build((None, 784))
        with pytest.raises(ShapeError) as raised:
            layer(np.zeros((32, 783), "float32"))
        assert str(raised.value) == (
            "Dense 'hidden' was built for 784 features.\n"
            "  got:      input of shape (32, 783), float32\n"
            "  expected: last axis 784\n"
            "  fix:      pass 784 features per sample, or make a new Dense for this data"
        )

    def test_one_sample_without_its_batch(self):
        with pytest.raises(ShapeError, match=r"x\[None\] makes a batch of one sample, shape \(1, 5\)"):
            Dense(3)(np.zeros(5))

    def test_a_layer_without_call(self):
        with pytest.raises(NotImplementedError, match=r"Layer 'layer' has no call\(\)"):
            Layer()(np.ones(2))

    def test_branching_on_a_value_while_recorded(self):
        class Gate(Layer):
            def call(self, x):
                return x if ops.sum(x) > 0 else -x

        layer = Gate()
        assert_array_equal(layer(-np.ones(2)).numpy(), [1.0, 1.0])
        with pytest.raises(TracingError, match=r"ops.where"):
            Compiled(lambda x: layer(x), "f")(np.ones(2))

    def test_recorded_and_eager_agree_to_the_bit(self, rng):
        layer = Around(Dense(4, "tanh"))
        x = rng.normal(size=(5, 3)).astype("float32")
        assert_array_equal(layer(x).numpy(), Compiled(lambda x: layer(x), "f")(x).numpy())

    def test_the_program_says_which_layer_a_line_belongs_to(self):
        layer = Around(Dense(4, name="hidden"), name="outer")
        layer.build((None, 3))
        program = Compiled(lambda x: layer(x), "f").program(np.ones((2, 3), "float32"))
        assert "    # hidden (Dense)\n" in program.source

    def test_gradients_pass(self):
        layer = Scale(start="ones")
        with GradientTape() as tape:
            loss = ops.sum(layer(np.array([[2.0, 3.0]])))
        assert_array_equal(tape.gradient(loss, layer.trainable_weights)[0].numpy(), [2.0, 3.0])


class TestTraining:
    def test_argument_then_outer_call_then_default(self):
        says = Says()
        outer = Around(says)
        x = np.ones((1, 2))
        for given, heard in ((True, True), (False, False), (None, None)):
            says(x, training=given)
            assert says.heard[0] is heard
            outer(x, training=given)
            assert says.heard[0] is heard
        says(x)
        assert says.heard[0] is None

    def test_the_default_in_the_signature_gives_way_to_the_outer_call(self):
        class Default(Says):
            def call(self, x, training=True):
                return super().call(x, training)

        layer = Default()
        layer(np.ones(2))
        assert layer.heard[0] is True
        Around(layer)(np.ones(2), training=False)
        assert layer.heard[0] is False

    def test_an_inner_argument_wins_and_does_not_leak(self):
        class Outer(Layer):
            def __init__(self):
                super().__init__()
                self.a, self.b = Says(), Says()

            def call(self, x):
                return self.b(self.a(x, training=True))

        layer = Outer()
        layer(np.ones(2), training=False)
        assert (layer.a.heard[0], layer.b.heard[0]) == (True, False)

    def test_after_an_error_the_next_call_starts_clean(self):
        class Fails(Layer):
            def call(self, x):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            Fails()(np.ones(2), training=True)
        says = Says()
        says(np.ones(2))
        assert says.heard[0] is None

    def test_threads_do_not_see_each_other(self):
        inside, checked = threading.Event(), threading.Event()

        class Waits(Layer):
            def call(self, x):
                inside.set()
                checked.wait(10)
                return x

        thread = threading.Thread(target=lambda: Waits()(np.ones(2), training=True))
        thread.start()
        inside.wait(10)
        says = Says()
        says(np.ones(2))
        checked.set()
        thread.join()
        assert says.heard[0] is None

    def test_dropout(self):
        layer = Dropout(0.5, seed=1)
        x = np.ones((100, 100), "float32")
        assert_array_equal(layer(x).numpy(), x)
        y = layer(x, training=True).numpy()
        assert set(np.unique(y)) == {0.0, 2.0}
        assert abs(y.mean() - 1) < 0.05  # 10^4 draws of 0 or 2: standard deviation 0.01

    def test_dropout_repeats_with_its_seed_and_follows_its_noise_shape(self):
        x = np.ones((4, 3, 5), "float32")
        a, b = (Dropout(0.5, noise_shape=(None, 1, 5), seed=3)(x, training=True).numpy() for _ in range(2))
        assert_array_equal(a, b)
        assert_array_equal(a, np.repeat(a[:, :1], 3, axis=1))

    def test_dropout_of_everything_and_of_nothing(self):
        x = np.ones((2, 3))
        assert_array_equal(Dropout(0)(x, training=True).numpy(), x)
        assert_array_equal(Dropout(1.0)(x, training=True).numpy(), 0 * x)


class TestLosses:
    def test_weight_penalties_come_after_what_calls_added(self):
        class Adds(Scale):
            def call(self, x):
                self.add_loss(ops.sum(x) * 10)
                return super().call(x)

        layer = Around(Adds())
        layer(np.ones((1, 2)))
        layer.inner.factor.regularizer = babytf.regularizers.L2(0.5)
        assert_allclose([float(loss) for loss in layer.losses], [20.0, 1.0])
        layer(np.ones((1, 2)))
        assert len(layer.losses) == 2  # of the last call alone

    def test_activity_penalty_is_averaged_over_the_batch(self):
        layer = Activation("linear", activity_regularizer=babytf.regularizers.L1(0.5))
        layer(np.full((4, 3), 2.0))
        assert_allclose([float(loss) for loss in layer.losses], [0.5 * 4 * 3 * 2 / 4])

    def test_frozen_weights_are_not_penalized(self):
        layer = Dense(2, kernel_regularizer="l2", trainable=False)
        layer.build((None, 3))
        assert layer.losses == []

    def test_a_recording_leaves_nothing_behind(self):
        layer = Activation("linear", activity_regularizer="l2")
        total = Compiled(lambda x: (layer(x), sum(layer.losses)), "f")(np.ones((2, 3), "float32"))[1]
        assert_allclose(float(total), 0.01 * 3)
        assert layer.losses == []

    @pytest.mark.parametrize("thing", [3, "x", np.ones(1)])
    def test_something_else_than_a_tensor(self, thing):
        with pytest.raises(ValueError, match="add_loss takes tensors"):
            Layer().add_loss(thing)


class TestMasks:
    def masked(self, x=None):
        tensor = Tensor(np.ones((1, 2)) if x is None else x, "float32")
        tensor._keras_mask = Tensor([[True, False]])
        return tensor

    def test_a_mask_is_filled_in_and_handed_on(self):
        class Supports(Says):
            def __init__(self):
                super().__init__()
                self.supports_masking = True

            def call(self, x, mask=None):
                return super().call(x * 2, mask=mask)

        layer, x = Supports(), self.masked()
        y = layer(x)
        assert layer.heard[1] is x._keras_mask
        assert y._keras_mask is x._keras_mask

    def test_a_mask_survives_the_cast(self):
        x = self.masked()
        assert Identity(dtype="float64")(x)._keras_mask is x._keras_mask

    def test_a_mask_that_ends_here(self):
        with pytest.warns(UserWarning, match="does not support masks"):
            Scale()(self.masked())

    def test_a_layer_that_makes_a_mask(self):
        class Makes(Layer):
            def call(self, x):
                return x + 0

            def compute_mask(self, inputs, mask=None):
                return ops.not_equal(inputs, 0)

        layer = Makes()
        assert layer.supports_masking
        assert_array_equal(layer(np.array([[1.0, 0.0]]))._keras_mask.numpy(), [[True, False]])

    def test_masks_of_several_arguments(self):
        class Two(Layer):
            def call(self, query, value, query_mask=None, value_mask=None):
                self.__dict__["heard"] = (query_mask, value_mask)
                return query + 0

            def compute_mask(self, inputs, mask=None):
                return None

        layer, x = Two(), self.masked()
        layer(x, value=np.ones((1, 2)))
        assert layer.heard == (x._keras_mask, None)


class TestShapes:
    def test_output_shape_by_recording(self):
        class Strange(Layer):
            def call(self, x):
                return ops.transpose(x, (1, 0, 2))[:, :, :2], {"sum": ops.sum(x, axis=(0, 2))}

        shapes = Strange().compute_output_shape((None, 7, 3))
        assert shapes == ((7, None, 2), {"sum": (7,)})

    def test_a_keras_tensor_goes_through_layers(self):
        x = Input((4,), name="x")
        dense = Dense(3)
        y = Around(dense)(x)
        assert isinstance(y, KerasTensor)
        assert (y.shape, y.dtype) == ((None, 3), "float32")
        assert dense.get_build_config() == {"input_shape": (None, 4)}
        assert y._keras_history[1:] == (0, 0)

    def test_input_and_output_of_a_layer(self):
        x, layer = Input((4,)), Dense(3)
        with pytest.raises(AttributeError, match="has no output yet"):
            layer.output  # noqa: B018
        y = layer(x)
        assert layer.input is x
        assert layer.output is y

    def test_before_it_is_built(self):
        class Own(Scale):
            pass

        with pytest.raises(ValueError, match=r"build\(input_shape\) first"):
            Own().compute_output_shape((None, 3))

    def test_a_keras_tensor_has_no_values(self):
        x = Input((4,))
        for attempt in (lambda: np.asarray(x), lambda: bool(x), lambda: list(x), lambda: float(x)):
            with pytest.raises(TypeError, match="KerasTensor"):
                attempt()

    def test_random_draws_of_a_recording_do_not_advance_the_stream(self):
        layer = Dropout(0.5, seed=1)
        before = layer.seed_generator.state
        Around(layer).compute_output_shape((None, 3))
        assert_array_equal(layer.seed_generator.state, before)


class TestWeights:
    def test_get_and_set(self):
        layer = Dense(2)
        layer.build((None, 3))
        values = [np.arange(6.0).reshape(3, 2), np.ones(2)]
        layer.set_weights(values)
        for got, value in zip(layer.get_weights(), values, strict=True):
            assert_array_equal(got, value)
        layer.get_weights()[0][:] = 0
        assert layer.kernel.numpy().any()

    def test_a_wrong_shape_changes_nothing(self):
        layer = Dense(2, name="d")
        layer.build((None, 3))
        before = layer.get_weights()
        with pytest.raises(ShapeError) as raised:
            layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
        for part in ("Dense 'd'", "weight 'd/bias'", "an array of shape (3,)", "shape (2,)"):
            assert part in str(raised.value)
        assert_array_equal(layer.get_weights()[0], before[0])

    def test_a_wrong_number(self):
        with pytest.raises(ShapeError, match=r"build 'd' first"):
            Dense(2, name="d").set_weights([np.zeros((3, 2)), np.zeros(2)])

    def test_count(self):
        layer = Dense(10)
        with pytest.raises(ValueError, match="has no weights yet"):
            layer.count_params()
        layer.build((None, 784))
        assert layer.count_params() == 7850

    def test_stores(self):
        store = {}
        layer, other = Dense(2), Dense(2)
        layer.build((None, 3))
        other.build((None, 3))
        layer.save_own_variables(store)
        assert sorted(store) == ["0", "1"]
        other.load_own_variables(store)
        assert_array_equal(other.kernel.numpy(), layer.kernel.numpy())
        with pytest.raises(ShapeError, match="1 arrays"):
            other.load_own_variables({"0": np.zeros((3, 2))})


class TestNames:
    def test_counted_by_class_until_reset(self):
        class LeakyThing2D(Layer):
            pass

        names = [Dense(1).name, Dense(1).name, LeakyThing2D().name, Dense(1, name="mine").name, Dense(1).name]
        assert names == ["dense", "dense_1", "leaky_thing2d", "mine", "dense_2"]
        babytf.utils.clear_session()
        assert Dense(1).name == "dense"

    @pytest.mark.parametrize("name", ["a/b", 5, b"x"])
    def test_a_bad_name(self, name):
        with pytest.raises(ValueError, match="bad `name`"):
            Dense(1, name=name)


class TestArguments:
    def test_an_unknown_argument(self):
        with pytest.raises(ValueError, match=r"unknown argument(.|\n)*unit=3"):
            Dense(1, unit=3)

    def test_trainable_is_a_boolean(self):
        with pytest.raises(ValueError, match="bad `trainable`"):
            Dense(1, trainable="yes")

    def test_dtypes(self):
        layer = Dense(1, dtype="float64")
        assert (layer.dtype, layer.compute_dtype, layer.variable_dtype) == ("float64",) * 3
        assert layer.dtype_policy.name == "float64"
        assert Dense(1, dtype=np.float16).dtype == "float16"

    def test_mixed_precision(self):
        layer = Dense(2, dtype="mixed_float16")
        with GradientTape() as tape:
            y = layer(np.ones((1, 3), "float32"))
            loss = ops.sum(y)
        assert (y.dtype.name, layer.kernel.dtype) == ("float16", "float32")
        assert [g.dtype.name for g in tape.gradient(loss, layer.weights)] == ["float32", "float32"]
        assert layer.kernel.value.dtype.name == "float32"
        assert layer.compute_output_spec(KerasTensor((None, 3))).dtype == "float16"

    def test_mixed_precision_in_layers_of_other_precision(self):
        class Pair(Layer):
            def __init__(self):
                super().__init__(dtype="mixed_float16")
                self.half, self.full = Scale(dtype="mixed_float16"), Scale(dtype="float32")
                self.steps = self.add_weight(name="steps", initializer="zeros", autocast=False)

            def call(self, x):
                self.steps.assign_add(1.0)
                return self.half(x), self.full(x), self.steps * 1.0

        layer = Pair()
        for run in (layer, Compiled(lambda x: layer(x), "f")):
            assert [y.dtype.name for y in run(np.ones((1, 3), "float32"))] == ["float16", "float32", "float32"]
        assert layer.compute_output_shape((None, 3)) == ((None, 3), (None, 3), ())
        assert float(layer.steps.numpy()) == 2

    @pytest.mark.parametrize("dtype", ["bfloat16", "complex64", "flot32", "mixed_bfloat16"])
    def test_an_unsupported_dtype(self, dtype):
        with pytest.raises(ValueError, match=f"unknown dtype policy '{dtype}'"):
            Dense(1, dtype=dtype)

    def test_quantize(self):
        with pytest.raises(NotImplementedError, match="cannot be quantized"):
            Dense(1).quantize("int8")

    @pytest.mark.parametrize("units", [-1, 0, 2.5, "3", None, True])
    def test_units(self, units):
        with pytest.raises(ValueError, match="bad `units`"):
            Dense(units)

    @pytest.mark.parametrize("argument", ["lora_rank", "lora_alpha", "quantization_config"])
    def test_what_dense_does_not_have(self, argument):
        with pytest.raises(NotImplementedError, match=argument):
            Dense(2, **{argument: 4})

    @pytest.mark.parametrize(
        ("make", "match"),
        [
            (lambda: Dropout(1.5), "bad `rate`"),
            (lambda: Dropout(-0.1), "bad `rate`"),
            (lambda: Dropout(0.5, noise_shape="ab"), "bad `noise_shape`"),
            (lambda: Dropout(0.5, noise_shape=(0, 1)), "bad `noise_shape`"),
            (lambda: babytf.layers.Flatten("last"), "bad `data_format`"),
            (lambda: babytf.layers.Reshape((2, -2)), "bad `target_shape`"),
            (lambda: babytf.layers.Reshape((-1, -1)), "bad `target_shape`"),
            (lambda: babytf.layers.Reshape((2, 3))(np.zeros((2, 5))), r"5 elements(.|\n)*6 elements"),
            (lambda: babytf.layers.Reshape((-1, 3))(np.zeros((2, 5))), "a multiple of 3 elements"),
            (lambda: Input(), "needs a shape"),
            (lambda: Input((2,), batch_shape=(1, 2)), "its shape twice"),
            (lambda: Input((2,), sparse=True), "sparse"),
            (lambda: Input((2,), ragged=True), "ragged"),
            (lambda: Input("ab"), "not a shape"),
            (lambda: Input((-1,)), "not a shape"),
            (lambda: Input((3,), tensor=Input((2,))), "`shape` differs"),
            (lambda: Activation("rellu"), "did you mean 'relu'"),
            (lambda: get("Densee"), "did you mean 'Dense'"),
        ],
    )
    def test_bad_arguments(self, make, match):
        with pytest.raises(ValueError, match=match):
            make()

    def test_a_lambda_needs_a_function(self):
        with pytest.raises(TypeError, match="bad `function`"):
            Lambda(3)


class TestLambda:
    def test_arguments_mask_and_training(self):
        heard = []

        def f(x, mask, training, factor):
            heard.append((mask, training))
            return x * factor

        y = Lambda(f, arguments={"factor": 3.0})(np.ones((1, 2)), training=True)
        assert_array_equal(y.numpy(), [[3.0, 3.0]])
        assert heard == [(None, True)]

    def test_output_shape(self):
        assert Lambda(lambda x: x[:, :2]).compute_output_shape((None, 5)) == (None, 2)
        assert Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((3, 5)) == (3, 7)
        assert Lambda(lambda x: x, output_shape=lambda s: (*s, 1)).compute_output_shape((3, 5)) == (3, 5, 1)

    def test_mask(self):
        layer = Lambda(lambda x: x + 0, mask=lambda x, mask: ops.greater(x, 0))
        assert_array_equal(layer(np.array([[1.0, -1.0]]))._keras_mask.numpy(), [[True, False]])

    def test_a_registered_function_is_saved_by_its_name(self):
        @babytf.saving.register_keras_serializable("tests")
        def triple(x, k=1):
            return x * k

        layer = Lambda(triple, output_shape=(2,), arguments={"k": 3}, name="l")
        config = layer.get_config()
        # as Keras: "mask" is left out when there is none
        assert config["function"]["config"] == "tests>triple"
        assert {k: v for k, v in config.items() if k not in ("function", "dtype")} == {
            "name": "l",
            "trainable": True,
            "output_shape": (2,),
            "arguments": {"k": 3},
        }
        for again in (Lambda.from_config(config), Lambda.from_config(config, safe_mode=False)):
            assert_array_equal(again(np.ones((1, 2))).numpy(), [[3.0, 3.0]])
        with pytest.raises(ValueError, match=r"(?s)Lambda 'l' holds a function of a file.*'tests>triple'"):
            Lambda.from_config(config, safe_mode=True)

    def test_the_code_of_a_lambda_is_not_saved(self):
        with pytest.warns(UserWarning, match="without its code"):
            Lambda(lambda x: x).get_config()


class TestConfigurationOfOnesOwn:
    def test_without_get_config_the_arguments_are_kept(self):
        class Mine(Layer):
            def __init__(self, units, mode="a", **kwargs):
                super().__init__(**kwargs)
                self.hidden = Dense(units)

        config = Mine(3, mode="b", name="m", trainable=False).get_config()
        assert config["dtype"]["config"] == {"name": "float32"}
        assert {k: v for k, v in config.items() if k != "dtype"} == {
            "name": "m",
            "trainable": False,
            "units": 3,
            "mode": "b",
        }
        assert Mine.from_config(config).hidden.units == 3

    def test_get_config_that_extends_the_base(self):
        class Mine(Layer):
            def __init__(self, units, **kwargs):
                super().__init__(**kwargs)
                self.n = units

            def get_config(self):
                return {**super().get_config(), "units": self.n}

        config = Mine(4, name="m", dtype="float64").get_config()
        assert sorted(config) == ["dtype", "name", "trainable", "units"]
        again = Mine.from_config(config)
        assert (again.n, again.dtype, again.name) == (4, "float64", "m")

    def test_get_config_that_extends_a_layer_of_the_library(self):
        class Mine(Dense):
            def __init__(self, units, extra=0, **kwargs):
                super().__init__(units, **kwargs)
                self.extra = extra

            def get_config(self):
                return {**super().get_config(), "extra": self.extra}

        again = Mine.from_config(Mine(4, extra=2, activation="relu", name="m").get_config())
        assert (again.units, again.extra, again.activation.__name__) == (4, 2, "relu")


class TestInputSpec:
    @pytest.mark.parametrize(
        ("spec", "fits", "fails"),
        [
            ({"ndim": 2}, (3, 4), (3,)),
            ({"min_ndim": 2}, (3, 4, 5), (3,)),
            ({"max_ndim": 2}, (3,), (3, 4, 5)),
            ({"axes": {-1: 4}}, (3, 4), (4, 3)),
            ({"axes": {1: 4}}, (3, 4, 2), (3, 2, 4)),
            ({"shape": (None, 4)}, (9, 4), (9, 5)),
            ({"shape": (None, 4, 1), "allow_last_axis_squeeze": True}, (9, 4), (9, 5)),
        ],
    )
    def test_shapes(self, spec, fits, fails):
        layer = Identity(name="i")
        layer.input_spec = InputSpec(**spec)
        layer(np.zeros(fits))
        with pytest.raises(ShapeError, match=r"Identity 'i'(.|\n)*got: "):
            layer(np.zeros(fails))

    def test_dtype(self):
        layer = Identity()
        layer.input_spec = InputSpec(dtype="int32")
        with pytest.raises(ShapeError, match="takes int32 input"):
            layer(np.zeros(3))

    def test_number_and_names_of_inputs(self):
        layer = Identity()
        layer.input_spec = [InputSpec(ndim=2, name="a"), InputSpec(ndim=1, name="b")]
        layer([np.zeros((1, 2)), np.zeros(3)])
        layer({"b": np.zeros(3), "a": np.zeros((1, 2))})
        with pytest.raises(ShapeError, match="takes 2 inputs"):
            layer(np.zeros((1, 2)))
        with pytest.raises(ShapeError, match="missing the input 'b'"):
            layer({"a": np.zeros((1, 2))})

    def test_configuration(self):
        spec = InputSpec(dtype="int32", max_ndim=5, min_ndim=2, axes={-1: 3}, optional=True)
        again = InputSpec.from_config(spec.get_config())
        assert repr(again) == repr(spec) == "InputSpec(dtype=int32, max_ndim=5, min_ndim=2, axes={-1: 3})"

    def test_bad_axes(self):
        with pytest.raises(TypeError, match="bad `axes`"):
            InputSpec(axes=[1])
        with pytest.raises(ValueError, match="beyond the number of axes"):
            InputSpec(ndim=2, axes={2: 1})
