-- A person's PIN by phone and on the own page: hashed, wrong tries and the lock kept. wrong: tries in
-- a row; locks: how often it was locked since it was last right.
CREATE TABLE pins (
  org BIGINT NOT NULL,
  person BIGINT NOT NULL,
  hash TEXT NOT NULL,
  wrong BIGINT NOT NULL,
  locks BIGINT NOT NULL,
  locked_until_ms BIGINT NOT NULL,
  set_ms BIGINT NOT NULL,
  PRIMARY KEY (org, person)
);
