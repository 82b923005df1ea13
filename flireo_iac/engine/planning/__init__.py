"""Decides what is to be done; does none of it.

``goal`` is what the program registers, ``naming`` finds its former state, and ``plan`` compares the two: the answers
are ``steps``, collected in ``decisions``. ``removal`` decides what is deleted after the program, in the order of
``graph``; ``targets`` narrows a run down.
"""
