"""Turns events into what people and programs read; only the command line needs it.

``display`` is the text on a terminal or in a log, ``difftext`` the lines of a difference in it, and ``report`` the
JSON.
"""
