"""Objects to plain dictionaries and back, in the form Keras 3 writes.

An object is `{"module", "class_name", "config", "registered_name"}`, with `build_config` and `compile_config`
where it has them. What a name stands for is looked up in `registry.py` and nowhere else.
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from babytf import config as settings
from babytf.errors import did_you_mean, explain, unknown_name
from babytf.limits import declaring
from babytf.registry import (
    CustomObjectScope,
    builtin,
    builtin_names,
    custom_object_scope,
    find_builtin,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    known_custom_names,
    public_name,
    register_keras_serializable,
    setting,
)

__all__ = [
    "Configurable",
    "CustomObjectScope",
    "builtin",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "in_memory",
    "lookup",
    "register_keras_serializable",
    "safety",
    "serialize_argument",
    "serialize_keras_object",
    "serialize_sharing",
    "sharing",
]

Config = dict[str, Any]

# Functions in files are looked up in these families, in this order, when the file names none.
_FUNCTION_FAMILIES = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, np.ufunc)
_ARRAY_DTYPES = frozenset(settings.DTYPES)

_SAFE: ContextVar[bool | None] = ContextVar("safe mode of the load", default=None)
_IN_MEMORY: ContextVar[bool] = ContextVar("whether a copy is made, and no file", default=False)
_OWNER: ContextVar[str | None] = ContextVar("name of the object being made", default=None)
_WRITTEN: ContextVar[dict[int, tuple[Any, int]] | None] = ContextVar("objects written so far", default=None)
_READ: ContextVar[dict[tuple[int, str], Any] | None] = ContextVar("objects read so far", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """While this lasts, configurations with the same `shared_object_id` are read as one object."""
    with setting(_READ, {}):
        yield


@contextmanager
def in_memory() -> Iterator[None]:
    """While this lasts, functions are handed over as they are: a copy made in this process needs no names for them."""
    with setting(_IN_MEMORY, True):
        yield


@contextmanager
def safety(safe_mode: bool | None) -> Iterator[bool | None]:
    """What the caller of a load said about functions in files, which holds for all within.

    Args:
        safe_mode: What the caller says now; `None` leaves it to those further out.

    Yields:
        What holds; `None` if nobody said anything.
    """
    with setting(_SAFE, _SAFE.get() if safe_mode is None else safe_mode):
        yield _SAFE.get()


# --------------------------------------------------------------------------------------------- writing


def serialize_keras_object(obj: Any) -> Any:
    """Describe an object with dictionaries, lists, strings and numbers.

    Args:
        obj: A layer, loss, optimizer, …; a registered function; an array; a container of such; a plain value.

    Returns:
        What `deserialize_keras_object` takes. A tuple stays one; JSON makes a list of it. Of a lambda only the
        fact that it was one is kept, with a warning.

    Raises:
        TypeError: If the object has no `get_config`, or its `get_config` does not return a dict.
    """
    if obj is None or isinstance(obj, (str, int, float, bool)):
        return obj.item() if isinstance(obj, np.generic) else obj
    if isinstance(obj, (list, tuple)):
        items = [serialize_keras_object(item) for item in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, slice):
        ends = {key: serialize_keras_object(getattr(obj, key)) for key in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": ends}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and obj.ndim == 0):
        return obj.item()
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if hasattr(obj, "__array__") and not hasattr(obj, "get_config"):
        array = np.asarray(obj)
        return {"class_name": "__tensor__", "config": {"value": array.tolist(), "dtype": array.dtype.name}}
    if _IN_MEMORY.get() and isinstance(obj, _FUNCTIONS):
        return obj
    if isinstance(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        warnings.warn(
            explain(
                "a lambda is saved without its code: code is not stored, and a lambda has no name to refer to.",
                got=f"{obj!r}, line {obj.__code__.co_firstlineno} of {obj.__code__.co_filename}",
                expected="a function with a name",
                fix="write it with `def` under @register_keras_serializable()",
            ),
            stacklevel=2,
        )
        return {"class_name": "__lambda__", "config": {"code": None, "defaults": None, "closure": None}}
    return _serialize_named(obj)


def _serialize_named(obj: Any) -> Config:
    if isinstance(obj, _FUNCTIONS):
        name = _function_name(obj)
        return _written(
            obj, {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
        )
    if hasattr(obj, "get_config") and not isinstance(obj, type):
        inner = obj.get_config()
        if not isinstance(inner, dict):
            raise TypeError(
                explain(f"{type(obj).__name__}.get_config() must return a dict.", got=repr(inner), fix="return a dict")
            )
    else:
        raise TypeError(
            explain(
                f"{type(obj).__name__} cannot be saved: it has no get_config().",
                got=repr(obj)[:200],
                expected="a plain value, an array, a registered function, or an object with get_config()",
                fix="add get_config(self), which returns the constructor's arguments as a dict",
            )
        )
    cls = type(obj)
    public = public_name(cls)
    module, class_name = public or (None if cls.__module__ == "__main__" else cls.__module__, cls.__name__)
    out: Config = {
        "module": module,
        "class_name": class_name,
        "config": {key: serialize_keras_object(value) for key, value in inner.items()},
        "registered_name": None if public and not public[0].startswith("keras.src") else get_registered_name(cls),
    }
    for part in ("build_config", "compile_config"):
        getter = getattr(obj, f"get_{part}", None)
        value = getter() if getter is not None else None
        if value:
            out[part] = serialize_keras_object(value)
    return _written(obj, out)


def _written(obj: Any, out: Config) -> Config:
    seen = _WRITTEN.get()
    if seen is not None:
        # Keeping the object keeps its id from being used again.
        out["shared_object_id"] = seen.setdefault(id(obj), (obj, len(seen) + 1))[1]
    return out


def serialize_sharing(obj: Any) -> Any:
    """Describe an object, and mark with a `shared_object_id` what occurs in it more than once.

    Args:
        obj: What `serialize_keras_object` takes.

    Returns:
        What `deserialize_keras_object` takes.
    """
    with setting(_WRITTEN, {}):
        config = serialize_keras_object(obj)
    found: dict[int, list[Config]] = {}
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "class_name" in item and "shared_object_id" in item:
                found.setdefault(item["shared_object_id"], []).append(item)
            waiting += item.values()
        elif isinstance(item, (list, tuple)):
            waiting += item
    for described in found.values():
        if len(described) == 1:
            del described[0]["shared_object_id"]
    return config


def _function_name(function: Any) -> str:
    public = public_name(function)
    return public[1] if public else get_registered_name(function)


# --------------------------------------------------------------------------------------------- reading


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """Make the object that a configuration describes.

    Classes and functions are looked up by name among the library's own, those registered with
    `register_keras_serializable`, and `custom_objects`. Nothing else can be reached.

    Args:
        config: What `serialize_keras_object` returned, or the same read from JSON.
        custom_objects: From names to classes or functions of your own.
        safe_mode: Whether to refuse every `Lambda`, and code stored in place of a function's name. Such code is never
            run: with `False`, your own function is used instead, looked up in `custom_objects` by the name of the
            layer; a function that is named is looked up by that name.
        kwargs: `module`: where to look first for a name that comes without a module.

    Returns:
        The object; plain values as they are, containers with their contents made.

    Raises:
        TypeError: If a class or function is unknown, or something is not of the form described.
        ValueError: If a configuration does not fit its class, or stored code was refused.
    """
    module_hint = kwargs.pop("module", None)
    if kwargs:
        raise TypeError(f"deserialize_keras_object() got an unexpected keyword argument {next(iter(kwargs))!r}")
    ambient = _SAFE.get()
    with CustomObjectScope(custom_objects), safety(safe_mode if ambient is None else None), declaring():
        if isinstance(config, str):
            custom = get_registered_object(config)
            return config if custom is None else custom
        return _deserialize(config, module_hint)


def _deserialize(config: Any, module_hint: str | None = None) -> Any:
    if config is None or isinstance(config, (str, int, float, bool)):
        return config
    if isinstance(config, (list, tuple)):
        return [
            deserialize_keras_object(item) if isinstance(item, str) else _deserialize(item, module_hint)
            for item in config
        ]
    if not isinstance(config, dict):
        return config  # an object already
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value, module_hint) for key, value in config.items()}
    class_name, inner = config["class_name"], config["config"]
    inner = {} if inner is None else inner
    if not isinstance(class_name, str):
        raise TypeError(explain("`class_name` must be a string.", got=repr(class_name)[:80]))
    if class_name in _PLAIN:
        return _plain(class_name, inner)
    if class_name == "__lambda__":
        return _supplied_function()
    if class_name == "function":
        return _find_function(inner, config.get("module"), module_hint)
    return _make(class_name, inner, config, module_hint)


_PLAIN = ("__bytes__", "__slice__", "__ellipsis__", "__numpy__", "__tensor__")


def _plain(kind: str, inner: Any) -> Any:
    """A value that JSON has no form for."""
    try:
        if kind == "__ellipsis__":
            return Ellipsis
        if kind == "__bytes__":
            return inner["value"].encode("utf-8")
        if kind == "__slice__":
            ends = [_deserialize(inner[key]) for key in ("start", "stop", "step")]
            if any(not isinstance(end, (int, type(None))) for end in ends):
                raise ValueError(f"ends {ends}")
            return slice(*ends)
        if inner["dtype"] not in _ARRAY_DTYPES:
            raise ValueError(f"dtype {inner['dtype']!r}")
        array = np.array(inner["value"], dtype=inner["dtype"])
        tensor = find_builtin("keras", "Tensor") if kind == "__tensor__" else None
        return array if tensor is None else tensor(array)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(
            explain(f"a stored {kind.strip('_')} value could not be read.", got=f"{type(error).__name__}: {error}")
        ) from None


def _supplied_function() -> Any:
    """The caller's own function, in place of code stored in a file."""
    owner = _OWNER.get()
    if _SAFE.get() is not False:
        raise ValueError(
            explain(
                f"{owner or 'an object'} holds a Python lambda, stored as code.",
                got="code in a file, which is never run",
                expected="a function referred to by name",
                fix=f"supply it: custom_objects={{{owner or '<lambda>'!r}: your_function}} with safe_mode=False",
            )
        )
    named = [get_registered_object(owner), get_registered_object("<lambda>")]
    function = next((thing for thing in named if callable(thing) and not isinstance(thing, type)), None)
    if function is None:
        raise ValueError(
            explain(
                f"{owner or 'an object'} holds a Python lambda, stored as code. Stored code is never run.",
                got="no function to use in its place",
                expected="your own copy of the function",
                fix=f"pass custom_objects={{{owner or '<lambda>'!r}: your_function}}",
            )
        )
    return function


