-- A person's PIN by phone and on the own page: hashed, wrong tries and the lock kept. wrong: tries in
-- a row; locks: how often it was locked since it was last right.
CREATE TABLE pins (
  org INTEGER NOT NULL,
  person INTEGER NOT NULL,
  hash TEXT NOT NULL,
  wrong INTEGER NOT NULL,
  locks INTEGER NOT NULL,
  locked_until_ms INTEGER NOT NULL,
  set_ms INTEGER NOT NULL,
  PRIMARY KEY (org, person)
) STRICT;
