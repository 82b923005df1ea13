"""The Flireo API on this machine, built from the OpenAPI contract and the behaviour notes, never from the kinds."""
