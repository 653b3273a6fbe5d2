-- Who a number was, by the slips taken from it.
CREATE INDEX messages_from ON messages (org, from_number, id);
