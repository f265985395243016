CREATE TABLE genai_jobs (
    id $ID,
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    service TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    jobs INTEGER NOT NULL,
    UNIQUE (writer, seq)
);
