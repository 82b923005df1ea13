"""The program of most tests: registers what ``things.json`` says. It is copied as ``__main__.py``."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,import-not-found"

import json
import sys
import time
from pathlib import Path
from typing import Any

import pulumi
from cloud_provider import Thing

SPEC = json.loads(Path("things.json").read_text())


class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:Group", name, {}, opts)


made: dict[str, Any] = {}


def options(spec):
    given = dict(spec.get("opts", {}))
    for key in ("depends_on", "replace_with"):
        if key in given:
            given[key] = [made[name] for name in given[key]]
    for key in ("parent", "deleted_with"):
        if key in given:
            given[key] = made[given[key]]
    if "aliases" in given:
        given["aliases"] = [pulumi.Alias(**one) if isinstance(one, dict) else one for one in given["aliases"]]
    if "custom_timeouts" in given:
        given["custom_timeouts"] = pulumi.CustomTimeouts(**given["custom_timeouts"])
    return pulumi.ResourceOptions(**given)


for spec in SPEC["things"]:
    name = spec["name"]
    if spec.get("component"):
        made[name] = Group(name, options(spec))
        made[name].register_outputs(spec.get("outputs", {}))
        continue
    props = dict(spec.get("props", {}))
    for key, other in spec.get("refs", {}).items():
        props[key] = made[other].id
    for key, other in spec.get("serials", {}).items():
        props[key] = made[other].serial
    for key, value in spec.get("secrets", {}).items():
        props[key] = pulumi.Output.secret(value)
    for key, values in spec.get("nested_secrets", {}).items():
        props[key] = {inner: pulumi.Output.secret(value) for inner, value in values.items()}
    made[name] = Thing(name, options(spec), **props)

for name, value in SPEC.get("exports", {}).items():
    pulumi.export(name, made[value].serial if value in made else value)


def speak(_):
    for text in SPEC.get("prints", []):
        print(text)
    for severity, text in SPEC.get("logs", []):
        getattr(pulumi.log, severity)(text)


pulumi.Output.all(*[resource.urn for resource in made.values()]).apply(speak)
if "config" in SPEC:
    config = pulumi.Config()
    for key in SPEC["config"]:
        pulumi.export(f"config-{key}", config.get(key))
if "fails" in SPEC:
    raise ValueError(SPEC["fails"])
if "sleeps" in SPEC:
    time.sleep(SPEC["sleeps"])
if "exits" in SPEC:
    sys.exit(SPEC["exits"])