def _find_function(name: Any, module: Any, module_hint: str | None) -> Any:
    if not isinstance(name, str):
        raise TypeError(explain("a function is stored by its name.", got=repr(name)[:80], expected="a string"))
    found = get_registered_object(name)
    if found is None:
        families = [module_hint, module if isinstance(module, str) and module.startswith("keras") else None]
        for family in [*families, *(f"keras.{family}" for family in _FUNCTION_FAMILIES)]:
            candidate = find_builtin(family, name) if family else None
            if isinstance(candidate, types.FunctionType):
                return candidate
    if found is None:
        found = next((get_registered_object(key) for key in known_custom_names() if key.endswith(f">{name}")), None)
    if found is None:
        raise _unknown("function", name, module)
    return found


def _make(class_name: str, inner: Any, config: Config, module_hint: str | None) -> Any:
    if not isinstance(inner, dict):
        raise TypeError(
            explain(f"the configuration of {class_name} must be a dict.", got=repr(inner)[:80], expected="a dict")
        )
    shared, number = _READ.get(), config.get("shared_object_id")
    if shared is not None and isinstance(number, int) and (number, class_name) in shared:
        return shared[number, class_name]
    cls = _find_class(class_name, config, module_hint)
    if isinstance(cls, types.FunctionType):
        return cls
    if not isinstance(cls, type) or not hasattr(cls, "from_config"):
        raise TypeError(
            explain(
                f"{class_name} cannot be made from a configuration: it has no from_config().",
                got=repr(cls),
                fix=f"add a classmethod from_config(cls, config) to {class_name}",
            )
        )
    name = inner.get("name")
    name = name if isinstance(name, str) else None
    who = f"{class_name} {name!r}" if name else class_name
    with setting(_OWNER, name or class_name), _worded(who):
        instance = cls.from_config(dict(inner))
        build_config, compile_config = config.get("build_config"), config.get("compile_config")
        if build_config and not getattr(instance, "built", True):
            instance.build_from_config(build_config)
            instance.built = True
        if compile_config:
            instance.compile_from_config(compile_config)
    if shared is not None and isinstance(number, int):
        shared[number, class_name] = instance
    return instance


