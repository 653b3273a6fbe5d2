-- The month's report (A3.7): whom it goes to by mail, and what became of it.
CREATE TABLE reports (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL,
  month INTEGER NOT NULL,
  person INTEGER NOT NULL,
  address TEXT NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  UNIQUE (org, month, person)
) STRICT;
