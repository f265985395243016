CREATE TABLE genai_meta (
    uuid TEXT NOT NULL,
    version INTEGER NOT NULL,
    made_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE genai_timeline (
    id $ID,
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    service TEXT NOT NULL,
    event TEXT NOT NULL,
    cause TEXT NOT NULL,
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    code TEXT,
    seconds DOUBLE PRECISION,
    UNIQUE (writer, seq)
);

CREATE INDEX genai_timeline_of_service ON genai_timeline (service, id);

CREATE INDEX genai_timeline_by_time ON genai_timeline (at);

CREATE TABLE genai_consents (
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest TEXT NOT NULL,
    given_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (person, kind, subject, digest)
);

CREATE TABLE genai_pins (
    place TEXT NOT NULL,
    service TEXT NOT NULL,
    person TEXT NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    ends_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (place, service)
);
