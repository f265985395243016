"""The tables as SQLAlchemy Core knows them; the numbered migrations make them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

meta = Table(
    "genai_meta",
    metadata,
    Column("uuid", Text),
    Column("version", Integer),
    Column("made_at", Float),
)
timeline = Table(
    "genai_timeline",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("writer", Text),
    Column("seq", BigInteger),
    Column("at", Float),
    Column("service", Text),
    Column("event", Text),
    Column("cause", Text),
    Column("person", Text),
    Column("reason", Text),
    Column("code", Text),
    Column("seconds", Float),
)
consents = Table(
    "genai_consents",
    metadata,
    Column("person", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("given_at", Float),
)
pins = Table(
    "genai_pins",
    metadata,
    Column("place", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("person", Text),
    Column("since", Float),
    Column("ends_at", Float),
)
generations = Table(
    "genai_generations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Float),
    Column("person", Text),
    Column("kind", Text),
    Column("service", Text),
    Column("model", Text),
    Column("outcome", Text),
    Column("code", Text),
    Column("seconds", Float),
    Column("pictures", Integer),
    Column("sha256", Text),
    Column("prompt_hash", Text),
    Column("prompt", Text),
    Column("facts", Text),
)
thumbnails = Table(
    "genai_thumbnails",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Float),
    Column("person", Text),
    Column("bytes", BigInteger),
    Column("data", LargeBinary),
)
writers = Table(
    "genai_writers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("machine", Text),
    Column("pid", BigInteger),
    Column("began", Text),
    Column("beat", BigInteger),
)
charges = Table(
    "genai_charges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", Text),
    Column("at", Float),
    Column("local_hour", Text),
    Column("person", Text),
    Column("whose", Text),
    Column("in_groups", Text),
    Column("service", Text),
    Column("model", Text),
    Column("provider", Text),
    Column("kind", Text),
    Column("fallback", Text),
    Column("writer", Text),
    Column("state", Text),
    Column("pictures", BigInteger),
    Column("gpu_ms", BigInteger),
    Column("microusd", BigInteger),
)
counters = Table(
    "genai_counters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("span", Text),
    Column("period", Text),
    Column("pictures", BigInteger),
    Column("gpu_ms", BigInteger),
    Column("microusd", BigInteger),
)
audit = Table(
    "genai_audit",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("writer", Text),
    Column("seq", BigInteger),
    Column("at", Float),
    Column("person", Text),
    Column("deed", Text),
    Column("subject", Text),
    Column("detail", Text),
)
starts = Table(
    "genai_starts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("writer", Text),
    Column("seq", BigInteger),
    Column("at", Float),
    Column("boot", Text),
    Column("service", Text),
    Column("fingerprint", Text),
    Column("stage", Text),
    Column("seconds", Float),
    Column("bytes", BigInteger),
)
jobs = Table(
    "genai_jobs",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("writer", Text),
    Column("seq", BigInteger),
    Column("at", Float),
    Column("service", Text),
    Column("fingerprint", Text),
    Column("seconds", Float),
    Column("jobs", Integer),
)
