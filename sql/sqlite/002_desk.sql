-- What a desk keeps and looks up.

ALTER TABLE days ADD COLUMN word TEXT NOT NULL DEFAULT '';

-- Slips typed by an operator: what the caller wouldn't say, who took it, and the request's own name
-- so that a repeat isn't a second message.
ALTER TABLE messages ADD COLUMN declined TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN taken_by TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN request TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX messages_request ON messages (org, request) WHERE request <> '';

-- Half-written forms, one a call.
CREATE TABLE drafts (
  org INTEGER NOT NULL,
  call_no INTEGER NOT NULL,
  account INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  draft TEXT NOT NULL,
  PRIMARY KEY (org, call_no)
) STRICT;

-- Further readings of a name (kind 0 people, 1 departments): found by the search too.
CREATE TABLE readings (
  org INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  item INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  reading TEXT NOT NULL,
  PRIMARY KEY (org, kind, item, seq)
) STRICT;

-- How often an entry was put through, a row a day: derived from steps in the same transaction.
CREATE TABLE uses (
  org INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  item INTEGER NOT NULL,
  day INTEGER NOT NULL,
  times INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  PRIMARY KEY (org, kind, item, day)
) STRICT;

-- Stand-ins (A5.9): asked, decided by GAD's manager, never deleted.
CREATE TABLE standins (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  person INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  asked_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,
  decided_by TEXT NOT NULL,
  decided_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX standins_person ON standins (org, person, until_ms);

-- A leader's word of the day.
CREATE TABLE instructions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  person INTEGER NOT NULL,
  refuse INTEGER NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  given_by TEXT NOT NULL,
  noted_by TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  removed_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX instructions_until ON instructions (org, until_ms);

-- What enquirers were told (A4.1.5).
CREATE TABLE told (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  call_no INTEGER NOT NULL,
  person INTEGER NOT NULL,
  department INTEGER NOT NULL,
  told_by TEXT NOT NULL,
  to_number TEXT NOT NULL,
  to_name TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX told_org ON told (org, id);

CREATE INDEX history_item ON history (org, what, item, id);
