-- How a message reaches whom it is for (A3.8, A5.7).

-- Where people and departments are reached, and in which order (words with spaces between; ''
-- every way for which there is an address).
ALTER TABLE people ADD COLUMN mail TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN wecom TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN dingtalk TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN feishu TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN webhook TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN deliver TEXT NOT NULL DEFAULT '';
ALTER TABLE departments ADD COLUMN mail TEXT NOT NULL DEFAULT '';
ALTER TABLE departments ADD COLUMN robot TEXT NOT NULL DEFAULT '';
ALTER TABLE departments ADD COLUMN webhook TEXT NOT NULL DEFAULT '';
ALTER TABLE departments ADD COLUMN deliver TEXT NOT NULL DEFAULT '';

-- Until when it has to be received; what happens next without that, and when. stage: 0 with whom
-- it is for, 1 came back to the desk, 2 went to the deputy too. 0 ms: never.
ALTER TABLE messages ADD COLUMN deadline_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN stage_due_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_stage ON messages (org, stage_due_ms)
  WHERE heard_at_ms = 0 AND stage_due_ms > 0;
CREATE INDEX messages_waiting ON messages (org, for_person, urgency) WHERE heard_at_ms = 0;
CREATE INDEX messages_unheard ON messages (org, stage, deadline_ms) WHERE heard_at_ms = 0;
CREATE INDEX messages_late ON messages (org, deadline_ms, heard_at_ms, kept_at_ms)
  WHERE deadline_ms > 0;

-- A row a message and way, written with the message. state: 0 waiting, 1 delivered, 2 failed for
-- good, 3 ended because it was received elsewhere.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  message INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  person INTEGER NOT NULL,
  department INTEGER NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_message ON outbox (message, seq);
CREATE INDEX outbox_due ON outbox (org, channel, due_ms) WHERE state = 0;

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  outbox INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_outbox ON attempts (outbox, id);

-- What became of it: by whom, when, by which way.
CREATE TABLE receipts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  message INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  channel TEXT NOT NULL,
  by_name TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE INDEX receipts_message ON receipts (message, id);
