"""The base of the generated resource classes: a plain Pulumi custom resource with a constant provider string."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

import pulumi

from flireo_iac.core.refresh import ANSWER
from flireo_iac.kinds import KINDS, map_secrets, marker
from flireo_iac.kinds._markers import Secret
from flireo_iac.provider.pickled import provider_constant
from flireo_iac.provider.state_accounts import tell_accounts


class FlireoResource(pulumi.CustomResource):
    """One object of the account.

    Args:
        resource_name: Name in the program, unique within its type; it is not sent to the API.
        args: The inputs, by the API's names.
        opts: Pulumi's options.
    """

    KIND: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Evaluate the annotations once; the SDK reads them anew for each resource, and texts cost it most."""
        super().__init_subclass__()
        with suppress(NameError):  # a program's own class may name what comes after it
            cls.__annotations__ = inspect.get_annotations(cls, eval_str=True)

    def __init__(self, resource_name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        tell_accounts()
        kind = KINDS[self.KIND]
        secrets = [name for name, info in kind.inputs.items() if marker(info, Secret) is not None]
        props = {
            **dict.fromkeys([*kind.inputs, *kind.outputs]),
            # No secret field reaches the state in clear, whether the program marked it or not.
            **map_secrets(kind.model, args, pulumi.Output.secret, _once_known),
            "__provider": provider_constant(kind.name),
        }
        is_open = kind.is_protected and (opts is None or opts.protect is None)
        always = pulumi.ResourceOptions(
            additional_secret_outputs=[ANSWER, *secrets],
            # As in a YAML stack: what customers rely on is deleted only after its program said protect=False.
            protect=True if is_open else None,
        )
        super().__init__(
            f"pulumi-python:dynamic/flireo:{kind.token}",
            resource_name,
            props,
            pulumi.ResourceOptions.merge(opts, always),
        )


def _once_known(change: Callable[[Any], Any], value: Any) -> Any:
    return value.apply(change) if isinstance(value, pulumi.Output) else value
