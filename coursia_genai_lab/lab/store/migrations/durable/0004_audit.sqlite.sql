CREATE TABLE genai_audit (
    id $ID,
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    person TEXT NOT NULL,
    deed TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (writer, seq)
);

CREATE TRIGGER genai_audit_stays BEFORE UPDATE ON genai_audit BEGIN SELECT RAISE(ABORT, 'deeds are never changed'); END;

CREATE TRIGGER genai_audit_lasts BEFORE DELETE ON genai_audit WHEN OLD.at > CAST(strftime('%s', 'now') AS INTEGER) - 63072000 BEGIN SELECT RAISE(ABORT, 'deeds are kept for two years'); END;
