"""Carries out what was decided, and keeps the state in step with it.

``deployment`` is one run over a state: it takes registrations, has them planned and hands the steps to ``executor``,
which calls the provider. ``refresh`` takes over what is really there, without the program.
"""
