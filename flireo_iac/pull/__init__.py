"""From the account to stack files: what ``flireo pull`` would write, decided before anything is written."""
