"""The gateway: tokens, doors, and what passes through them."""