@contextmanager
def _worded(who: str) -> Iterator[None]:
    """Let what goes wrong while an object is made say which object that was."""
    try:
        yield
    except (OSError, NotImplementedError):
        raise
    except Exception as error:
        if isinstance(error, (ValueError, TypeError)) and "\n  " in str(error):
            raise
        family = TypeError if isinstance(error, TypeError) else ValueError
        raise family(
            explain(
                f"{who} could not be made from its configuration.",
                got=f"{type(error).__name__}: {error}"[:500],
                fix="compare its `config` with the arguments of the class",
            )
        ) from error


def _find_class(class_name: str, config: Config, module_hint: str | None) -> Any:
    module, registered = config.get("module"), config.get("registered_name", class_name)
    for part, value in (("module", module), ("registered_name", registered)):
        if value is not None and not isinstance(value, str):
            raise TypeError(explain(f"`{part}` of {class_name} must be a string.", got=repr(value)[:80]))
    found = get_registered_object(registered) if registered is not None else None
    of_keras = module is None or module.split(".")[0] == "keras"
    if found is None and of_keras:
        found = find_builtin(module or module_hint, class_name)
    if found is None:
        found = get_registered_object(class_name)
    if found is None:
        raise _unknown("class", class_name, module)
    return found


def _unknown(kind: str, name: str, module: Any) -> TypeError:
    near = did_you_mean(name, {*builtin_names(), *(key.rpartition(">")[2] for key in known_custom_names())})
    supply = f"pass custom_objects={{{name!r}: {name if name.isidentifier() else '…'}}}, or register it"
    return TypeError(
        explain(
            f"unknown {kind} {name!r}.",
            got=f"{name!r} of module {module!r}",
            expected=f"a {kind} of this library, or one of your own that is registered or passed",
            fix=f"{supply}; {near}" if near else supply,
        )
    )


