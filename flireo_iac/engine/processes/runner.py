"""Runs the program or the provider, in the program's own interpreter.

It is started as a script and needs the package ``pulumi`` only. ``runner.py program …`` does what Pulumi's own
``pulumi-language-python-exec`` does; ``runner.py provider ADDRESS`` runs the stock ``pulumi.dynamic`` module. Both
end when their stdin ends, which means that the engine is gone.

Source: pulumi notes on the engine, sections 1, 2 and 8.
"""

import asyncio
import functools
import inspect
import json
import logging
import os
import pathlib
import runpy
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SHOWN = 32  # exit status: the reason was shown already
ENGINE_GONE = 33
CONSTRUCTORS = 3  # of a resource: its own class, CustomResource or ComponentResource, Resource
GRACE_S = 10.0  # calls of the provider that run when the engine dies may still end


def watch_stdin(grace_s: float) -> None:
    """End this process when its stdin ends."""

    def watch() -> None:
        # os.read, not sys.stdin: a thread in the latter aborts the interpreter at exit.
        while os.read(0, 4096):
            pass
        time.sleep(grace_s)
        os._exit(ENGINE_GONE)

    threading.Thread(target=watch, name="engine-watch", daemon=True).start()


def require_pulumi() -> None:
    """End with one line when the interpreter lacks what it is here for."""
    try:
        import pulumi  # noqa: F401
    except ImportError as error:
        sys.stderr.write(
            f"{sys.executable} cannot import pulumi ({error}); program and provider need it. "
            f"Install it: {sys.executable} -m pip install pulumi\n"
        )
        sys.exit(SHOWN)


def run_provider(arguments: list[str]) -> None:
    """Run the stock provider host."""
    watch_stdin(GRACE_S)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - what "python -m" puts there
    sys.argv = ["pulumi.dynamic", *arguments]
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)


class QuietEngine:
    """Forwards calls to the engine, without the debug lines that cost one call each."""

    def __init__(self, address: str) -> None:
        import grpc
        from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

        self._debug = engine_pb2.DEBUG
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def Log(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Forward a line unless it is for debugging."""
        return None if request.severity == self._debug else self._stub.Log(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stub, name)


def spare_the_sdk() -> None:
    """Leave out work of the SDK that comes to nothing here and costs a third of a large program.

    It reads the annotations of a class anew for each resource, writes debug lines that nobody gets, and sends the whole
    stack, of which the engine takes the first frame. Names that another version does not have are left alone.
    """
    import pulumi.log
    import pulumi.runtime.resource
    from pulumi import _types

    for name in ("resource_types", "resource_pulumi_to_py_names", "resource_py_to_pulumi_names"):
        if hasattr(_types, name):
            setattr(_types, name, functools.cache(getattr(_types, name)))
    pulumi.log.debug = lambda *_, **__: None
    if hasattr(pulumi.runtime.resource, "_get_stack_trace"):
        pulumi.runtime.resource._get_stack_trace = first_frame


def first_frame() -> Any:
    """Give the stack of a registration: the frame that made the resource, outside of all its constructors."""
    from pulumi.runtime.proto import source_pb2

    frame, constructors = sys._getframe(1), 0
    while frame.f_back is not None and constructors < CONSTRUCTORS:
        constructors += frame.f_code.co_name == "__init__"
        frame = frame.f_back
    if constructors < CONSTRUCTORS:
        return source_pb2.StackTrace()
    position = source_pb2.SourcePosition(uri=file_uri(frame.f_code.co_filename), line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])


@functools.cache
def file_uri(path: str) -> str:
    """Give the URI of a file; empty for code of no file."""
    try:
        return pathlib.Path(path).as_uri()
    except ValueError:
        return ""


def run_program(options: dict[str, Any]) -> int:
    """Run a Pulumi program; gives the exit status."""
    watch_stdin(0)
    import pulumi
    import pulumi.runtime

    config = pulumi.runtime.get_config_env()
    if hasattr(pulumi.runtime, "set_all_config"):
        pulumi.runtime.set_all_config(config, pulumi.runtime.get_config_secret_keys_env())
    else:
        for key, value in config.items():
            pulumi.runtime.set_config(key, value)
    options["settings"]["engine"] = QuietEngine(options["settings"]["monitor"])
    known = inspect.signature(pulumi.runtime.Settings.__init__).parameters
    settings = {key: value for key, value in options["settings"].items() if key in known}
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))

    spare_the_sdk()
    sys.argv = [options["entry"]]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(settings["parallel"], 1) * 4)
    loop.set_default_executor(executor)
    # Programs that fail leave futures behind; asyncio's words about them help nobody.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    async def entry() -> None:
        runpy.run_path(options["entry"], run_name="__main__")
        # Lets every registration begin. The SDK then waits for them one by one; otherwise it waits for all outputs
        # together, again after each that is there, which takes the square of their number.
        await asyncio.sleep(0)

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(entry))
        return 0
    except pulumi.RunError as error:
        if "Resource monitor has terminated" not in str(error):  # the engine said why before it closed
            pulumi.log.error(str(error))
        return SHOWN
    except Exception:
        pulumi.log.error("Program failed with an unhandled exception:\n" + program_traceback(options["entry"]))
        return SHOWN
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()


def program_traceback(entry: str) -> str:
    """Give the traceback of the exception at hand, from the program's own file on."""
    main = os.path.abspath(entry if entry.endswith(".py") else os.path.join(entry, "__main__.py"))  # noqa: PTH100, PTH118
    frames = traceback.extract_tb(sys.exc_info()[2])
    for index, frame in enumerate(frames):
        if os.path.abspath(frame.filename) == main:  # noqa: PTH100
            return traceback.format_exc(limit=index - len(frames))
    return traceback.format_exc()


if __name__ == "__main__":
    # The folder of this file must not hide modules of the program.
    sys.path.pop(0)
    require_pulumi()
    if sys.argv[1] == "provider":
        run_provider(sys.argv[2:])
    else:
        sys.exit(run_program(json.loads(sys.argv[2])))
