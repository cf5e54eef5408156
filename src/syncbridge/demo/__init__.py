"""A day of trade on mock vendors: what happens in it, who does it, and whether the books balance afterwards."""
