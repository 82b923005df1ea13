"""URNs: the names of resources in a stack.

Source: pulumi notes on the engine, section 3.
"""

from __future__ import annotations

from typing import Final

STACK_TYPE: Final = "pulumi:pulumi:Stack"
PROVIDER_PREFIX: Final = "pulumi:providers:"
DYNAMIC_PACKAGE: Final = "pulumi-python"
DYNAMIC_PROVIDER_TYPE: Final = PROVIDER_PREFIX + DYNAMIC_PACKAGE
BUILT_IN_PROVIDER_TYPE: Final = PROVIDER_PREFIX + "pulumi"
"""Pulumi keeps an entry for it as soon as a program asks it for something; it makes nothing by itself."""


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Make the URN of a resource.

    Args:
        stack: Name of the stack.
        project: Name of the project.
        parent: URN of the parent; empty when there is none. The stack itself is not put in front of the type.
        type_: Type of the resource.
        name: Name of the resource.
    """
    qualified = type_
    if parent and qualified_type(parent) != STACK_TYPE:
        qualified = f"{qualified_type(parent)}${type_}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def stack_urn(stack: str, project: str) -> str:
    """Give the URN of the stack resource."""
    return make_urn(stack, project, "", STACK_TYPE, f"{project}-{stack}")


def provider_urn(stack: str, project: str) -> str:
    """Give the URN of the default provider for dynamic resources."""
    return make_urn(stack, project, "", DYNAMIC_PROVIDER_TYPE, "default")


def qualified_type(urn: str) -> str:
    """Give the types of the parents and of the resource, joined by ``$``."""
    parts = urn.split("::", 3)
    return parts[2] if len(parts) > 2 else ""


def type_of(urn: str) -> str:
    """Give the type of the resource."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """Give the name of the resource."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) > 3 else urn


def split_provider(reference: str) -> tuple[str, str]:
    """Split a reference to a provider into its URN and its id."""
    urn, _, identity = reference.rpartition("::")
    return urn, identity
