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
    _deadlines()


def _deadlines() -> None:
    """When vendor orders were paid and shipped, and what that says of the next."""
    for name in ("paid_at", "shipped_at", "urged_at"):
        op.add_column("vendor_order", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index("vendor_order_shipped", "vendor_order", ["supplier", "shipped_at"])
    op.create_index("parcel_declared", "parcel", ["declared_at"])
    op.create_table(
        "lead_time",
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("basis", "account", "name"),
    )
