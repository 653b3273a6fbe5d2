-- Organisation scope is in every table. Times are Unix milliseconds, 0 when it didn't happen.

CREATE TABLE organisations (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  directory_version INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The event log: a row a step.
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  call_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  org INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  clause TEXT NOT NULL,
  person INTEGER NOT NULL,
  department INTEGER NOT NULL,
  extension INTEGER NOT NULL,
  trunk INTEGER NOT NULL,
  value INTEGER NOT NULL,
  text TEXT NOT NULL,
  name TEXT NOT NULL,
  caller TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX steps_call ON steps (call_no, seq);

-- Derived from steps in the same transaction: once when a call begins, once when it ends.
CREATE TABLE calls (
  call_no INTEGER PRIMARY KEY,
  org INTEGER NOT NULL,
  node TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  answered_ms INTEGER NOT NULL,
  connected_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  wait_ms INTEGER NOT NULL,
  direction TEXT NOT NULL,
  outcome TEXT NOT NULL,
  clause TEXT NOT NULL,
  caller_number TEXT NOT NULL,
  caller_tail TEXT NOT NULL,
  caller_name TEXT NOT NULL,
  caller_extension INTEGER NOT NULL,
  caller_trunk INTEGER NOT NULL,
  dialled TEXT NOT NULL,
  chosen TEXT NOT NULL,
  target_person INTEGER NOT NULL,
  target_department INTEGER NOT NULL,
  target_extension INTEGER NOT NULL,
  target_trunk INTEGER NOT NULL,
  target_name TEXT NOT NULL,
  end_reason TEXT NOT NULL,
  end_side TEXT NOT NULL,
  step_count INTEGER NOT NULL,
  path TEXT NOT NULL
) STRICT;
CREATE INDEX calls_started ON calls (org, started_ms, call_no);
CREATE INDEX calls_tail ON calls (org, caller_tail);
CREATE INDEX calls_open ON calls (call_no) WHERE ended_ms = 0;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  call_no INTEGER NOT NULL,
  kept_at_ms INTEGER NOT NULL,
  for_person INTEGER NOT NULL,
  for_department INTEGER NOT NULL,
  copy_department INTEGER NOT NULL,
  urgency INTEGER NOT NULL,
  clause TEXT NOT NULL,
  from_number TEXT NOT NULL,
  from_name TEXT NOT NULL,
  organisation TEXT NOT NULL,
  matter TEXT NOT NULL,
  recording TEXT NOT NULL,
  recording_ms INTEGER NOT NULL,
  screening TEXT NOT NULL,
  heard_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_org ON messages (org, id);
CREATE INDEX messages_call ON messages (call_no);

-- The state of the day: the last word for each extension or person.
CREATE TABLE days (
  org INTEGER NOT NULL,
  what TEXT NOT NULL,
  extension INTEGER NOT NULL,
  person INTEGER NOT NULL,
  is_on INTEGER NOT NULL,
  number TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  set_by INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (org, what, extension, person)
) STRICT;

CREATE TABLE extensions (
  org INTEGER NOT NULL,
  id INTEGER NOT NULL,
  number TEXT NOT NULL,
  sip_user TEXT NOT NULL UNIQUE,
  person INTEGER NOT NULL,
  department INTEGER NOT NULL,
  service_class INTEGER NOT NULL,
  call_waiting INTEGER NOT NULL,
  pickup_group INTEGER NOT NULL,
  forward_always TEXT NOT NULL,
  forward_busy TEXT NOT NULL,
  forward_no_answer TEXT NOT NULL,
  algorithm INTEGER NOT NULL,
  ha1_md5 TEXT NOT NULL DEFAULT '',
  ha1_sha256 TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (org, id)
) STRICT;

CREATE TABLE people (
  org INTEGER NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  reading TEXT NOT NULL,
  title TEXT NOT NULL,
  department INTEGER NOT NULL,
  extension INTEGER NOT NULL,
  post INTEGER NOT NULL,
  secretary INTEGER NOT NULL,
  deputy INTEGER NOT NULL,
  disclosure INTEGER NOT NULL,
  PRIMARY KEY (org, id)
) STRICT;

CREATE TABLE departments (
  org INTEGER NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  reading TEXT NOT NULL,
  number TEXT NOT NULL,
  strategy INTEGER NOT NULL,
  members TEXT NOT NULL,
  hours INTEGER NOT NULL,
  announce INTEGER NOT NULL,
  disclosure INTEGER NOT NULL,
  PRIMARY KEY (org, id)
) STRICT;

-- Who changed what, when: before and after as JSON, without secrets.
CREATE TABLE history (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  what TEXT NOT NULL,
  item INTEGER NOT NULL,
  before_json TEXT NOT NULL,
  after_json TEXT NOT NULL
) STRICT;
CREATE INDEX history_org ON history (org, id);

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL,
  role TEXT NOT NULL,
  person INTEGER NOT NULL,
  enabled INTEGER NOT NULL
) STRICT;

-- Numbers that must never come twice.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  next_value INTEGER NOT NULL
) STRICT;
INSERT INTO counters (name, next_value) VALUES ('call_no', 1);

-- The last group of each node, so that a commit whose answer was lost isn't done twice.
CREATE TABLE writers (
  node TEXT PRIMARY KEY,
  token INTEGER NOT NULL,
  batch INTEGER NOT NULL
) STRICT;

-- Steps that a full queue dropped.
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  node TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  lost INTEGER NOT NULL
) STRICT;
