"""Base of what is read and is no resource: typed fields, later ones kept."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from flireo_iac.client.answers import MismatchError


class Record(BaseModel):
    """One object of the API; keys that no field names are kept in ``model_extra``."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    def plain(self) -> dict[str, Any]:
        """Give the object as JSON values, in one spelling; what the server did not send is left out."""
        return self.model_dump(mode="json", exclude_unset=True)


R = TypeVar("R", bound=Record)


def record(model: type[R], value: Any) -> R:
    """Read one object.

    Args:
        model: What it is.
        value: JSON value of it.

    Raises:
        MismatchError: It is something else; names the fields and no value.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) or "the body" for each in error.errors(include_input=False)})
        raise MismatchError(f"{', '.join(fields)}: not as promised") from None


def mapping(value: Any) -> dict[str, Any]:
    """Give a body that has to be an object.

    Raises:
        MismatchError: It is none.
    """
    if not isinstance(value, dict):
        raise MismatchError("the body is empty" if value is None else "the body is no object")
    return value
