-- When the caller wishes to be called back, as they said it (A5.7).
ALTER TABLE messages ADD COLUMN call_back TEXT NOT NULL DEFAULT '';
