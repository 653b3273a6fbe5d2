-- Calls that are recorded whole (off unless the measures say so). The sound is encrypted in a file;
-- what stands here stays when that is destroyed. state: open, whole, cut, deleted.
CREATE TABLE recordings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  node TEXT NOT NULL,
  call_no INTEGER NOT NULL,
  kind TEXT NOT NULL,
  path TEXT NOT NULL UNIQUE,
  begun_ms INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  why TEXT NOT NULL,
  deleted_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX recordings_call ON recordings (org, call_no);
CREATE INDEX recordings_kept ON recordings (org, kind, begun_ms) WHERE deleted_ms = 0;

-- Who has opened one, when and why (A5.8): written before a byte is given.
CREATE TABLE recording_openings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  recording INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  by_account TEXT NOT NULL,
  address TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX recording_openings_of ON recording_openings (org, recording);
