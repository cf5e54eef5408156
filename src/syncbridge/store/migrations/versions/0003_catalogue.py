"""The catalogue engine: plans by store, offers planned once under the same rules, specs that feed several SKUs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE job SET kind = 'offers.read' WHERE kind = 'import_.offer'")
    op.add_column("offer", sa.Column("planned_under", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("plan", sa.Column("store", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("plan", sa.Column("repriced", sa.Integer(), server_default="0", nullable=False))
    op.add_column("plan", sa.Column("zeroed", sa.Integer(), server_default="0", nullable=False))
    op.create_index("plan_recent", "plan", ["store", "made_at"], unique=False)
    names = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
    with op.batch_alter_table("binding", naming_convention=names) as batch_op:
        batch_op.drop_constraint("uq_binding_store", type_="unique")
    op.create_index("binding_offer", "binding", ["supplier", "offer_id"], unique=False)
    _locks()
    _plans()
    _rates()
    _imports()
    _monitoring()
    _adoption()
    op.add_column("binding", sa.Column("unsure", sa.String(), server_default=sa.text("''"), nullable=False))


def _locks() -> None:
    op.add_column("listing", sa.Column("seen", sa.Text(), nullable=True))
    op.add_column("listing", sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("listing", sa.Column("state_sent", sa.String(), nullable=True))
    op.add_column("binding", sa.Column("price_sent", sa.Text(), nullable=True))
    op.add_column("binding", sa.Column("stock_sent", sa.Integer(), nullable=True))
    op.add_column("binding", sa.Column("stock_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "lock",
        sa.Column("listing", sa.Integer(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["listing"], ["listing.id"]),
        sa.PrimaryKeyConstraint("listing", "sku_code", "field"),
    )


def _plans() -> None:
    op.add_column("listing", sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("listing", sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE listing SET first_sent_at = sent_at")
    op.add_column("change", sa.Column("guard", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("change", sa.Column("result", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("change", sa.Column("passport", sa.Text(), server_default="{}", nullable=False))
    op.drop_index("ix_change_plan", table_name="change")
    op.create_index("change_plan", "change", ["plan", "listing"], unique=False)
    held = sa.text("state = 'held'")
    op.create_index("change_held", "change", ["guard", "plan"], sqlite_where=held, postgresql_where=held)
    op.drop_index("ix_change_listing", table_name="change")
    op.create_index("change_listing", "change", ["listing", "state"], unique=False)
    op.execute(
        "UPDATE change SET state = 'overtaken', result = 'a later plan has another value'"
        " WHERE state = 'held' AND id < (SELECT max(id) FROM change AS later WHERE later.listing = change.listing"
        " AND later.sku_code = change.sku_code AND later.field = change.field)"
    )
    op.execute("UPDATE change SET guard = field || '_step', result = reason WHERE state = 'held'")


def _adoption() -> None:
    op.add_column("listing", sa.Column("whole", sa.Boolean(), server_default=sa.text("1"), nullable=False))
    op.add_column("binding", sa.Column("first_plan", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "adoption_listing",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("listing_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("category_id", sa.String(), nullable=False),
        sa.Column("freight_template_id", sa.String(), nullable=False),
        sa.Column("description_html", sa.String(), nullable=False),
        sa.Column("images", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store", "listing_id"),
    )
    op.create_table(
        "adoption_sku",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("listing_id", sa.String(), nullable=False),
        sa.Column("sku_key", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("discount", sa.Text(), nullable=True),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("store", "listing_id", "sku_key"),
    )
    op.create_index("adoption_sku_code", "adoption_sku", ["store", "sku_code"], unique=False)
    op.create_index("adoption_sku_state", "adoption_sku", ["store", "state"], unique=False)
    op.create_table(
        "picture",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("url"),
    )


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


def _imports() -> None:
    op.add_column("quota", sa.Column("day", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("quota", sa.Column("calls", sa.Integer(), server_default="0", nullable=False))
    op.add_column("offer", sa.Column("stores", sa.Text(), nullable=True))
    op.create_index(op.f("ix_offer_offer_id"), "offer", ["offer_id"], unique=False)
    op.create_table(
        "given_text",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("supplier", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description_html", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store", "supplier", "offer_id"),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("stores", sa.Text(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "import_item",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("written", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["import_run.id"]),
        sa.PrimaryKeyConstraint("run", "number"),
    )
    op.create_index("import_item_next", "import_item", ["run", "state", "tries", "number"], unique=False)
    op.create_index("import_item_offer", "import_item", ["run", "offer_id"], unique=False)


def _monitoring() -> None:
    op.create_index("offer_planned", "offer", ["account", "planned_under"], unique=False)
    op.add_column("account_state", sa.Column("stretch", sa.Float(), server_default="1", nullable=False))
    op.add_column("account_state", sa.Column("latest", sa.Float(), server_default="86400", nullable=False))
    op.create_table(
        "reading",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change_rate", sa.Float(), nullable=False),
        sa.Column("pace", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Float(), server_default="0", nullable=False),
        sa.Column("watched_days", sa.Float(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("account", "offer_id"),
    )
    op.create_index("reading_due", "reading", ["account", "next_read_at"], unique=False)
    op.create_index("reading_pace", "reading", ["account", "pace"], unique=False)
    op.execute(  # offers read by an earlier release are due at once
        "INSERT INTO reading (account, offer_id, read_at, next_read_at, change_rate, pace) "
        "SELECT account, offer_id, changed_at, changed_at, 0.5, -1 FROM offer"
    )
    op.create_table(
        "offer_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("spec_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cost", sa.Text(), nullable=True),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("offer_history_spec", "offer_history", ["account", "offer_id", "at"], unique=False)
    op.create_index("offer_history_at", "offer_history", ["at"], unique=False)
    op.create_table(
        "lost_spec",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("found_spec_id", sa.String(), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "lost_spec_open_once",
        "lost_spec",
        ["store", "sku_code"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("lost_spec_offer", "lost_spec", ["account", "offer_id", "state"], unique=False)
