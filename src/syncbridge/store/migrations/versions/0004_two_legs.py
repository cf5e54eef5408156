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
