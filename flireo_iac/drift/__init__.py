"""What the repository says, what was last applied and what the account holds: who moved, field by field."""
