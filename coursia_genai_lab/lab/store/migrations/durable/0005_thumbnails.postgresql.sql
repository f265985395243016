CREATE TABLE genai_thumbnails (
    id TEXT PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    person TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    data BYTEA NOT NULL
);

CREATE INDEX genai_thumbnails_of_person ON genai_thumbnails (person, at);

CREATE INDEX genai_thumbnails_by_time ON genai_thumbnails (at, bytes);
