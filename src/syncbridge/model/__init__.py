"""Frozen values of the trade: what an offer, a listing, an order and a purchase are. No I/O."""
