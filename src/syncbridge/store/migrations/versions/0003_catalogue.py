"""The catalogue engine: plans by store, offers planned once under the same rules, specs that feed several SKUs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer", sa.Column("planned_under", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("plan", sa.Column("store", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("plan", sa.Column("repriced", sa.Integer(), server_default="0", nullable=False))
    op.add_column("plan", sa.Column("zeroed", sa.Integer(), server_default="0", nullable=False))
    op.create_index("plan_recent", "plan", ["store", "made_at"], unique=False)
    names = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
    with op.batch_alter_table("binding", naming_convention=names) as batch_op:
        batch_op.drop_constraint("uq_binding_store", type_="unique")
    op.create_index("binding_offer", "binding", ["supplier", "offer_id"], unique=False)
    _rates()


def _rates() -> None:
    op.add_column("binding", sa.Column("discount", sa.Text(), nullable=True))
    op.create_table(
        "rate",
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("told_day", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("pair"),
    )
