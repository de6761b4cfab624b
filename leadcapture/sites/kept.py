"""Settings of a site that are kept as JSON in one column of its row: what is missing there is as it is by default, so a
new setting needs no migration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    _Base = DataclassInstance
else:
    _Base = object


class Kept(_Base):
    """The base of a frozen dataclass of settings, every field of it with a default."""

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Self:
        """The settings kept in such a column; names of another version are passed over."""
        return cls(**{name: value for name, value in (kept or {}).items() if name in cls.__dataclass_fields__})

    def as_json(self) -> dict[str, Any]:
        """What is kept of them: all that differs from the defaults."""
        default = asdict(type(self)())
        return {name: value for name, value in asdict(self).items() if value != default[name]}
