"""The catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="its name"),
        sa.Column("created_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("disabled_at", sa.Text(), nullable=True, comment="UTC"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
        comment="Whose keys they are.",
    )
    op.create_table(
        "catalogue_state",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="what"),
        sa.Column("value", sa.Text(), nullable=False, comment="its value"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_catalogue_state")),
        comment="Single facts about the catalogue.",
    )
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="place in the log"),
        sa.Column("at", sa.Text(), nullable=False, comment="instant of publication, UTC"),
        sa.Column("movie", sa.Integer(), nullable=False, comment="the film"),
        sa.Column("kind", sa.Text(), nullable=False, comment="created, updated, merged, split or withdrawn"),
        sa.Column("fields", sa.Text(), nullable=False, comment="by field the old and the new value, JSON"),
        sa.Column("source", sa.Text(), nullable=True, comment="whose delivery caused it, where it was one"),
        sa.Column("delivery", sa.Text(), nullable=True, comment="the delivery that caused it"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changes")),
        comment="What changed, in order, numbered without gaps.",
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_changes_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_changes_movie"), ["movie"], unique=False)

    op.create_table(
        "checkpoints",
        sa.Column(
            "follower",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="catalogue, search@HOST, or a program's own name",
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="number of the last entry that is done"),
        sa.Column("at", sa.Text(), nullable=False, comment="when, UTC"),
        sa.PrimaryKeyConstraint("follower", name=op.f("pk_checkpoints")),
        comment="How far each follower has read: the aggregator the log of record changes, the others the change log.",
    )
    op.create_table(
        "companies",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="stable"),
        sa.Column("name", sa.Text(), nullable=False, comment="commonest spelling"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded, for search"),
        sa.Column("aliases", sa.Text(), nullable=False, comment="other spellings, a JSON list"),
        sa.Column("ids", sa.Text(), nullable=False, comment="ids at the sources, a JSON object of lists"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        comment="Production companies, one row per company whatever its spellings.",
    )
    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_companies_folded"), ["folded"], unique=False)

    op.create_table(
        "countries",
        sa.Column("code", sa.Text(), autoincrement=False, nullable=False, comment="ISO 3166-1"),
        sa.Column("name", sa.Text(), nullable=True, comment="in English"),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_countries")),
        comment="Countries of production.",
    )
    op.create_table(
        "decisions",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="in order"),
        sa.Column("left_source", sa.Text(), nullable=False, comment="first record: source"),
        sa.Column("left_key", sa.Text(), nullable=False, comment="first record: key"),
        sa.Column("right_source", sa.Text(), nullable=False, comment="second record: source"),
        sa.Column("right_key", sa.Text(), nullable=False, comment="second record: key"),
        sa.Column("verdict", sa.Text(), nullable=False, comment="same or different"),
        sa.Column("who", sa.Text(), nullable=False, comment="who decided"),
        sa.Column("at", sa.Text(), nullable=False, comment="when, UTC"),
        sa.Column("undone", sa.Text(), nullable=True, comment="when it was taken back, UTC"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decisions")),
        comment="People's verdicts on pairs of records.",
    )
    op.create_table(
        "deliveries",
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="place in the order of arrival",
        ),
        sa.Column("id", sa.Text(), nullable=False, comment="begins with the instant of delivery"),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered"),
        sa.Column("delivered_at", sa.Text(), nullable=False, comment="when it was delivered, UTC"),
        sa.Column("received_at", sa.Text(), nullable=False, comment="when it was ingested, UTC"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="SHA-256 over its payloads' sums"),
        sa.Column("complete", sa.Boolean(), nullable=False, comment="a film it no longer lists is gone"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="applied, unchanged (same bytes as same_as) or held"
        ),
        sa.Column("same_as", sa.Text(), nullable=True, comment="the delivery with the same bytes"),
        sa.Column(
            "replay_of", sa.Text(), nullable=True, comment="the delivery whose rejected rows were read again"
        ),
        sa.Column("records", sa.Integer(), nullable=True, comment="films in it"),
        sa.Column("report", sa.JSON(), nullable=False, comment="what became of its rows and what was odd"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        comment="One row per delivery, in order of arrival.",
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deliveries_source"), ["source"], unique=False)

    op.create_table(
        "document_versions",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column(
            "since",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="first instant at which it stood, UTC",
        ),
        sa.Column("until", sa.Text(), nullable=False, comment="instant at which it no longer did, UTC"),
        sa.Column("document", sa.Text(), nullable=True, comment="JSON; NULL where the film was withdrawn"),
        sa.Column("claims", sa.Text(), nullable=True, comment="JSON"),
        sa.PrimaryKeyConstraint("movie", "since", name=op.f("pk_document_versions")),
        comment="Documents as they stood before.",
    )
    with op.batch_alter_table("document_versions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_document_versions_since_until"), ["since", "until"], unique=False
        )

    op.create_table(
        "failures",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="in order"),
        sa.Column(
            "follower",
            sa.Text(),
            nullable=False,
            comment="whose work failed: catalogue, schedule or webhooks",
        ),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it was about, JSON"),
        sa.Column("error", sa.Text(), nullable=False, comment="what went wrong"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it was tried"),
        sa.Column("at", sa.Text(), nullable=False, comment="when it was set aside, UTC"),
        sa.Column("state", sa.Text(), nullable=False, comment="open or replayed"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_failures")),
        comment="Records, deliveries and webhooks set aside after repeated failure.",
    )
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failures_state"), ["state"], unique=False)

    op.create_table(
        "genres",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="never renumbered"),
        sa.Column("name", sa.Text(), nullable=False, comment="in English"),
        sa.Column("facet", sa.Text(), nullable=False, comment="genre, form, audience or format"),
        sa.Column("aliases", sa.Text(), nullable=False, comment="other names, a JSON list"),
        sa.Column("ids", sa.Text(), nullable=False, comment="ids at the sources, a JSON object"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genres")),
        comment="The canonical genres.",
    )
    op.create_table(
        "identities",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the number in mc…"),
        sa.Column("state", sa.Text(), nullable=False, comment="live, merged or withdrawn"),
        sa.Column("successor", sa.Integer(), nullable=True, comment="where a merged id leads"),
        sa.PrimaryKeyConstraint("movie", name=op.f("pk_identities")),
        comment="Every movie id ever given.",
    )
    op.create_table(
        "languages",
        sa.Column("code", sa.Text(), autoincrement=False, nullable=False, comment="ISO 639-1"),
        sa.Column("name", sa.Text(), nullable=True, comment="in English"),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_languages")),
        comment="Languages, original and spoken.",
    )
    op.create_table(
        "leases",
        sa.Column(
            "name", sa.Text(), autoincrement=False, nullable=False, comment="arrivals, catalogue or webhooks"
        ),
        sa.Column("owner", sa.Text(), nullable=False, comment="host and process that took it last"),
        sa.Column("fence", sa.Integer(), nullable=False, comment="counts up whenever it is taken"),
        sa.Column("since", sa.Text(), nullable=False, comment="when it was taken, UTC"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        comment="Who may do what only one at a time does. The lock itself goes with its process; the fence tells who holds it now.",
    )
    op.create_table(
        "matches",
        sa.Column(
            "left_source", sa.Text(), autoincrement=False, nullable=False, comment="first record: source"
        ),
        sa.Column("left_key", sa.Text(), autoincrement=False, nullable=False, comment="first record: key"),
        sa.Column(
            "right_source", sa.Text(), autoincrement=False, nullable=False, comment="second record: source"
        ),
        sa.Column("right_key", sa.Text(), autoincrement=False, nullable=False, comment="second record: key"),
        sa.Column("weight", sa.Integer(), nullable=False, comment="log2 odds, millionths"),
        sa.Column(
            "contradicted", sa.Boolean(), nullable=False, comment="a person should look, however likely"
        ),
        sa.Column("shared_id", sa.Boolean(), nullable=False, comment="an external id is the same"),
        sa.Column("probability", sa.Integer(), nullable=False, comment="millionths, given the rivals"),
        sa.Column("band", sa.Text(), nullable=False, comment="accept, review or reject"),
        sa.Column("evidence", sa.Text(), nullable=False, comment="feature, level and bits, a JSON list"),
        sa.PrimaryKeyConstraint(
            "left_source", "left_key", "right_source", "right_key", name=op.f("pk_matches")
        ),
        comment="Pairs of records that may be the same film, with the evidence.",
    )
    with op.batch_alter_table("matches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_matches_band"), ["band"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_matches_right_source_right_key"), ["right_source", "right_key"], unique=False
        )

    op.create_table(
        "models",
        sa.Column(
            "version",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="kind and digest of the content",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="match or fuse"),
        sa.Column("file", sa.Text(), nullable=False, comment="where it stands in the lake"),
        sa.Column("fitted_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("pinned", sa.Boolean(), nullable=False, comment="in force"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_models")),
        comment="The models that were fitted; the pinned one is in force.",
    )
    op.create_table(
        "parties",
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False, comment="people or companies"),
        sa.Column(
            "space",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="id space of the key, empty for a bare name",
        ),
        sa.Column(
            "key",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the id there, empty for a bare name",
        ),
        sa.Column("folded", sa.Text(), autoincrement=False, nullable=False, comment="folded name"),
        sa.Column("party", sa.Integer(), nullable=False, comment="the id in people or companies"),
        sa.PrimaryKeyConstraint("kind", "space", "key", "folded", name=op.f("pk_parties")),
        comment="Which person or company each name or id at a source is.",
    )
    with op.batch_alter_table("parties", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_kind_folded"), ["kind", "folded"], unique=False)
        batch_op.create_index(batch_op.f("ix_parties_kind_party"), ["kind", "party"], unique=False)

    op.create_table(
        "party_credits",
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False, comment="people or companies"),
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False, comment="who lists it"),
        sa.Column(
            "role",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="director, writer, actor, …; empty for a company",
        ),
        sa.Column(
            "key",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the id at the source, empty where it gives none",
        ),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="as the source writes it"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded name"),
        sa.Column(
            "short", sa.Text(), nullable=False, comment="short form of the name, empty where there is none"
        ),
        sa.Column("party", sa.Integer(), nullable=False, comment="the id in people or companies"),
        sa.PrimaryKeyConstraint(
            "kind", "movie", "source", "role", "key", "name", name=op.f("pk_party_credits")
        ),
        comment="Every credit of every source, and whom it stands for.",
    )
    with op.batch_alter_table("party_credits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_party_credits_kind_folded"), ["kind", "folded"], unique=False)

    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="stable"),
        sa.Column("name", sa.Text(), nullable=False, comment="commonest spelling"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded, for search"),
        sa.Column("ids", sa.Text(), nullable=False, comment="ids at the sources, a JSON object of lists"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        comment="Cast and crew, one row per person whatever their spellings.",
    )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_people_folded"), ["folded"], unique=False)

    op.create_table(
        "rankings",
        sa.Column(
            "kind", sa.Text(), autoincrement=False, nullable=False, comment="genres or production_companies"
        ),
        sa.Column(
            "split", sa.Text(), autoincrement=False, nullable=False, comment="full or even, as in the rollups"
        ),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False, comment="year of release"),
        sa.Column(
            "measure",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the column of the rollups that it is by",
        ),
        sa.Column(
            "entries", sa.Integer(), nullable=False, comment="genres or companies with films in that year"
        ),
        sa.Column("valued", sa.Integer(), nullable=False, comment="those of them with a value"),
        sa.Column(
            "first_entries",
            sa.Text(),
            nullable=False,
            comment="the first hundred ids, the largest value first, a JSON list",
        ),
        sa.Column(
            "last_entries",
            sa.Text(),
            nullable=False,
            comment="the last hundred ids with a value, the smallest last, a JSON list",
        ),
        sa.PrimaryKeyConstraint("kind", "split", "year", "measure", name=op.f("pk_rankings")),
        comment="Who leads and who trails in each year, from the rollups: lists kept ready for the API.",
    )
    op.create_table(
        "record_changes",
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="place in the log, without gaps",
        ),
        sa.Column("at", sa.Text(), nullable=False, comment="when it was appended, UTC"),
        sa.Column("cause", sa.Text(), nullable=False, comment="delivery, decision or replay"),
        sa.Column(
            "delivery", sa.Text(), nullable=True, comment="the delivery whose batch it is, or whose record"
        ),
        sa.Column("source", sa.Text(), nullable=True, comment="of a single record: who delivers it"),
        sa.Column("key", sa.Text(), nullable=True, comment="of a single record: its id there"),
        sa.Column("records", sa.Integer(), nullable=False, comment="how many records it is about"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_record_changes")),
        comment="What changed among the records, in order: the log that the aggregator follows.",
    )
    op.create_table(
        "records",
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False, comment="who delivers it"),
        sa.Column("key", sa.Text(), autoincrement=False, nullable=False, comment="its id there"),
        sa.Column("movie", sa.Integer(), nullable=False, comment="the movie that it is, or was last"),
        sa.Column("live", sa.Boolean(), nullable=False, comment="the source still lists it"),
        sa.Column(
            "method",
            sa.Text(),
            nullable=False,
            comment="how it came to its movie: id, match, decision or alone",
        ),
        sa.Column("probability", sa.Integer(), nullable=True, comment="of its surest match, millionths"),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_records")),
        comment="Which movie each record is. A record that is gone keeps its place, so that it finds its movie again.",
    )
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_records_movie"), ["movie"], unique=False)

    op.create_table(
        "rollups",
        sa.Column(
            "kind", sa.Text(), autoincrement=False, nullable=False, comment="genres or production_companies"
        ),
        sa.Column(
            "split",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="full: a film counts wholly under each; even: it is divided among them",
        ),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False, comment="year of release"),
        sa.Column(
            "month",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="1 to 12; 0 is the whole year, with films whose month is unknown",
        ),
        sa.Column(
            "entry", sa.Integer(), autoincrement=False, nullable=False, comment="id of the genre or company"
        ),
        sa.Column("movies", sa.BigInteger(), nullable=False, comment="films, in millionths"),
        sa.Column("films", sa.Integer(), nullable=False, comment="films behind the figures"),
        sa.Column("budget", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("revenue", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("profit", sa.BigInteger(), nullable=True, comment="US dollars, of films with both known"),
        sa.Column("budget_known", sa.Integer(), nullable=False, comment="films with a known budget"),
        sa.Column("revenue_known", sa.Integer(), nullable=False, comment="films with known revenue"),
        sa.Column("profit_known", sa.Integer(), nullable=False, comment="films with both known"),
        sa.Column("popularity_sum", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("popularity_mean", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("popularity_median", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("popularity_max", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("votes", sa.BigInteger(), nullable=False, comment="votes"),
        sa.Column("c_rating_known", sa.Integer(), nullable=False, comment="films with a C-rating"),
        sa.Column("c_rating_mean", sa.BigInteger(), nullable=True, comment="hundredths of a point"),
        sa.Column("c_rating_median", sa.BigInteger(), nullable=True, comment="hundredths of a point"),
        sa.Column("c_rating_max", sa.BigInteger(), nullable=True, comment="hundredths of a point"),
        sa.Column(
            "movie_ids", sa.Text(), nullable=False, comment="the films behind the figures, a JSON list"
        ),
        sa.PrimaryKeyConstraint("kind", "split", "year", "month", "entry", name=op.f("pk_rollups")),
        comment="Figures by genre or production company, year and month.",
    )
    with op.batch_alter_table("rollups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rollups_kind_entry"), ["kind", "entry"], unique=False)

    op.create_table(
        "runs",
        sa.Column(
            "number", sa.Integer(), autoincrement=True, nullable=False, comment="in order of their start"
        ),
        sa.Column("command", sa.Text(), nullable=False, comment="what was run"),
        sa.Column("lease", sa.Text(), nullable=False, comment="the lease that it held"),
        sa.Column("owner", sa.Text(), nullable=False, comment="host and process"),
        sa.Column("started_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("finished_at", sa.Text(), nullable=True, comment="UTC"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="running, done, held, failed or died"),
        sa.Column("steps", sa.JSON(), nullable=False, comment="name, seconds and counts of every step"),
        sa.Column("error", sa.Text(), nullable=True, comment="what went wrong"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_runs")),
        comment="Every run that changes something, with its steps.",
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_outcome_lease"), ["outcome", "lease"], unique=False)

    op.create_table(
        "batches",
        sa.Column(
            "delivery",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the delivery that it came from",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered"),
        sa.Column(
            "records_file", sa.Text(), nullable=True, comment="Parquet file of changed records in the lake"
        ),
        sa.Column(
            "keys_file", sa.Text(), nullable=False, comment="Parquet file of the keys the delivery named"
        ),
        sa.Column("changed", sa.Integer(), nullable=False, comment="records new or changed"),
        sa.Column("tombstones", sa.Integer(), nullable=False, comment="records gone"),
        sa.Column("outdated", sa.Integer(), nullable=False, comment="rows that fresher data outdated"),
        sa.Column("published", sa.Boolean(), nullable=False, comment="the catalogue shows it"),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_batches_delivery"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_batches")),
        comment="The batches that exist. A file in the lake that is not named here is no batch.",
    )
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batches_source"), ["source"], unique=False)

    op.create_table(
        "delivery_payloads",
        sa.Column("delivery", sa.Text(), autoincrement=False, nullable=False, comment="the delivery"),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="file name as delivered"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="the payload's name in the lake"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("reused", sa.Boolean(), nullable=False, comment="it came with an earlier delivery"),
        sa.Column(
            "removed_at", sa.Text(), nullable=True, comment="when its bytes were removed from the lake, UTC"
        ),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_delivery_payloads_delivery"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("delivery", "name", name=op.f("pk_delivery_payloads")),
        comment="The files of a delivery, by name.",
    )
    with op.batch_alter_table("delivery_payloads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_payloads_sha256"), ["sha256"], unique=False)

    op.create_table(
        "keys",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="its id"),
        sa.Column("account", sa.Text(), nullable=False, comment="whose it is"),
        sa.Column("name", sa.Text(), nullable=False, comment="what it is for"),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the key"),
        sa.Column("prefix", sa.Text(), nullable=False, comment="its first letters, to recognise it by"),
        sa.Column("scope", sa.Text(), nullable=False, comment="read or admin"),
        sa.Column("per_minute", sa.Integer(), nullable=False, comment="requests a minute"),
        sa.Column("created_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("revoked_at", sa.Text(), nullable=True, comment="UTC"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.name"],
            name=op.f("fk_keys_account"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_keys_hash")),
        comment="API keys; the key itself is not kept.",
    )
    with op.batch_alter_table("keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keys_account"), ["account"], unique=False)

    op.create_table(
        "movies",
        sa.Column(
            "movie",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="the number in its public id, mc…",
        ),
        sa.Column("kind", sa.Text(), nullable=True, comment="feature, short, tv_movie or video"),
        sa.Column("title", sa.Text(), nullable=False, comment="display title"),
        sa.Column("original_title", sa.Text(), nullable=True, comment="title in the language it was made in"),
        sa.Column(
            "folded",
            sa.Text(),
            nullable=False,
            comment="the display title folded: lower case, no accents, articles or punctuation",
        ),
        sa.Column("year", sa.Integer(), nullable=True, comment="year of release"),
        sa.Column("released", sa.Date(), nullable=True, comment="day of release"),
        sa.Column("runtime", sa.Integer(), nullable=True, comment="minutes"),
        sa.Column("status", sa.Text(), nullable=True, comment="Released, Rumored, Post Production, …"),
        sa.Column("certificate", sa.Text(), nullable=True, comment="age rating"),
        sa.Column("collection", sa.Text(), nullable=True, comment="series of films it belongs to"),
        sa.Column("original_language", sa.Text(), nullable=True, comment="ISO 639-1"),
        sa.Column("budget", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("revenue", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("revenue_scope", sa.Text(), nullable=True, comment="worldwide or domestic"),
        sa.Column("popularity", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column(
            "votes",
            sa.BigInteger(),
            nullable=True,
            comment="the largest number of votes that any rater counted",
        ),
        sa.Column("c_rating", sa.Float(), nullable=True, comment="0 to 100"),
        sa.Column("c_low", sa.Float(), nullable=True, comment="lower end of its 90% interval"),
        sa.Column("c_high", sa.Float(), nullable=True, comment="upper end of its 90% interval"),
        sa.Column("critics", sa.Float(), nullable=True, comment="critics' part, 0 to 100"),
        sa.Column("audience", sa.Float(), nullable=True, comment="audience's part, 0 to 100"),
        sa.Column("raters", sa.Integer(), nullable=False, comment="raters behind the C-rating"),
        sa.Column("overview", sa.Text(), nullable=True, comment="plot in a few sentences"),
        sa.Column("tagline", sa.Text(), nullable=True, comment="advertising line"),
        sa.Column("poster", sa.Text(), nullable=True, comment="address or path of a picture"),
        sa.Column("trailer", sa.Text(), nullable=True, comment="address of a trailer"),
        sa.Column("homepage", sa.Text(), nullable=True, comment="the film's own site"),
        sa.Column("adult", sa.Boolean(), nullable=False, comment="pornographic"),
        sa.ForeignKeyConstraint(
            ["original_language"],
            ["languages.code"],
            name=op.f("fk_movies_original_language"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", name=op.f("pk_movies")),
        comment="One row per film that the catalogue shows, with the fused values.",
    )
    with op.batch_alter_table("movies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movies_c_rating"), ["c_rating"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_folded"), ["folded"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_popularity"), ["popularity"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_released"), ["released"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_year"), ["year"], unique=False)

    op.create_table(
        "rejected_rows",
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="the row's number in quarantine",
        ),
        sa.Column("delivery", sa.Text(), nullable=False, comment="the delivery"),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered"),
        sa.Column("role", sa.Text(), nullable=False, comment="the file's role in the delivery"),
        sa.Column("payload", sa.Text(), nullable=True, comment="SHA-256 of the file"),
        sa.Column(
            "line", sa.BigInteger(), nullable=False, comment="physical line in the file, 1 is the first"
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it could not be read"),
        sa.Column("text", sa.Text(), nullable=False, comment="the row as delivered"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="open, or replayed once a later reading could read it"
        ),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_rejected_rows_delivery"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rejected_rows")),
        comment="Rows that could not be read.",
    )
    with op.batch_alter_table("rejected_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rejected_rows_delivery"), ["delivery"], unique=False)

    op.create_table(
        "webhooks",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="its id"),
        sa.Column("account", sa.Text(), nullable=False, comment="whose it is"),
        sa.Column("url", sa.Text(), nullable=False, comment="address"),
        sa.Column("secret", sa.Text(), nullable=False, comment="for the signature"),
        sa.Column("state", sa.Text(), nullable=False, comment="active or off"),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="number of the last change that was delivered"
        ),
        sa.Column("failed", sa.Integer(), nullable=False, comment="failures in a row"),
        sa.Column("retry_at", sa.Text(), nullable=True, comment="not before, UTC"),
        sa.Column("created_at", sa.Text(), nullable=False, comment="UTC"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.name"],
            name=op.f("fk_webhooks_account"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_webhooks")),
        comment="Where changes are sent.",
    )
    op.create_table(
        "credits",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="0 is first billed"),
        sa.Column("person", sa.Integer(), nullable=False, comment="the person"),
        sa.Column("name", sa.Text(), nullable=False, comment="as credited"),
        sa.Column("role", sa.Text(), nullable=False, comment="director, writer, actor, producer, …"),
        sa.Column("character", sa.Text(), nullable=True, comment="who an actor plays"),
        sa.Column("keys", sa.Text(), nullable=False, comment="ids at the sources, a JSON object"),
        sa.ForeignKeyConstraint(
            ["movie"], ["movies.movie"], name=op.f("fk_credits_movie"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["people.id"], name=op.f("fk_credits_person"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_credits")),
        comment="Who did what in a film, in billing order.",
    )
    with op.batch_alter_table("credits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credits_person"), ["person"], unique=False)

    op.create_table(
        "documents",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("document", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("claims", sa.Text(), nullable=False, comment="every claim and why one won, JSON"),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the document"),
        sa.Column("since", sa.Text(), nullable=False, comment="instant of publication, UTC"),
        sa.Column("change", sa.Integer(), nullable=False, comment="number of the change that published it"),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_documents_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", name=op.f("pk_documents")),
        comment="One ready JSON document per film: the API returns its bytes.",
    )
    op.create_table(
        "external_ids",
        sa.Column("space", sa.Text(), autoincrement=False, nullable=False, comment="imdb, tmdb, wikidata, …"),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False, comment="the id there"),
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), nullable=False, comment="0 is the one that the document shows"),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_external_ids_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space", "id", "movie", name=op.f("pk_external_ids")),
        comment="A film's ids elsewhere.",
    )
    with op.batch_alter_table("external_ids", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_external_ids_movie"), ["movie"], unique=False)

    op.create_table(
        "movie_companies",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="0 is named first"),
        sa.Column("company", sa.Integer(), nullable=False, comment="the company"),
        sa.Column("name", sa.Text(), nullable=False, comment="as named for this film"),
        sa.Column("keys", sa.Text(), nullable=False, comment="ids at the sources, a JSON object"),
        sa.ForeignKeyConstraint(
            ["company"],
            ["companies.id"],
            name=op.f("fk_movie_companies_company"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_companies_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_movie_companies")),
        comment="The production companies of a film.",
    )
    with op.batch_alter_table("movie_companies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_companies_company"), ["company"], unique=False)

    op.create_table(
        "movie_countries",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("country", sa.Text(), autoincrement=False, nullable=False, comment="ISO 3166-1"),
        sa.Column("position", sa.Integer(), nullable=False, comment="order"),
        sa.ForeignKeyConstraint(
            ["country"],
            ["countries.code"],
            name=op.f("fk_movie_countries_country"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_countries_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "country", name=op.f("pk_movie_countries")),
        comment="The countries that produced a film.",
    )
    with op.batch_alter_table("movie_countries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_countries_country"), ["country"], unique=False)

    op.create_table(
        "movie_genres",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("genre", sa.Integer(), autoincrement=False, nullable=False, comment="the genre"),
        sa.Column("position", sa.Integer(), nullable=False, comment="0 is the surest"),
        sa.Column("confidence", sa.Integer(), nullable=False, comment="probability in millionths"),
        sa.ForeignKeyConstraint(
            ["genre"],
            ["genres.id"],
            name=op.f("fk_movie_genres_genre"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_genres_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "genre", name=op.f("pk_movie_genres")),
        comment="The genres of a film, surest first.",
    )
    with op.batch_alter_table("movie_genres", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_genres_genre"), ["genre"], unique=False)

    op.create_table(
        "movie_keywords",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="order"),
        sa.Column("keyword", sa.Text(), nullable=False, comment="as the sources write it"),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_keywords_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_movie_keywords")),
        comment="Keywords of a film.",
    )
    with op.batch_alter_table("movie_keywords", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_keywords_keyword"), ["keyword"], unique=False)

    op.create_table(
        "movie_languages",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("language", sa.Text(), autoincrement=False, nullable=False, comment="ISO 639-1"),
        sa.Column("position", sa.Integer(), nullable=False, comment="order"),
        sa.ForeignKeyConstraint(
            ["language"],
            ["languages.code"],
            name=op.f("fk_movie_languages_language"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_languages_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "language", name=op.f("pk_movie_languages")),
        comment="The languages spoken in a film.",
    )
    with op.batch_alter_table("movie_languages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_languages_language"), ["language"], unique=False)

    op.create_table(
        "ratings",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("rater", sa.Text(), autoincrement=False, nullable=False, comment="whose ratings they are"),
        sa.Column(
            "aspect", sa.Text(), autoincrement=False, nullable=False, comment="overall, story, acting, …"
        ),
        sa.Column("panel", sa.Text(), nullable=False, comment="critics or audience"),
        sa.Column("value", sa.Float(), nullable=False, comment="on the rater's scale"),
        sa.Column("lowest", sa.Float(), nullable=False, comment="lower end of the scale"),
        sa.Column("highest", sa.Float(), nullable=False, comment="upper end of the scale"),
        sa.Column("votes", sa.BigInteger(), nullable=True, comment="how many voted"),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered it"),
        sa.Column("points", sa.Float(), nullable=False, comment="the value on 0 to 100"),
        sa.ForeignKeyConstraint(
            ["movie"], ["movies.movie"], name=op.f("fk_ratings_movie"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("movie", "rater", "aspect", name=op.f("pk_ratings")),
        comment="What each rater says of a film, on its own scale.",
    )
    op.create_table(
        "titles",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column(
            "position", sa.Integer(), autoincrement=False, nullable=False, comment="0 is the display title"
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="as a source writes it"),
        sa.Column("language", sa.Text(), nullable=True, comment="ISO 639-1"),
        sa.Column("region", sa.Text(), nullable=True, comment="ISO 3166-1"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded, for search"),
        sa.ForeignKeyConstraint(
            ["movie"], ["movies.movie"], name=op.f("fk_titles_movie"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_titles")),
        comment="Every title of a film; the display title is first.",
    )
    with op.batch_alter_table("titles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_titles_folded"), ["folded"], unique=False)

    op.create_table(
        "usage",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False, comment="the key"),
        sa.Column("day", sa.Text(), autoincrement=False, nullable=False, comment="UTC"),
        sa.Column("requests", sa.Integer(), nullable=False, comment="answered"),
        sa.Column("refused", sa.Integer(), nullable=False, comment="over the limit"),
        sa.ForeignKeyConstraint(
            ["key"], ["keys.number"], name=op.f("fk_usage_key"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("key", "day", name=op.f("pk_usage")),
        comment="Requests by key and day.",
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("usage")
    with op.batch_alter_table("titles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_titles_folded"))

    op.drop_table("titles")
    op.drop_table("ratings")
    with op.batch_alter_table("movie_languages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_movie_languages_language"))

    op.drop_table("movie_languages")
    with op.batch_alter_table("movie_keywords", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_movie_keywords_keyword"))

    op.drop_table("movie_keywords")
    with op.batch_alter_table("movie_genres", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_movie_genres_genre"))

    op.drop_table("movie_genres")
    with op.batch_alter_table("movie_countries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_movie_countries_country"))

    op.drop_table("movie_countries")
    with op.batch_alter_table("movie_companies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_movie_companies_company"))

    op.drop_table("movie_companies")
    with op.batch_alter_table("external_ids", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_external_ids_movie"))

    op.drop_table("external_ids")
    op.drop_table("documents")
    with op.batch_alter_table("credits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credits_person"))

    op.drop_table("credits")
    op.drop_table("webhooks")
    with op.batch_alter_table("rejected_rows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rejected_rows_delivery"))

    op.drop_table("rejected_rows")
    with op.batch_alter_table("movies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_movies_year"))
        batch_op.drop_index(batch_op.f("ix_movies_released"))
        batch_op.drop_index(batch_op.f("ix_movies_popularity"))
        batch_op.drop_index(batch_op.f("ix_movies_folded"))
        batch_op.drop_index(batch_op.f("ix_movies_c_rating"))

    op.drop_table("movies")
    with op.batch_alter_table("keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_keys_account"))

    op.drop_table("keys")
    with op.batch_alter_table("delivery_payloads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_payloads_sha256"))

    op.drop_table("delivery_payloads")
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batches_source"))

    op.drop_table("batches")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_outcome_lease"))

    op.drop_table("runs")
    with op.batch_alter_table("rollups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rollups_kind_entry"))

    op.drop_table("rollups")
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_records_movie"))

    op.drop_table("records")
    op.drop_table("record_changes")
    op.drop_table("rankings")
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_people_folded"))

    op.drop_table("people")
    with op.batch_alter_table("party_credits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_party_credits_kind_folded"))

    op.drop_table("party_credits")
    with op.batch_alter_table("parties", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_kind_party"))
        batch_op.drop_index(batch_op.f("ix_parties_kind_folded"))

    op.drop_table("parties")
    op.drop_table("models")
    with op.batch_alter_table("matches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_matches_right_source_right_key"))
        batch_op.drop_index(batch_op.f("ix_matches_band"))

    op.drop_table("matches")
    op.drop_table("leases")
    op.drop_table("languages")
    op.drop_table("identities")
    op.drop_table("genres")
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_failures_state"))

    op.drop_table("failures")
    with op.batch_alter_table("document_versions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_versions_since_until"))

    op.drop_table("document_versions")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deliveries_source"))

    op.drop_table("deliveries")
    op.drop_table("decisions")
    op.drop_table("countries")
    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_companies_folded"))

    op.drop_table("companies")
    op.drop_table("checkpoints")
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_changes_movie"))
        batch_op.drop_index(batch_op.f("ix_changes_at"))

    op.drop_table("changes")
    op.drop_table("catalogue_state")
    op.drop_table("accounts")
