-- Figures and the search of call records. All of it is derived from steps, in the same transaction
-- as the call's record, and can be made anew from them.

-- What a call counts in (bits of records/marks.def), the clauses of its steps (bits too), who
-- answered it at the desk and how long things took.
ALTER TABLE calls ADD COLUMN marks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN clauses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN operator INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN ring INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN answer_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN given_up_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN desk_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN talk_ms INTEGER NOT NULL DEFAULT 0;

-- Every filter but those of text is answered from this index alone, however few calls fit it.
DROP INDEX calls_started;
CREATE INDEX calls_thin ON calls (org, started_ms, call_no, direction, outcome, marks, clauses,
  operator, line, target_person, target_department, caller_extension, target_extension, ended_ms);

-- Where the log of a time begins.
CREATE INDEX steps_first ON steps (org, at_ms, call_no) WHERE seq = 1;

-- Every name and number that a call's record shows, once: an id made from the text itself, so that
-- nobody has to be asked for it; the number's digits, last first.
CREATE TABLE terms (
  org INTEGER NOT NULL,
  id INTEGER NOT NULL,
  term TEXT NOT NULL,
  tail TEXT NOT NULL,
  PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX terms_tail ON terms (org, tail) WHERE tail <> '';

-- Each two characters of a term that follow one another, and its last one alone.
CREATE TABLE term_grams (
  org INTEGER NOT NULL,
  gram INTEGER NOT NULL,
  term INTEGER NOT NULL,
  PRIMARY KEY (org, gram, term)
) STRICT, WITHOUT ROWID;

CREATE TABLE call_terms (
  org INTEGER NOT NULL,
  term INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  call_no INTEGER NOT NULL,
  PRIMARY KEY (org, term, started_ms, call_no)
) STRICT, WITHOUT ROWID;
DROP INDEX calls_tail;

-- A row an hour (Unix hours) of all calls that began in it and have ended: kind 0 all, 1 by operator,
-- 2 by department, 3 by line.
CREATE TABLE figures (
  org INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  item INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  incoming INTEGER NOT NULL,
  outgoing INTEGER NOT NULL,
  offered INTEGER NOT NULL,
  within INTEGER NOT NULL,
  ring_1 INTEGER NOT NULL,
  ring_2 INTEGER NOT NULL,
  answer_ms INTEGER NOT NULL,
  attendant INTEGER NOT NULL,
  taken_back INTEGER NOT NULL,
  given_up INTEGER NOT NULL,
  given_up_ms INTEGER NOT NULL,
  otherwise INTEGER NOT NULL,
  automatic INTEGER NOT NULL,
  by_operator INTEGER NOT NULL,
  desk_ms INTEGER NOT NULL,
  connected INTEGER NOT NULL,
  talk_ms INTEGER NOT NULL,
  busy INTEGER NOT NULL,
  no_answer INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  unreachable INTEGER NOT NULL,
  returned INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  complaints INTEGER NOT NULL,
  enquiries INTEGER NOT NULL,
  consulted INTEGER NOT NULL,
  long_calls INTEGER NOT NULL,
  PRIMARY KEY (org, kind, hour, item)
) STRICT, WITHOUT ROWID;

-- Steps before until_ms were compared with what is derived from them, and are gone.
CREATE TABLE sealed (
  org INTEGER PRIMARY KEY,
  until_ms INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  steps INTEGER NOT NULL
) STRICT;

-- An older program's calls are made anew when the switchboard starts.
INSERT INTO counters (name, next_value) SELECT 'derived', 1 WHERE NOT EXISTS (SELECT 1 FROM calls);

-- What positions do belongs to no call.
DELETE FROM calls WHERE call_no = 0;
