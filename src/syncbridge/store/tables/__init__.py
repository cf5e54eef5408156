"""The tables. Rows are seen by `store` only; everything else gets values of `model`.

Whoever imports one has them all: a database is made and compared whole.
"""

from syncbridge.store.tables import access, buying, catalogue, onboarding, parcels, plans, work

__all__ = ["access", "buying", "catalogue", "onboarding", "parcels", "plans", "work"]
