"""Lets ``python -m flireo_iac.cli`` do what ``flireo`` does."""

from flireo_iac.cli.main import main

if __name__ == "__main__":
    main()
