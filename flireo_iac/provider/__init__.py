"""Pulumi: the dynamic provider of every kind, its way to the engine, and the generated resource classes."""
