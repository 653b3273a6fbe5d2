-- What became of long calls (A3.10): reminded, put off by an operator, at an exempt post. Hours that
-- have their log are derived anew at the start; those that are sealed know none of it.
ALTER TABLE figures ADD COLUMN long_reminded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE figures ADD COLUMN long_put_off INTEGER NOT NULL DEFAULT 0;
ALTER TABLE figures ADD COLUMN long_exempt INTEGER NOT NULL DEFAULT 0;
