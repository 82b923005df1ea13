"""The local engine: runs a Pulumi program with Pulumi's own protocol and state, and knows nothing about Flireo.

``run.Engine`` is the way in, ``result`` what comes out. The rooms, from the ground up; each knows only those before it,
and ``show`` only ``model``: ``model`` (the words), ``files`` (what lies on the disk), ``processes`` (the children),
``planning`` (decides), ``deploy`` (does), ``serving`` (the program and its services), ``show`` (what people see).
"""
