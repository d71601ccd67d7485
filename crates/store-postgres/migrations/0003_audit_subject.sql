-- What an entry of the audit log has changed, where nodes remember such rows: they follow the log,
-- whose numbers ascend in the order of commits, and forget what is named here.
ALTER TABLE audit ADD COLUMN user_id uuid, ADD COLUMN key_id uuid;