def lookup(kind: str, identifier: Any, table: Mapping[str, Any], module: str) -> Any:
    """What a family's `get` does: names, configurations, classes and instances to an object.

    Args:
        kind: What is looked up, for messages: `"optimizer"`.
        identifier: `None`, a name, a configuration, a class, or an instance or callable.
        table: The names of the family.
        module: Where its classes are known publicly: `"keras.optimizers"`.

    Returns:
        `None` for `None`; classes are instantiated, functions and instances returned as they are.

    Raises:
        ValueError: If the name is unknown, or the identifier is none of these.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        found = get_registered_object(identifier)
        if found is None:
            found = table.get(identifier)
        if found is None:
            raise unknown_name(kind, identifier, [*table, *known_custom_names()])
    elif isinstance(identifier, dict):
        found = deserialize_keras_object(identifier, module=module)
    else:
        found = identifier
    found = found() if isinstance(found, type) else found
    if not callable(found) and not hasattr(found, "get_config"):
        raise unknown_name(kind, found, table, got=repr(identifier)[:200])
    return found


# ---------------------------------------------------------------------------------- objects with a config

_IDENTITY = ("name", "trainable", "dtype")
_MISSING = object()


class Configurable:
    """A class whose configuration is its constructor's arguments.

    A class of the library keeps each argument in an attribute of the same name; `get_config` reads those, following
    the constructors up for as long as they take `**kwargs`. For a class of a user's own, the arguments it was made
    with are kept instead, so that it can be saved without a `get_config` of its own.
    """

    _given: tuple[tuple[Any, ...], Config] = ((), {})

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Keep the arguments of a user's own class."""
        instance = super().__new__(cls)
        if not _of_library(cls):
            object.__setattr__(instance, "_given", (args, kwargs))
        return instance

    def get_config(self) -> Config:
        """The constructor's arguments, as plain values and nested configurations.

        Returns:
            What `from_config` takes.

        Raises:
            NotImplementedError: If an argument cannot be told from the object, or has no configuration.
        """
        cls = type(self)
        writer = next(base for base in cls.__mro__ if "get_config" in vars(base))
        if _of_library(cls) or not _of_library(writer):
            return self._attributes()
        identity = {name: value for name, value in self._attributes().items() if name in _IDENTITY}
        return {**identity, **self._arguments(identity)}

    def _attributes(self) -> Config:
        """The arguments of the library's constructors, as they stand now."""
        config: Config = {}
        for base in reversed(_constructors(next(base for base in type(self).__mro__ if _of_library(base)))):
            for name in _parameters(base)[0]:
                value = getattr(self, name, _MISSING)
                if value is _MISSING:
                    raise NotImplementedError(
                        explain(
                            f"{base.__name__} does not keep its argument {name!r}.",
                            got=f"no attribute {name!r}",
                            fix=f"set self.{name} in the constructor, or write get_config()",
                        )
                    )
                config[name] = serialize_argument(value)
        return config

    def _arguments(self, known: Config) -> Config:
        """The arguments that a user's own class was made with, but for those known better."""
        cls, (args, kwargs) = type(self), self._given
        names = _positional(cls)
        if len(args) > len(names):
            raise NotImplementedError(
                explain(
                    f"{cls.__name__} cannot be saved: its constructor takes *args.",
                    got=f"{len(args)} positional arguments",
                    expected="arguments with names",
                    fix=f"write {cls.__name__}.get_config() and from_config()",
                )
            )
        config = {}
        for name, value in {**dict(zip(names, args, strict=False)), **kwargs}.items():
            if name in known:
                continue
            try:
                config[name] = serialize_keras_object(value)
            except (TypeError, ValueError) as error:
                raise NotImplementedError(
                    explain(
                        f"{cls.__name__} cannot be saved: its argument {name!r} has no configuration.",
                        got=str(error).replace("\n", "\n" + " " * 12),
                        fix=f"write {cls.__name__}.get_config() and from_config()",
                    )
                ) from error
        return config

    @classmethod
    def from_config(cls, config: Config) -> Any:
        """Make an object from what `get_config` returned.

        Args:
            config: The constructor's arguments; nested configurations become objects.

        Returns:
            A new object of this class.
        """
        bases = _constructors(cls)
        accepted = {name for base in bases for name in _parameters(base)[0]}
        takes_more = not bases or _parameters(bases[-1])[1]
        name = config.get("name")
        with setting(_OWNER, name if isinstance(name, str) else cls.__name__):
            arguments = {}
            for key, value in config.items():
                # Newer writers add arguments that stand at None; a class without **kwargs has no use for a name.
                spare = value is None and (_of_library(cls) or not takes_more)
                if key in accepted or not (spare or (key in _IDENTITY and not takes_more)):
                    arguments[key] = _made(value)
            return cls(**arguments)


