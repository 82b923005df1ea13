"""Webhooks: what is said to an agent's server, signed, and what its answers change. Only this machine is reached."""
