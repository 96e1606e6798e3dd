"""What makes the audit trail append-only in the database itself: whatever would change or remove a record is refused.

On PostgreSQL a record takes its number while its writer holds a shared lock to the end of the transaction: a sealer who
holds the lock alone knows that no lower number can still appear."""

LOCK = 7_310_443  # any number that is ours
TABLES = ("audit_record", "audit_seal")
REFUSAL = "The audit trail is never changed."

# A record that took a number out of turn would keep those after it out of the reach of seals.
SQLITE_IN_TURN = (
    "CREATE TRIGGER audit_record_in_turn AFTER INSERT ON audit_record WHEN NEW.id <> 1 + COALESCE("  # noqa: S608 - our own words
    "(SELECT id FROM audit_record WHERE id <> NEW.id ORDER BY id DESC LIMIT 1), 0) "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
)

# REPLACE removes the row in its way without asking the triggers for DELETE: it is stopped where it comes in.
SQLITE = (
    *(
        f"CREATE TRIGGER {table}_{name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for table, taken in zip(
            TABLES,
            ("id = NEW.id", "id = NEW.id OR last = NEW.last OR sha256 = NEW.sha256"),
            strict=True,
        )
        for name, when in (
            ("unchanged", f"UPDATE ON {table}"),
            ("kept", f"DELETE ON {table}"),
            ("not_replaced", f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken})"),  # noqa: S608 - our own words
        )
    ),
    SQLITE_IN_TURN,
)

FUNCTIONS = ("refuse_change", "hold_audit_lock", "refuse_out_of_turn")
POSTGRES = (
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
    "CREATE FUNCTION hold_audit_lock() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NULL; END $$",
    "CREATE FUNCTION refuse_out_of_turn() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN IF NEW.id <> currval('audit_record_id_seq') THEN "
    f"RAISE EXCEPTION '{REFUSAL}'; END IF; RETURN NEW; END $$",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in TABLES
    ),
    "CREATE TRIGGER audit_record_lock BEFORE INSERT ON audit_record "
    "FOR EACH STATEMENT EXECUTE FUNCTION hold_audit_lock()",
    "CREATE TRIGGER audit_record_in_turn BEFORE INSERT ON audit_record "
    "FOR EACH ROW EXECUTE FUNCTION refuse_out_of_turn()",
)
