"""How far parcels are, and how they were booked."""

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
    _bookings()
    _deadlines()
    _waybills()
    _numbers()
    _accounts()


def _bookings() -> None:
    texts = ("mark", "vendor_order_id", "waybill", "waybill_carrier", "state", "account", "service", "booking_id")
    op.create_table(
        "booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purchase", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in (*texts, "carrier", "number")),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(f"{name}_at", sa.DateTime(timezone=True), nullable=True) for name in ("sent", "booked", "handed")),
        sa.ForeignKeyConstraint(["purchase"], ["purchase.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mark"),
    )
    op.create_index("booking_made", "booking", ["account", "booking_id"], unique=False)
    op.create_index("ix_booking_purchase", "booking", ["purchase"], unique=False)


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


def _accounts() -> None:
    """What an account may call, until when it is banned, and what was told of its tokens."""
    op.add_column("account_state", sa.Column("renewing_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account_state", sa.Column("told", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("quota", sa.Column("banned_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("quota", sa.Column("banned_why", sa.String(), server_default=sa.text("''"), nullable=False))
    op.create_table(
        "not_granted",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("api", sa.String(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "api"),
    )
