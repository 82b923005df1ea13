"""The other processes: how they are started, asked and ended.

``children`` starts them and notices their end, ``runner`` is the script that runs in them, in the interpreter of the
program. ``provider_process`` asks the provider, ``call_error`` reads why a call failed, and ``interrupts`` turns
signals to the engine itself into an orderly end.
"""
