"""A supplier and a channel kept in memory: they define what the contracts mean."""
