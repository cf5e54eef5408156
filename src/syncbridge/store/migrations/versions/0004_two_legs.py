"""How far parcels are."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("movement", "said"):
        op.add_column("parcel", sa.Column(name, sa.String(), server_default=sa.text("''"), nullable=False))
    for name in ("moved_at", "looked_at"):
        op.add_column("parcel", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
