-- Figures and the search of call records. All of it is derived from steps, in the same transaction
-- as the call's record, and can be made anew from them.

-- What a call counts in (bits of records/marks.def), the clauses of its steps (bits too), who
-- answered it at the desk and how long things took.
ALTER TABLE calls ADD COLUMN marks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN clauses BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN operator BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN line BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN ring BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN answer_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN given_up_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN desk_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN talk_ms BIGINT NOT NULL DEFAULT 0;

-- Every filter but those of text is answered from this index alone, however few calls fit it.
DROP INDEX calls_started;
CREATE INDEX calls_thin ON calls (org, started_ms, call_no, direction, outcome, marks, clauses,
  operator, line, target_person, target_department, caller_extension, target_extension, ended_ms);

-- Where the log of a time begins.
CREATE INDEX steps_first ON steps (org, at_ms, call_no) WHERE seq = 1;

-- Every name and number that a call's record shows, once: an id made from the text itself, so that
-- nobody has to be asked for it; the number's digits, last first.
CREATE TABLE terms (
  org BIGINT NOT NULL,
  id BIGINT NOT NULL,
  term TEXT NOT NULL,
  tail TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (org, id)
);
CREATE INDEX terms_tail ON terms (org, tail) WHERE tail <> '';

-- Each two characters of a term that follow one another, and its last one alone.
CREATE TABLE term_grams (
  org BIGINT NOT NULL,
  gram BIGINT NOT NULL,
  term BIGINT NOT NULL,
  PRIMARY KEY (org, gram, term)
);

CREATE TABLE call_terms (
  org BIGINT NOT NULL,
  term BIGINT NOT NULL,
  started_ms BIGINT NOT NULL,
  call_no BIGINT NOT NULL,
  PRIMARY KEY (org, term, started_ms, call_no)
);
DROP INDEX calls_tail;

-- A row an hour (Unix hours) of all calls that began in it and have ended: kind 0 all, 1 by operator,
-- 2 by department, 3 by line.
CREATE TABLE figures (
  org BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  hour BIGINT NOT NULL,
  item BIGINT NOT NULL,
  calls BIGINT NOT NULL,
  incoming BIGINT NOT NULL,
  outgoing BIGINT NOT NULL,
  offered BIGINT NOT NULL,
  within BIGINT NOT NULL,
  ring_1 BIGINT NOT NULL,
  ring_2 BIGINT NOT NULL,
  answer_ms BIGINT NOT NULL,
  attendant BIGINT NOT NULL,
  taken_back BIGINT NOT NULL,
  given_up BIGINT NOT NULL,
  given_up_ms BIGINT NOT NULL,
  otherwise BIGINT NOT NULL,
  automatic BIGINT NOT NULL,
  by_operator BIGINT NOT NULL,
  desk_ms BIGINT NOT NULL,
  connected BIGINT NOT NULL,
  talk_ms BIGINT NOT NULL,
  busy BIGINT NOT NULL,
  no_answer BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  unreachable BIGINT NOT NULL,
  returned BIGINT NOT NULL,
  messages BIGINT NOT NULL,
  complaints BIGINT NOT NULL,
  enquiries BIGINT NOT NULL,
  consulted BIGINT NOT NULL,
  long_calls BIGINT NOT NULL,
  PRIMARY KEY (org, kind, hour, item)
);

-- Steps before until_ms were compared with what is derived from them, and are gone.
CREATE TABLE sealed (
  org BIGINT PRIMARY KEY,
  until_ms BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  steps BIGINT NOT NULL
);

-- An older program's calls are made anew when the switchboard starts.
INSERT INTO counters (name, next_value) SELECT 'derived', 1 WHERE NOT EXISTS (SELECT 1 FROM calls);

-- What positions do belongs to no call.
DELETE FROM calls WHERE call_no = 0;
