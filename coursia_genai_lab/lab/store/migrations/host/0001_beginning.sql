CREATE TABLE genai_meta (
    uuid TEXT NOT NULL,
    version INTEGER NOT NULL,
    made_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE genai_starts (
    id $ID,
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    boot TEXT NOT NULL,
    service TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    stage TEXT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    bytes BIGINT,
    UNIQUE (writer, seq)
);

CREATE INDEX genai_starts_of_service ON genai_starts (service, id);
