"""Named locks of accounts."""
