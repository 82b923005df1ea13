"""The local engine: runs a Pulumi program with Pulumi's own protocol and state, and knows nothing about Flireo.

``run.Engine`` is the way in. Read on in this order: ``project``, ``config`` and ``backend`` (the files), ``values``,
``state`` and ``snapshot`` (the state), ``goal``, ``plan``, ``executor`` and ``deployment`` (a run), ``server``,
``program`` and ``provider_process`` (the protocol), ``events`` and ``display`` (what is told).
"""
