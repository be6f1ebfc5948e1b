"""The first schema, as it was released: never edited, only followed by a schema_2.

`{serial}` is a primary key that the database numbers and never gives twice, `{blob}` bytes; the rest is SQL that SQLite
and PostgreSQL both take.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE audit (
        id {serial},
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        detail TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE commodity (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        unit TEXT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (name)
    )
    """,
    """
    CREATE TABLE draw (
        ledger_id TEXT NOT NULL,
        seq BIGINT NOT NULL,
        entitlement_id INTEGER NOT NULL,
        program_id INTEGER NOT NULL,
        fund_id INTEGER NOT NULL,
        budget_year INTEGER NOT NULL,
        month TEXT NOT NULL,
        unit TEXT NOT NULL,
        amount BIGINT NOT NULL,
        PRIMARY KEY (ledger_id, seq, entitlement_id)
    )
    """,
    """
    CREATE TABLE feed (
        n {serial},
        audience TEXT NOT NULL,
        except_outlet INTEGER,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        op TEXT NOT NULL,
        doc {blob} NOT NULL,
        UNIQUE (audience, kind, key)
    )
    """,
    """
    CREATE TABLE fund (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (name)
    )
    """,
    """
    CREATE TABLE outlet (
        id INTEGER NOT NULL,
        code TEXT NOT NULL,
        name TEXT NOT NULL,
        ward TEXT NOT NULL,
        district TEXT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (code)
    )
    """,
    """
    CREATE TABLE program (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        contact TEXT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (name)
    )
    """,
    """
    CREATE TABLE secret (
        name TEXT NOT NULL,
        value {blob} NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE setting (
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE allowance (
        program_id INTEGER NOT NULL,
        commodity_id INTEGER NOT NULL,
        from_day TEXT NOT NULL,
        until_day TEXT,
        PRIMARY KEY (program_id, commodity_id, from_day),
        FOREIGN KEY(program_id) REFERENCES program (id),
        FOREIGN KEY(commodity_id) REFERENCES commodity (id)
    )
    """,
    """
    CREATE TABLE cycle (
        id {serial},
        program_id INTEGER NOT NULL,
        months TEXT NOT NULL,
        published INTEGER NOT NULL,
        released_on TEXT NOT NULL,
        FOREIGN KEY(program_id) REFERENCES program (id)
    )
    """,
    """
    CREATE TABLE enrolment_code (
        code_hash TEXT NOT NULL,
        outlet_id INTEGER NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT,
        ledger_id TEXT,
        PRIMARY KEY (code_hash),
        FOREIGN KEY(outlet_id) REFERENCES outlet (id)
    )
    """,
    """
    CREATE TABLE ledger (
        id TEXT NOT NULL,
        terminal_no INTEGER NOT NULL,
        terminal TEXT NOT NULL,
        outlet_id INTEGER NOT NULL,
        public_key {blob} NOT NULL,
        device_name TEXT NOT NULL,
        program_version TEXT NOT NULL,
        state TEXT NOT NULL,
        acked BIGINT NOT NULL,
        head {blob} NOT NULL,
        enrolled_at BIGINT NOT NULL,
        last_contact BIGINT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (terminal_no),
        UNIQUE (terminal),
        FOREIGN KEY(outlet_id) REFERENCES outlet (id)
    )
    """,
    """
    CREATE TABLE policy (
        program_id INTEGER NOT NULL,
        from_day TEXT NOT NULL,
        doc {blob} NOT NULL,
        PRIMARY KEY (program_id, from_day),
        FOREIGN KEY(program_id) REFERENCES program (id)
    )
    """,
    """
    CREATE TABLE product (
        id INTEGER NOT NULL,
        commodity_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        barcode TEXT NOT NULL,
        doc {blob} NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(commodity_id) REFERENCES commodity (id)
    )
    """,
    """
    CREATE TABLE staff (
        id INTEGER NOT NULL,
        outlet_id INTEGER NOT NULL,
        doc {blob} NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(outlet_id) REFERENCES outlet (id)
    )
    """,
    """
    CREATE TABLE ward (
        id INTEGER NOT NULL,
        district_code TEXT NOT NULL,
        district TEXT NOT NULL,
        name TEXT NOT NULL,
        official_code TEXT,
        outlet_id INTEGER,
        PRIMARY KEY (id),
        UNIQUE (district_code, name),
        FOREIGN KEY(outlet_id) REFERENCES outlet (id)
    )
    """,
    """
    CREATE TABLE entry (
        ledger_id TEXT NOT NULL,
        seq BIGINT NOT NULL,
        kind TEXT NOT NULL,
        body {blob} NOT NULL,
        hash {blob} NOT NULL,
        received_at BIGINT NOT NULL,
        PRIMARY KEY (ledger_id, seq),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
    """
    CREATE TABLE exception (
        id {serial},
        ledger_id TEXT NOT NULL,
        seq BIGINT,
        code TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        closed_at BIGINT,
        owner TEXT,
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
    """
    CREATE TABLE fork_evidence (
        ledger_id TEXT NOT NULL,
        digest TEXT NOT NULL,
        batch {blob} NOT NULL,
        received_at BIGINT NOT NULL,
        PRIMARY KEY (ledger_id, digest),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
    """
    CREATE TABLE recipient (
        id {serial},
        name TEXT NOT NULL,
        address TEXT NOT NULL,
        ward_id INTEGER NOT NULL,
        neighbourhood TEXT NOT NULL,
        home_outlet_id INTEGER NOT NULL,
        state TEXT NOT NULL,
        delivery INTEGER NOT NULL,
        national_id_hash TEXT NOT NULL,
        national_id_last4 TEXT NOT NULL,
        family_card_hash TEXT NOT NULL,
        family_card_last4 TEXT NOT NULL,
        changed_at BIGINT NOT NULL,
        FOREIGN KEY(ward_id) REFERENCES ward (id),
        FOREIGN KEY(home_outlet_id) REFERENCES outlet (id),
        UNIQUE (national_id_hash)
    )
    """,
    """
    CREATE TABLE sale (
        ledger_id TEXT NOT NULL,
        seq BIGINT NOT NULL,
        sale_id TEXT NOT NULL,
        day TEXT NOT NULL,
        recipient_id INTEGER,
        reversed_by BIGINT,
        PRIMARY KEY (ledger_id, seq),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id),
        UNIQUE (sale_id)
    )
    """,
    """
    CREATE TABLE verdict (
        ledger_id TEXT NOT NULL,
        seq BIGINT NOT NULL,
        code TEXT NOT NULL,
        PRIMARY KEY (ledger_id, seq, code),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
    """
    CREATE TABLE card (
        token TEXT NOT NULL,
        recipient_id INTEGER NOT NULL,
        state TEXT NOT NULL,
        last4 TEXT NOT NULL,
        changed_at BIGINT NOT NULL,
        PRIMARY KEY (token),
        FOREIGN KEY(recipient_id) REFERENCES recipient (id)
    )
    """,
    """
    CREATE TABLE entitlement (
        id {serial},
        recipient_id INTEGER NOT NULL,
        program_id INTEGER NOT NULL,
        fund_id INTEGER NOT NULL,
        month TEXT NOT NULL,
        budget_year INTEGER NOT NULL,
        amount BIGINT NOT NULL,
        unit TEXT NOT NULL,
        commodity_id INTEGER,
        released_on TEXT NOT NULL,
        expires_on TEXT NOT NULL,
        version INTEGER NOT NULL,
        UNIQUE (recipient_id, program_id, fund_id, month),
        CHECK (amount > 0),
        FOREIGN KEY(recipient_id) REFERENCES recipient (id),
        FOREIGN KEY(program_id) REFERENCES program (id),
        FOREIGN KEY(fund_id) REFERENCES fund (id),
        FOREIGN KEY(commodity_id) REFERENCES commodity (id)
    )
    """,
    """
    CREATE TABLE share (
        entitlement_id INTEGER NOT NULL,
        ledger_id TEXT NOT NULL,
        granted BIGINT NOT NULL,
        released BIGINT NOT NULL,
        spent BIGINT NOT NULL,
        PRIMARY KEY (entitlement_id, ledger_id),
        CHECK (granted >= 0 AND released >= 0 AND spent >= 0),
        FOREIGN KEY(entitlement_id) REFERENCES entitlement (id),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
    "CREATE INDEX feed_by_audience ON feed (audience, n)",
    "CREATE INDEX card_by_recipient ON card (recipient_id)",
    "CREATE INDEX recipient_by_outlet ON recipient (home_outlet_id)",
    "CREATE INDEX share_by_ledger ON share (ledger_id)",
    "CREATE INDEX draw_by_entitlement ON draw (entitlement_id)",
    "CREATE INDEX exception_by_ledger ON exception (ledger_id, seq)",
)
