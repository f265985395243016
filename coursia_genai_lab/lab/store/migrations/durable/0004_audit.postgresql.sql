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

CREATE FUNCTION genai_audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'deeds are never changed, and kept for two years'; END $$;

CREATE TRIGGER genai_audit_stays BEFORE UPDATE ON genai_audit FOR EACH ROW EXECUTE FUNCTION genai_audit_refuses();

CREATE TRIGGER genai_audit_lasts BEFORE DELETE ON genai_audit FOR EACH ROW WHEN (OLD.at > EXTRACT(EPOCH FROM now()) - 63072000) EXECUTE FUNCTION genai_audit_refuses();

CREATE TRIGGER genai_audit_whole BEFORE TRUNCATE ON genai_audit FOR EACH STATEMENT EXECUTE FUNCTION genai_audit_refuses();
