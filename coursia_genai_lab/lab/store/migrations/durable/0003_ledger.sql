CREATE TABLE genai_writers (
    id TEXT PRIMARY KEY,
    machine TEXT NOT NULL,
    pid BIGINT NOT NULL,
    began TEXT NOT NULL,
    beat BIGINT NOT NULL
);

CREATE TABLE genai_charges (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    local_hour TEXT NOT NULL,
    person TEXT NOT NULL,
    whose TEXT NOT NULL,
    in_groups TEXT NOT NULL,
    service TEXT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    fallback TEXT NOT NULL,
    writer TEXT NOT NULL,
    state TEXT NOT NULL,
    pictures BIGINT NOT NULL,
    gpu_ms BIGINT NOT NULL,
    microusd BIGINT NOT NULL
);

CREATE INDEX genai_charges_of_job ON genai_charges (job);

CREATE INDEX genai_charges_of_whose ON genai_charges (whose, local_hour);

CREATE INDEX genai_charges_of_hour ON genai_charges (local_hour);

CREATE INDEX genai_charges_by_person ON genai_charges (person, at);

CREATE INDEX genai_charges_by_at ON genai_charges (at);

CREATE INDEX genai_charges_open ON genai_charges (writer) WHERE state IN ('reserved', 'sent');

CREATE TABLE genai_counters (
    id TEXT PRIMARY KEY,
    span TEXT NOT NULL,
    period TEXT NOT NULL,
    pictures BIGINT NOT NULL,
    gpu_ms BIGINT NOT NULL,
    microusd BIGINT NOT NULL
);
