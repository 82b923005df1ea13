"""The words in which the rest of the engine speaks.

``values`` (what a property can hold), ``paths`` and ``diff`` (where two of them differ), ``urns`` and ``state`` (a
resource and how the state writes it), ``events`` (what a run tells), and ``redact``, which keeps secret values out of
every text. Nothing here reads a file, starts a process or decides.
"""
