"""`Config`: named values that can be frozen."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from babytf.errors import did_you_mean, explain


class Config:
    """Named values, set and read as attributes or as keys; frozen, they can no longer be changed.

    Args:
        **kwargs: Values by name.

    Example:
        >>> config = Config(learning_rate=0.1)
        >>> config.seed = 3
        >>> config.freeze()
        >>> config["seed"], config.to_json()
        (3, '{"learning_rate": 0.1, "seed": 3}')
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__.update(_config=kwargs, _frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether it can no longer be changed."""
        return self._frozen

    def freeze(self) -> None:
        """Let nothing be changed from now on."""
        self.__dict__["_frozen"] = True

    def unfreeze(self) -> None:
        """Let values be changed again."""
        self.__dict__["_frozen"] = False

    def _changing(self) -> dict[str, Any]:
        if self._frozen:
            raise ValueError(explain("this Config is frozen.", got="a change of a value", fix="unfreeze() it first"))
        return self._config

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dict."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        import json  # seldom needed

        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._config.keys()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._config.values()

    def items(self) -> ItemsView[str, Any]:
        """Names with their values."""
        return self._config.items()

    def pop(self, *args: Any) -> Any:
        """Take a value out, as from a dict."""
        return self._changing().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several values, as of a dict."""
        self._changing().update(*args, **kwargs)

    def get(self, keyname: str, value: Any = None) -> Any:
        """A value, or another if there is none of that name.

        Args:
            keyname: Its name.
            value: What to return if there is none.
        """
        return self._config.get(keyname, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            object.__setattr__(self, name, value)  # a property without a setter says so
            return
        self._changing()[name] = value

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__.get("_config", {})
        if name not in found:
            raise AttributeError(
                explain(f"unknown name {name!r}.", got=name, expected=list(found), fix=did_you_mean(name, found))
            )
        return found[name]

    def __setitem__(self, key: str, item: Any) -> None:
        self._changing()[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __delitem__(self, key: str) -> None:
        del self._changing()[key]

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
