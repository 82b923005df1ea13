"""Writes the files that follow from the code: classes and schemas of the kinds, reference pages of the documentation.

The pages are those of the kinds, the rules, the commands and the errors. ``python -m flireo_iac.generate`` writes them;
with ``--check`` it only says which are out of date and exits 1.
"""
