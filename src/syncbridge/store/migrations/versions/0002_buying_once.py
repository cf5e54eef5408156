"""Buying once: what a purchase feeds, what a person let pass, and what a vendor order says of itself."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account_state", sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channel_order", sa.Column("status", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("purchase", sa.Column("line_ids", sa.Text(), server_default="[]", nullable=False))
    op.add_column("purchase", sa.Column("alternative", sa.Integer(), server_default="0", nullable=False))
    op.add_column("purchase", sa.Column("approvals", sa.Text(), server_default="{}", nullable=False))
    op.add_column("purchase", sa.Column("address_digest", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("purchase", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.add_column("vendor_order", sa.Column("out_order_id", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("vendor_order", sa.Column("note", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("vendor_order", sa.Column("lines", sa.Text(), server_default="[]", nullable=False))
    op.add_column("vendor_order", sa.Column("created_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("vendor_order", sa.Column("refund_id", sa.String(), nullable=True))
    op.create_index(op.f("ix_vendor_order_out_order_id"), "vendor_order", ["out_order_id"], unique=False)
    op.create_index(op.f("ix_purchase_merged_into"), "purchase", ["merged_into"], unique=False)
    op.create_index("inbox_received", "inbox", ["account", "received_at"], unique=False)
