"""The journal's tables; each entry brings a file from the version before it to its own."""

MIGRATIONS = (
    """
    CREATE TABLE builds (
        id INTEGER PRIMARY KEY,
        ref TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        builder TEXT NOT NULL,
        node TEXT NOT NULL DEFAULT '',
        project TEXT NOT NULL,
        target TEXT NOT NULL,
        branch TEXT,
        revision TEXT NOT NULL,
        dirty INTEGER NOT NULL,
        spec TEXT NOT NULL,
        started_ns INTEGER NOT NULL,
        completed_ns INTEGER,
        status TEXT NOT NULL,
        error TEXT NOT NULL DEFAULT '',
        time_saved REAL,
        weighted_reuse REAL,
        context INTEGER REFERENCES contexts(id)
    );
    CREATE INDEX builds_project ON builds(project, id);
    CREATE INDEX builds_running ON builds(status) WHERE status = 'running';
    CREATE TABLE refs (
        ref TEXT PRIMARY KEY,
        build INTEGER NOT NULL REFERENCES builds(id) ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE TABLE steps (
        build INTEGER NOT NULL REFERENCES builds(id) ON DELETE CASCADE,
        digest TEXT NOT NULL,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        cacheable INTEGER NOT NULL,
        started_ns INTEGER,
        completed_ns INTEGER,
        stage TEXT NOT NULL,
        line INTEGER,
        bytes_moved INTEGER NOT NULL,
        bytes_total INTEGER NOT NULL,
        error TEXT NOT NULL,
        cause TEXT NOT NULL,
        PRIMARY KEY (build, digest)
    ) WITHOUT ROWID;
    CREATE TABLE durations (
        project TEXT NOT NULL,
        step TEXT NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (project, step)
    ) WITHOUT ROWID;
    CREATE TABLE contexts (id INTEGER PRIMARY KEY, root TEXT NOT NULL);
    CREATE TABLE chunks (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, files BLOB NOT NULL);
    CREATE TABLE context_chunks (
        context INTEGER NOT NULL REFERENCES contexts(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        chunk INTEGER NOT NULL REFERENCES chunks(id),
        PRIMARY KEY (context, position)
    ) WITHOUT ROWID;
    CREATE TABLE stamps (root TEXT PRIMARY KEY, files BLOB NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE lab_runs (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        started_ns INTEGER NOT NULL,
        completed_ns INTEGER,
        status TEXT NOT NULL,
        plan TEXT NOT NULL,
        machine TEXT NOT NULL
    );
    CREATE TABLE lab_jobs (
        run INTEGER NOT NULL REFERENCES lab_runs(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        job TEXT NOT NULL,
        PRIMARY KEY (run, position)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE steps ADD COLUMN layers TEXT NOT NULL DEFAULT '[]'",
    """
    ALTER TABLE builds RENAME COLUMN project TO folder;
    ALTER TABLE builds ADD COLUMN project TEXT;
    ALTER TABLE builds ADD COLUMN repo TEXT NOT NULL DEFAULT '';
    """,
    # `[stage] 2/5 RUN x` becomes `[stage] 2 RUN x`
    """
    UPDATE OR REPLACE durations SET step = (
        SELECT substr(step, 1, length(step) - length(rest)) || substr(rest, 1, instr(rest, '/') - 1)
            || substr(rest, instr(rest, ' '))
        FROM (SELECT substr(step, instr(step, '] ') + 2) AS rest)
    ) WHERE step GLOB '[[]*] [0-9]*/[0-9]* *'
    """,
    """
    CREATE TABLE told (
        id INTEGER PRIMARY KEY,
        builder TEXT NOT NULL,
        node TEXT NOT NULL,
        ref TEXT NOT NULL,
        build TEXT NOT NULL,
        UNIQUE (builder, node, ref)
    );
    """,
    # contexts without BuildKit's own digests are of no use
    """
    DROP TABLE stamps;
    DROP TABLE context_chunks;
    ALTER TABLE builds DROP COLUMN context;
    DROP TABLE contexts;
    DROP TABLE chunks;
    CREATE TABLE trees (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE);
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY,
        sha256 BLOB NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        files BLOB NOT NULL
    );
    CREATE INDEX chunks_size ON chunks(size);
    CREATE TABLE tree_chunks (
        tree INTEGER NOT NULL REFERENCES trees(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        chunk INTEGER NOT NULL REFERENCES chunks(id),
        PRIMARY KEY (tree, position)
    ) WITHOUT ROWID;
    CREATE INDEX tree_chunks_chunk ON tree_chunks(chunk);
    CREATE TABLE evidence (
        build INTEGER PRIMARY KEY REFERENCES builds(id) ON DELETE CASCADE,
        document BLOB NOT NULL
    );
    CREATE TABLE evidence_trees (
        build INTEGER NOT NULL REFERENCES evidence(build) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        tree INTEGER NOT NULL REFERENCES trees(id),
        PRIMARY KEY (build, position)
    ) WITHOUT ROWID;
    CREATE INDEX evidence_trees_tree ON evidence_trees(tree);
    CREATE TABLE copies (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        builder TEXT NOT NULL,
        node TEXT NOT NULL,
        name TEXT NOT NULL,
        tree INTEGER NOT NULL REFERENCES trees(id),
        UNIQUE (builder, node, name)
    );
    CREATE INDEX copies_tree ON copies(tree);
    """,
    # causes were plain sentences of one kind of step
    """
    UPDATE steps SET cause = '';
    ALTER TABLE builds ADD COLUMN compared_with TEXT NOT NULL DEFAULT '';
    ALTER TABLE builds ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
    """,
    """
    CREATE TABLE sights (
        builder TEXT NOT NULL,
        node TEXT NOT NULL,
        taken_ns INTEGER NOT NULL,
        worker TEXT NOT NULL,
        policy TEXT NOT NULL,
        PRIMARY KEY (builder, node)
    ) WITHOUT ROWID;
    CREATE TABLE seen (
        builder TEXT NOT NULL,
        node TEXT NOT NULL,
        record TEXT NOT NULL,
        kept BLOB NOT NULL,
        PRIMARY KEY (builder, node, record)
    ) WITHOUT ROWID;
    CREATE TABLE tombstones (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        builder TEXT NOT NULL,
        node TEXT NOT NULL,
        record TEXT NOT NULL,
        kept BLOB NOT NULL,
        seen_ns INTEGER NOT NULL,
        gone_ns INTEGER NOT NULL,
        causes TEXT NOT NULL,
        UNIQUE (builder, node, record)
    );
    """,
)
