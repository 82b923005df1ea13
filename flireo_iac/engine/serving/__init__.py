"""The program of the user and what it talks to.

``server`` holds the gRPC services that the program and the provider call, ``program`` starts the program and watches
it, and ``processes`` starts services and provider when they are first needed and ends them with the engine.
"""