def serialize_argument(value: Any) -> Any:
    """An attribute as an argument: the library's functions by name, a scalar variable as its number."""
    if isinstance(value, types.FunctionType) and public_name(value) is not None:
        return _function_name(value)
    if not isinstance(value, (np.ndarray, np.generic)) and hasattr(value, "__array__") and np.ndim(value) == 0:
        return np.asarray(value).item()
    return serialize_keras_object(value)


def _made(value: Any) -> Any:
    """Nested configurations as objects; anything else, names among it, as it is."""
    if isinstance(value, dict):
        if "class_name" in value and "config" in value:
            return deserialize_keras_object(value)
        return {key: _made(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_made(item) for item in value)
    return value


def _of_library(cls: type) -> bool:
    return cls.__module__.startswith("babytf.")


def _constructors(cls: type) -> list[type]:
    """The classes whose constructors see the arguments: up the bases, for as long as they take `**kwargs`."""
    found = []
    for base in cls.__mro__[:-1]:
        if "__init__" in vars(base):
            found.append(base)
            if not _parameters(base)[1]:
                break
    return found


def _parameters(cls: type) -> tuple[tuple[str, ...], bool]:
    """The constructor's named parameters, and whether it takes `**kwargs`."""
    code = _init_code(cls)
    return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount], bool(code.co_flags & 0x08)


def _positional(cls: type) -> tuple[str, ...]:
    code = _init_code(cls)
    return code.co_varnames[1 : code.co_argcount]


def _init_code(cls: type) -> types.CodeType:
    function: Any = cls.__init__  # type: ignore[misc]
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function.__code__ if hasattr(function, "__code__") else _no_arguments.__code__


def _no_arguments(self: Any) -> None:
    """Stands in for `object.__init__`, which has no code to read."""


builtin("keras", settings.DTypePolicy, FloatDTypePolicy=settings.DTypePolicy)
