"""The declarative base of every table; each kind of device declares its own in its `tables.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The base of every table's class."""


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def table_of(model: type[Base]) -> Table:
    """The Core table of a table's class."""
    return cast(Table, model.__table__)
