"""A dynamic provider over a cloud that is a folder. It is copied beside the test programs, and imported there.

Each object is a file; each call is a line of ``calls.log``. ``faults.json`` lets calls fail: a list of
``{"method", "name", "kind", "times"}`` with the kinds ``error``, ``status``, ``unauthenticated``, ``outcome-unknown``,
``partial``, ``sleep`` and ``die``; with ``seconds`` they take that long.
"""

# The dynamic classes of the SDK have no types.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import fcntl
import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import struct_pb2
from google.rpc import error_details_pb2
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

CLOUD = Path(os.environ["TEST_CLOUD"])


def log(method, name, **more):
    line = json.dumps({"method": method, "name": name, "time": time.time(), **more}, default=str)
    with (CLOUD / "calls.log").open("a") as file:
        file.write(line + "\n")


def call_context():
    frame: Any = sys._getframe()
    while frame is not None:
        if "request" in frame.f_locals and "context" in frame.f_locals:
            return frame.f_locals["request"], frame.f_locals["context"]
        frame = frame.f_back
    raise RuntimeError("no call")


def take_fault(method, name):
    path = CLOUD / "faults.json"
    if not path.exists():
        return None
    with (CLOUD / "faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        faults = json.loads(path.read_text())
        for fault in faults:
            if fault["method"] == method and fault.get("name") in (None, name) and fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                path.write_text(json.dumps(faults))
                return fault
    return None


def obey(method, name, identity=None, outs=None):
    fault = take_fault(method, name)
    if fault is None:
        return
    kind = fault["kind"]
    time.sleep(fault.get("seconds", 0))
    if kind == "die":
        os._exit(9)
    elif kind == "error":
        raise RuntimeError(fault.get("text", f"{method} of {name} failed"))
    elif kind in ("partial", "status", "unauthenticated", "outcome-unknown"):
        _, context = call_context()
        status = status_pb2.Status(code=2, message=fault.get("text", f"{name} is not ready"))
        if kind == "partial":
            struct = struct_pb2.Struct()
            struct.update(outs)
            detail = provider_pb2.ErrorResourceInitFailed(id=identity, properties=struct, reasons=[status.message])
            status.details.add().Pack(detail)
        if kind in ("unauthenticated", "outcome-unknown"):
            status.details.add().Pack(error_details_pb2.ErrorInfo(reason=kind.upper().replace("-", "_")))
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        raise RuntimeError("hidden")


def say(urn, text, severity=engine_pb2.WARNING, ephemeral=False):
    channel = grpc.insecure_channel(sys.argv[1])
    engine_pb2_grpc.EngineStub(channel).Log(
        engine_pb2.LogRequest(severity=severity, message=text, urn=urn, ephemeral=ephemeral)
    )
    channel.close()


class CloudProvider(ResourceProvider):
    def configure(self, req):
        log("configure", "", token=req.config.get("token") or "")

    def check(self, olds, news):
        name = news.get("name")
        log("check", name if isinstance(name, str) else "?", olds=sorted(olds), news=sorted(news))
        failures = []
        if news.get("bad"):
            failures.append(CheckFailure("", "bad: must not be set"))
        if isinstance(name, str):
            obey("check", name)
        return CheckResult(dict(news), failures)

    def diff(self, identity, olds, news):
        log("diff", str(olds.get("name")))
        changed = [k for k in (olds.keys() | news.keys()) - {"serial", "__provider"} if olds.get(k) != news.get(k)]
        if news.get("engine_diff") is True:
            return DiffResult(replaces=[k for k in changed if k == "kind"], delete_before_replace=bool(news.get("dbr")))
        return DiffResult(
            changes=bool(changed),
            replaces=[k for k in changed if k == "kind"],
            delete_before_replace=bool(news.get("dbr")),
        )

    def create(self, props):
        name = props["name"]
        request, _ = call_context()
        log("create", name, props={k: v for k, v in props.items() if k != "__provider"}, timeout=request.timeout)
        if props.get("warn"):
            say(request.urn, f"{name}: look here {props['warn']}")
        if props.get("prints"):
            print("printed:", props[props["prints"]], flush=True)
        obey("create", name)
        identity = f"{name}-{uuid.uuid4().hex[:6]}"
        outs = {k: v for k, v in props.items() if k != "__provider"}
        outs["serial"] = identity
        (CLOUD / "objects" / identity).write_text(json.dumps(outs))
        log("created", name, id=identity)
        # The SDK adds this key to good answers only.
        obey("create-after", name, identity, {**outs, "__provider": props["__provider"]})
        return CreateResult(identity, outs)

    def update(self, identity, olds, news):
        log("update", news["name"], id=identity)
        obey("update", news["name"], identity, dict(news))
        outs = {k: v for k, v in news.items() if k != "__provider"}
        outs["serial"] = identity
        (CLOUD / "objects" / identity).write_text(json.dumps(outs))
        return UpdateResult(outs)

    def delete(self, identity, props):
        log("delete", props.get("name"), id=identity)
        obey("delete", props.get("name"))
        (CLOUD / "objects" / identity).unlink(missing_ok=True)
        log("deleted", props.get("name"), id=identity)

    def read(self, identity, props):
        log("read", props.get("name"), id=identity)
        path = CLOUD / "objects" / identity
        outs = json.loads(path.read_text()) if path.exists() else {}
        obey("read", props.get("name"), identity, {**outs, "__provider": props["__provider"]})
        if not outs:
            return ReadResult("", {})
        return ReadResult(identity, dict(outs), {k: v for k, v in outs.items() if k != "serial"})


class Thing(Resource, module="cloud", name="Thing"):
    serial: pulumi.Output[str]

    def __init__(self, name, opts=None, called=None, **props):
        super().__init__(CloudProvider(), name, {"name": called or name, "serial": None, **props}, opts)
