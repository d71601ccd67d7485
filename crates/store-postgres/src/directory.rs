//! Users, sessions, API keys and the audit log on PostgreSQL.

mod audit;

pub(crate) use audit::append as append_audit;
