"""Writes the files that follow from the kinds: ``provider/resources.py``, ``docs/kinds`` and ``stacks/schema``.

``python -m flireo_iac.generate`` writes them; with ``--check`` it only says which are out of date and exits 1.
"""
