"""The ``flireo`` command: one module a command or a few. Parses, calls, prints, exits; decides nothing."""
