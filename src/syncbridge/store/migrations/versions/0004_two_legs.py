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
    _waybills()
    _numbers()


def _waybills() -> None:
    """Domestic parcels one by one, so that each is followed and none forgotten."""
    op.create_table(
        "waybill",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("supplier", "vendor_order_id", "number")),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("movement", "said")),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("supplier", "vendor_order_id", "number"),
    )
    op.create_index("waybill_number", "waybill", ["number"])
    op.execute(
        "INSERT OR IGNORE INTO waybill (supplier, vendor_order_id, number, carrier, seen_at, movement, said) "
        "SELECT supplier, vendor_order_id, each.value, '', seen_at, '', '' "
        "FROM vendor_order, json_each(vendor_order.waybills) AS each"
    )
    op.drop_column("vendor_order", "waybills")


def _numbers() -> None:
    """Numbers that take the place of others."""
    for name, default in (("mark", "''"), ("state", "'announced'")):
        op.add_column("parcel", sa.Column(name, sa.String(), server_default=sa.text(default), nullable=False))
    op.execute(
        "UPDATE parcel SET mark = (SELECT holder.mark FROM purchase JOIN purchase AS holder "
        "ON holder.id = coalesce(purchase.merged_into, purchase.id) WHERE purchase.id = parcel.purchase)"
    )
