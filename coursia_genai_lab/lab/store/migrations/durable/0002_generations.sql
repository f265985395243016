CREATE TABLE genai_generations (
    id TEXT PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    service TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    seconds DOUBLE PRECISION NOT NULL,
    pictures INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    prompt_hash TEXT NOT NULL,
    prompt TEXT,
    facts TEXT NOT NULL
);

CREATE INDEX genai_generations_of_person ON genai_generations (person, at);

CREATE INDEX genai_generations_by_time ON genai_generations (at);
