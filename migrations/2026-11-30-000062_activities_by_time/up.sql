-- The newest activities of all accounts. The feed of an account that follows many others reads them in this order.
CREATE INDEX activities_created_at_idx ON activities (created_at DESC, id DESC);
